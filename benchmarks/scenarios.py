"""Eight scenarios solved in one run against one, on the planning tables of the sample company.

    python -m benchmarks.scenarios --json scenarios.json [--accounts 1200 --reps 25] [--out FILE.md]

The scenarios are the default policy with other bands and prices. One is solved alone, on a single
thread, in a process of its own as all of them are; then all together, side by side as a run does
it, then the one again; without the clock, each alone in this process, to compare all their tables.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from benchmarks.books import planning_book
from benchmarks.run_log import machine, machine_line
from optimization import Policy, load_policy
from pipelines.settings.loader import PROJECT_ROOT, Scenario
from pipelines.stages import plan_workers
from pipelines.stages.plan_tables import PLAN_TABLES
from pipelines.stages.plan_task import PlanTask, solve_task

DEFAULT = PROJECT_ROOT / "config" / "policies" / "default.yaml"
MOST_TIMES = 5.0
SEED = 7


def scenarios() -> list[Scenario]:
    """The default policy and seven variations of it."""
    policy = load_policy(DEFAULT)
    changes: dict[str, dict[str, Any]] = {
        "default": {},
        "tighter_bands": {"metrics": [_band("hours", 4), _band("potential", 4)]},
        "wider_bands": {"metrics": [_band("hours", 8), _band("potential", 8)]},
        "dear_moves": {"disruption": {"loss_rate": 0.176, "handover_usd": 100}},
        "cheap_moves": {"disruption": {"loss_rate": 0.1}},
        "dear_travel": {"travel": {"cost_per_hour_usd": 80}},
        "dear_overtime": {"overtime": {"price_usd_per_hour": 130}},
        "more_to_win": {"response": {"max_whitespace_share": 0.15}},
    }
    return [
        Scenario(name, _changed(policy, change), DEFAULT.with_name(f"{name}.yaml"))
        for name, change in changes.items()
    ]


def _band(metric: str, tolerance_pct: float) -> dict[str, Any]:
    return {"metric": metric, "tolerance_pct": tolerance_pct}


def _changed(policy: Policy, change: dict[str, Any]) -> Policy:
    content = policy.model_dump()
    for key, value in change.items():
        content[key] = content[key] | value if isinstance(value, dict) else value
    return Policy.model_validate(content)


def measure(accounts: int, reps: int) -> dict[str, Any]:
    """Seconds of one scenario and of all, and whether the plans are the same."""
    book = planning_book(accounts, reps, SEED)
    with TemporaryDirectory() as name:
        folder = Path(name)
        inputs = folder / "planning"
        inputs.mkdir()
        for table in ("accounts", "reps", "overrides"):
            getattr(book, table).write_parquet(inputs / f"{table}.parquet")

        def tasks(out: str) -> list[PlanTask]:
            return [
                PlanTask(one, f"plan_{one.name}", book.as_of, inputs, folder / out / one.name)
                for one in scenarios()
            ]

        first = tasks("one")[:1]
        one_seconds = [_side_by_side(first, 1)]
        workers = plan_workers.worker_count(len(scenarios()), accounts * reps)
        all_seconds = _side_by_side(tasks("all"), workers)
        one_seconds.append(_side_by_side(first, 1))
        alone = tasks("alone")
        for task in alone:
            solve_task(replace(task, threads=2))
        same = [
            pl.read_parquet(folder / "all" / task.scenario.name / f"{table}.parquet").equals(
                pl.read_parquet(task.out / f"{table}.parquet")
            )
            for task in alone
            for table in PLAN_TABLES
        ]
        gaps = {
            task.scenario.name: pl.read_parquet(task.out / "plan_summary.parquet")[
                "optimality_gap_pct"
            ][0]
            for task in alone
        }
    return {
        "accounts": accounts,
        "reps": reps,
        "workers": workers,
        "one_seconds": round(mean(one_seconds), 2),
        "all_seconds": round(all_seconds, 2),
        "times": round(all_seconds / mean(one_seconds), 2),
        "are_same": all(same),
        "gap_pct": gaps,
    }


def _side_by_side(tasks: list[PlanTask], workers: int) -> float:
    """Seconds to solve the tasks in processes with one solver thread each, imports included."""
    begun = time.perf_counter()
    plan_workers.solve_side_by_side(tasks, workers)
    return time.perf_counter() - begun


def page(result: dict[str, Any]) -> str:
    """The result as a page of benchmarks/results."""
    gaps = ", ".join(f"{name} {gap:.3f} %" for name, gap in result["gap_pct"].items())
    same = "the same as" if result["are_same"] else "NOT the same as"
    lines = [
        "# Scenarios",
        "",
        "`python -m benchmarks.scenarios --json FILE`",
        "",
        f"Machine: {machine_line(machine())}",
        "",
        f"Eight policies on the planning tables of the sample company of {result['accounts']:,} "
        f"accounts and {result['reps']} reps, {_processes(result['workers'])} with one solver "
        "thread each, imports included; one alone before and after all, on average.",
        "",
        "| | seconds |",
        "| --- | ---: |",
        f"| one scenario (default), a single thread | {result['one_seconds']} |",
        f"| eight scenarios in one run | {result['all_seconds']} |",
        "",
        f"{result['times']} times as long (less than {MOST_TIMES:g} is asked for). Every table of "
        f"every plan is {same} solved alone with two threads. Gaps: {gaps}.",
    ]
    return "\n".join(lines) + "\n"


def _processes(count: int) -> str:
    return "in one process" if count == 1 else f"in {count} processes"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_200)
    parser.add_argument("--reps", type=int, default=25)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    result = measure(arguments.accounts, arguments.reps)
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    if arguments.out:
        arguments.out.write_text(page(result), encoding="utf-8")
    if not result["are_same"]:
        raise SystemExit("plans made together are not those made alone")


if __name__ == "__main__":
    main()
