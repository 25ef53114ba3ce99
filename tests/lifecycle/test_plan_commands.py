"""The commands of a plan's life, on plans recorded by hand."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from small_plans import keep  # type: ignore[import-not-found]

from pipelines.cli import territory
from pipelines.errors import GateError
from pipelines.lifecycle import PlanStore


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    store = PlanStore(tmp_path / "data")
    keep(store, "plan_a1", is_draft=True)
    keep(store, "plan_b2", {"A1": "R2", "A2": "R2"})
    return store.folder.parent


def call(data_dir: Path, *arguments: str) -> Result:
    return CliRunner().invoke(territory, [*arguments, "--data-dir", str(data_dir)])


def test_a_plan_goes_through_its_life(data_dir: Path) -> None:
    who = ("--by", "Ana", "--why", "Q3 review")
    assert call(data_dir, "plan", "propose", "a1", *who).output == "plan_a1 is proposed\n"
    for plan, day in (("a1", "2030-01-01"), ("b2", "2030-04-01")):
        call(data_dir, "plan", "approve", plan, *who)
        done = call(data_dir, "plan", "make-effective", plan, *who, "--effective-date", day)
        assert done.exit_code == 0, done.output
    assert done.output == (
        "plan_b2 is made effective, 2030-04-01 – …\nplan_a1 now ends 2030-03-31\n"
    )
    listed = call(data_dir, "plans").output
    assert "plan_a1  default   2026-06-30  effective  2030-01-01 – 2030-03-31" in listed
    assert call(data_dir, "plans", "--on", "2030-02-01").output == "2030-02-01  plan_a1\n"
    shown = call(data_dir, "plan", "show", "plan_a1").output
    assert "approve → approved, by Ana: Q3 review" in shown


def test_a_draft_is_not_approved_and_a_reason_is_needed(data_dir: Path) -> None:
    refused = call(data_dir, "plan", "approve", "a1", "--why", "x")
    assert isinstance(refused.exception, GateError)
    assert refused.exception.exit_code == 3
    assert "propose it first" in str(refused.exception)
    assert "Missing option '--why'" in call(data_dir, "plan", "propose", "a1").output
    assert "must not be empty" in call(data_dir, "plan", "propose", "a1", "--why", " ").output
