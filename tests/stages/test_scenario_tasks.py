"""Scenarios solved side by side have the plans they have one by one; none is lost silently."""

import pickle
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from optimization.policy import Policy
from pipelines.errors import InfeasibleError, InputError
from pipelines.settings.loader import Scenario
from pipelines.stages import plan_workers
from pipelines.stages.plan_tables import PLAN_TABLES
from pipelines.stages.plan_task import PlanTask, solve_task
from pipelines.stages.plan_workers import solve_tasks, worker_count
from tests.optimization.synthetic import make_book

AS_OF = date(2026, 6, 30)
WORK = {"rounds": 1, "node_limit": 20}
POLICIES = {
    "tight": Policy.model_validate({"solver": WORK}),
    "wide": Policy.model_validate(
        {
            "metrics": [{"metric": "hours", "tolerance_pct": 25}],
            "disruption": {"handover_usd": 400},
            "solver": WORK,
        }
    ),
}
IMPOSSIBLE = Policy.model_validate(
    {"metrics": [{"metric": "hours", "tolerance_pct": 0.01}], "on_infeasible": "stop"}
)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planning")
    book = make_book(60, 4)
    for name in ("accounts", "reps", "overrides"):
        getattr(book, name).write_parquet(folder / f"{name}.parquet")
    return folder


def tasks_of(inputs: Path, out: Path, **policies: Policy) -> list[PlanTask]:
    return [
        PlanTask(
            scenario=Scenario(name, policy, out / f"{name}.yaml"),
            plan_id=f"plan_{name}",
            as_of=AS_OF,
            inputs=inputs,
            out=out / name,
        )
        for name, policy in policies.items()
    ]


def test_plans_made_together_are_those_made_alone(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_workers, "FEWEST_PAIRS", 0)
    monkeypatch.setattr(plan_workers, "_cores", lambda: 2)
    together = tasks_of(inputs, tmp_path / "together", **POLICIES)
    solve_tasks(together, pairs=240)
    alone = tasks_of(inputs, tmp_path / "alone", **POLICIES)
    for task in alone:
        solve_task(replace(task, threads=2))
    owners = []
    for one, other in zip(together, alone, strict=True):
        for table in PLAN_TABLES:
            frame = pl.read_parquet(one.out / f"{table}.parquet")
            assert frame.equals(pl.read_parquet(other.out / f"{table}.parquet")), table
        owners.append(pl.read_parquet(one.out / "plan_assignment.parquet")["rep_id"].to_list())
    assert owners[0] != owners[1]


def test_a_scenario_without_a_plan_stops_all_and_is_named(inputs: Path, tmp_path: Path) -> None:
    tasks = tasks_of(inputs, tmp_path, impossible=IMPOSSIBLE, **POLICIES)
    with pytest.raises(InfeasibleError, match=r"impossible\.yaml: "):
        solve_tasks(tasks, pairs=240)
    assert not (tmp_path / "impossible").exists()
    assert list(tmp_path.iterdir()) == []


def test_an_error_comes_out_of_a_process_as_it_went_in() -> None:
    for error in (InfeasibleError("a.yaml: no plan"), InputError("x", column_name="c")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.exit_code) == (
            type(error),
            str(error),
            error.exit_code,
        )


def test_processes_fit_cores_memory_and_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_workers, "_cores", lambda: 4)
    monkeypatch.setattr(plan_workers, "_available_bytes", lambda: 8_000_000_000)
    assert worker_count(1, 10_000_000) == 1
    assert worker_count(8, 1_000) == 1
    assert worker_count(8, 30_000) == 4
    assert worker_count(3, 30_000) == 3
    # 2.5 GB each: three fit.
    assert worker_count(8, 100_000_000) == 3
    assert worker_count(8, 10_000_000_000) == 1
