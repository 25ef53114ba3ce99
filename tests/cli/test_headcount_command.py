"""`territory headcount` on files: what is printed and written, and the ways in which it ends."""

import json
from pathlib import Path

import click
import polars as pl
import pytest
from planning_tables import write_book  # type: ignore[import-not-found]

from pipelines.cli import territory
from pipelines.errors import InputError


def headcount(*arguments: object) -> None:
    territory.main(["headcount", *map(str, arguments)], standalone_mode=False)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, ...]:
    accounts, reps, _, policy = write_book(tmp_path)
    return accounts, reps, policy


def test_options_are_shown_and_written(
    files: tuple[Path, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leaver = pl.read_csv(files[1])["rep_id"][0]
    report = tmp_path / "h.json"
    headcount(
        *(*files, "--seats", "0..+1", "--leaver", leaver, "--candidates", 1),
        *("--seat-cost", 1000, "--json", report, "--out", tmp_path / "out"),
    )
    rows = json.loads(report.read_text())
    kinds = [row["option_kind"] for row in rows]
    assert kinds == ["today", "more", "backfill", "vacant", "redistribution"]
    assert pl.read_parquet(tmp_path / "out" / "headcount.parquet").to_dicts() == rows
    said = capsys.readouterr().out
    assert "New seat 1 is worth USD" in said
    assert "If a rep leaves" in said
    assert rows[1]["value_change_after_seat_cost_usd"] == pytest.approx(
        rows[1]["value_change_usd"] - 1000, abs=0.01
    )
    # An empty seat is never the better choice: its work would count as saved.
    assert [row["is_best"] for row in rows if row["option_kind"] == "vacant"] == [False]


@pytest.mark.parametrize("seats", ["two", "-2...4", "-30..0"])
def test_a_range_that_is_none_is_refused(files: tuple[Path, ...], seats: str) -> None:
    with pytest.raises(click.BadParameter, match=r"-2\.\.\+4|beyond 20 seats"):
        headcount(*files, f"--seats={seats}")


def test_an_unknown_leaver_is_named(files: tuple[Path, ...]) -> None:
    with pytest.raises(InputError, match="rep nobody, who is no active rep"):
        headcount(*files, "--leaver", "nobody")
