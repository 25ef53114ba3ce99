"""`territory optimize` from files to a verified plan, and the ways in which it ends."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from planning_tables import POLICY, write_book  # type: ignore[import-not-found]

import optimization
from optimization import Violation
from pipelines.cli import territory
from pipelines.errors import GateError, InfeasibleError, InputError, TerritoryError

# Everything stays: R1 has most of the book and R3 only what is assigned by hand.
FROZEN = "locks: [{name: nothing moves}]\n"
TABLES = {
    *(
        "plan_assignment",
        "plan_summary",
        "plan_target",
        "plan_metric",
        "plan_level",
        "plan_binding",
    ),
    "plan_finding",
}


def optimize(*arguments: object) -> None:
    territory.main(["optimize", *map(str, arguments)], standalone_mode=False)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    write_book(tmp_path)
    return tmp_path


def plan(book: Path, *arguments: object) -> Path:
    """Plan the book into its folder `plan`."""
    files = (book / name for name in ("accounts.csv", "reps.csv", "overrides.csv", "policy.yaml"))
    out = book / "plan"
    optimize(*files, "--as-of", "2026-06-30", "--out", out, *arguments)
    return out


def test_the_plan_is_written_as_parquet_and_csv(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = plan(book)
    names = {path.name for path in out.iterdir()}
    assert names == {f"{table}.{kind}" for table in TABLES for kind in ("parquet", "csv")}
    owners = dict(
        pl.read_parquet(out / "plan_assignment.parquet").select("account_id", "rep_id").iter_rows()
    )
    assert len(owners) == 9
    assert owners["A1"] == "R3", "assigned by hand"
    assert owners["A2"] == "R1", "locked by hand"
    said = capsys.readouterr().out
    assert "9 accounts, 3 reps" in said
    assert "costs" in said
    assert "Balance: hours within ±20 % of target for every rep." in said
    assert "Verified. 14 files written" in said


def test_the_csv_says_the_same_as_the_parquet(book: Path) -> None:
    (book / "accounts.csv").write_text(
        (book / "accounts.csv").read_text().replace("A8,Account 8", "=A8,Account 8")
    )
    out = plan(book)
    parquet = pl.read_parquet(out / "plan_assignment.parquet")
    text = pl.read_csv(out / "plan_assignment.csv", infer_schema=False)
    assert "=A8" in parquet["account_id"].to_list()
    assert "'=A8" in text["account_id"].to_list(), "no cell starts a formula"
    assert text["rep_id"].to_list() == parquet["rep_id"].to_list()


def test_options_and_positions_give_the_same_plan(book: Path) -> None:
    by_position = plan(book) / "plan_assignment.parquet"
    out = book / "other"
    optimize(
        *("--accounts", book / "accounts.csv", "--reps", book / "reps.csv"),
        *("--overrides", book / "overrides.csv", "--policy", book / "policy.yaml"),
        *("--as-of", "2026-06-30", "--out", out),
    )
    assert (out / "plan_assignment.parquet").read_bytes() == by_position.read_bytes()


def test_a_second_plan_replaces_the_first(book: Path) -> None:
    plan(book)
    (book / "overrides.csv").write_text("account_id,action,rep_id\nA1,assign,R2\n")
    out = plan(book)
    frame = pl.read_parquet(out / "plan_assignment.parquet").filter(pl.col("account_id") == "A1")
    assert frame["rep_id"].to_list() == ["R2"]
    assert len(list(out.iterdir())) == 14, "nothing else is left"


def test_a_contradiction_in_the_input_names_the_account(book: Path) -> None:
    (book / "overrides.csv").write_text("account_id,action,rep_id\nA1,assign,R9\nA1,assign,R2\n")
    with pytest.raises(InputError, match="A1") as error:
        plan(book)
    assert error.value.exit_code == 2
    assert not (book / "plan").exists()


def test_an_unknown_setting_of_the_policy_is_refused(book: Path) -> None:
    (book / "policy.yaml").write_text("metrics: []\nsped: 3\n")
    with pytest.raises(TerritoryError, match="unknown setting sped") as error:
        plan(book)
    assert error.value.exit_code == 2


def test_no_feasible_plan_ends_with_its_own_code(book: Path) -> None:
    (book / "policy.yaml").write_text("on_infeasible: stop\n" + POLICY + FROZEN)
    with pytest.raises(InfeasibleError, match="No plan satisfies the policy") as error:
        plan(book)
    assert error.value.exit_code == 4
    assert not (book / "plan").exists()


def test_a_plan_that_fails_verification_is_not_written(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> list[Violation]:
        return [Violation("lock", "A2", "R1", "R2", "lock: A2: owner: expected R1, found R2")]

    monkeypatch.setattr(optimization, "verify_plan", refuse, raising=False)
    with pytest.raises(GateError, match="lock: A2: owner: expected R1, found R2") as error:
        plan(book)
    assert error.value.exit_code == 3
    assert not (book / "plan").exists()


def test_a_relaxed_band_is_told_in_words(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (book / "policy.yaml").write_text(POLICY + FROZEN)
    plan(book)
    said = capsys.readouterr().out
    assert "Balance: hours within ±20 % of target, widened for 2 reps by up to " in said
    assert "Warning: " in said
