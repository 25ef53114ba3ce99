"""`territory route` and `territory rebalance` on files, and the ways in which they end."""

from pathlib import Path

import polars as pl
import pytest
from planning_tables import write_book  # type: ignore[import-not-found]

from pipelines.cli import territory
from pipelines.errors import GateError, InputError

OWNERS = "account_id,rep_id\n" + "".join(f"A{n},R{n % 3 + 1}\n" for n in range(2, 9))


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Nine accounts, of which a plan knows seven."""
    write_book(tmp_path)
    accounts = pl.read_csv(tmp_path / "accounts.csv", infer_schema=False)
    new = pl.col("account_id").is_in(["A0", "A1"])
    accounts.with_columns(
        owner_rep_id=pl.when(~new).then("owner_rep_id").otherwise(pl.lit(""))
    ).write_csv(tmp_path / "accounts.csv")
    (tmp_path / "plan.csv").write_text(OWNERS)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], command: str, book: Path, *arguments: object) -> str:
    files = [book / name for name in ("accounts.csv", "reps.csv", "policy.yaml")]
    territory.main([command, *map(str, (*files, *arguments))], standalone_mode=False)
    return capsys.readouterr().out


def test_route_names_rep_and_reason(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "route", book, "--plan", book / "plan.csv")
    assert "A0 → " in text
    assert "A1 → " in text
    said(capsys, "route", book, "--plan", book / "plan.csv", "--out", book / "routes.csv")
    rows = pl.read_csv(book / "routes.csv")
    assert rows["account_id"].to_list() == ["A0", "A1"]
    assert rows["reason"].null_count() == 0


def test_route_of_one_account(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "route", book, "--plan", book / "plan.csv", "--account", "A1")
    assert "A0" not in text
    with pytest.raises(InputError, match="A77 is not in the data"):
        said(capsys, "route", book, "--plan", book / "plan.csv", "--account", "A77")


def test_rebalance_writes_moves_and_the_plan(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = book / "out"
    text = said(capsys, "rebalance", book, "--plan", book / "plan.csv", "--out", out)
    assert "would leave an active owner (proved to be the fewest)" in text
    assert "Price: USD" in text
    names = {path.name for path in out.glob("*.parquet")}
    assert {"kpi_drift.parquet", "kpi_rebalance.parquet", "plan_assignment.parquet"} <= names


def test_what_is_missing_is_named(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="--plan"):
        said(capsys, "route", book)
    with pytest.raises(InputError, match="--out"):
        said(capsys, "rebalance", book, "--plan", book / "plan.csv")
    (book / "plan.csv").write_text("account,rep_id\nA1,R1\n")
    with pytest.raises(InputError, match="column 'account_id' is missing"):
        said(capsys, "route", book, "--plan", book / "plan.csv")


def test_without_a_run_there_are_no_data(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="no data has been read yet"):
        territory.main(["route", "--data-dir", str(tmp_path)], standalone_mode=False)
