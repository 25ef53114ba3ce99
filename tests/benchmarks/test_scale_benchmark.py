"""Runs are recorded once, phases add up, and growth is the slope it says it is."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchmarks import scale
from benchmarks.case import METRICS
from benchmarks.run_log import RunLog, table


def _run(accounts: int, reps: int, seconds: float, **changes: Any) -> dict[str, Any]:
    return {
        "accounts": accounts,
        "reps": reps,
        "seed": 7,
        "machine": {"cores": 2, "processor": "x", "memory_gb": 8, "system": "s", "python": "3"},
        "tables_seconds": 0.5,
        "seconds": seconds,
        "phases": {"problem": seconds / 4, "search": 3 * seconds / 4},
        "peak_mb": 512.0,
        "objective_usd": 1_000.0,
        "bound_usd": 999.0,
        "optimality_gap_pct": 0.1,
        "solver_status": "within_gap",
        "is_proved_optimal": False,
        "relaxation_pct": 0.0,
        "verifier_violations": [],
        "verifier_seconds": 1.0,
        "pairs": accounts * reps,
        "pairs_evaluated": 9 * accounts * reps,
        "moved_accounts": 12,
        "moved_sales_pct": 9.99,
        "budget_pct": 10.0,
        "budget": [{"shadow_price_usd": 0.25}],
        "bands": [
            {"metric": m, "tolerance_pct": 5.0, "max_deviation_pct": 4.0, "floor_pct": 1.0}
            for m in METRICS
        ],
        **changes,
    }


def test_growth_is_the_exponent_of_accounts_times_reps() -> None:
    runs = [_run(n, r, 3e-6 * (n * r) ** 0.8) for n, r in scale.SIZES]
    assert scale.growth(runs) == pytest.approx(0.8)
    assert scale.growth(runs[:1]) is None
    assert scale.growth([runs[0], runs[0]]) is None


def test_page_holds_certificate_bands_phases_and_growth() -> None:
    broken = ["one_owner: account A has two owners"]
    page = scale.report([_run(2_000, 40, 2.0), _run(4_000, 40, 4.0, verifier_violations=broken)])
    assert "| 2,000 × 40, seed 7 | 2.0 | 512 | 1,000 | 999 | 0.1000 | within_gap |" in page
    assert "| sound |" in page
    assert "| 1 broken |" in page
    assert "4.00 (1.00)" in page
    assert "9.99 of 10 | 0.2500 USD |" in page
    assert "| search | 1.5 | 3.0 |" in page
    assert "to the power 1.00" in page


def test_runs_are_found_again_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    log = RunLog(path, scale.KEYS)
    log.record(_run(4_000, 40, 4.0))
    log.record(_run(2_000, 40, 2.0))
    log.record(_run(4_000, 40, 3.0))
    again = RunLog(path, scale.KEYS)
    assert [(run["accounts"], run["seconds"]) for run in again.runs] == [(2_000, 2.0), (4_000, 3.0)]
    assert again.find({"accounts": 4_000, "reps": 40, "seed": 7}) is not None
    assert again.find({"accounts": 4_000, "reps": 40, "seed": 8}) is None
    assert [file.name for file in tmp_path.iterdir()] == ["runs.json"]


def test_phases_last_until_the_next_report(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 3.0, 6.0, 10.0])
    monkeypatch.setattr(scale.time, "perf_counter", lambda: next(clock))
    laps = scale.Laps()
    laps.tell("bound, plan 9,000, gap 0.2 %", 1, 3)
    laps.tell("search", 2, 3)
    laps.tell("bound", 2, 3)
    laps.stop()
    assert laps.seconds == {"read tables": 1.0, "bound": 2.0 + 4.0, "search": 3.0}


@pytest.mark.slow
def test_a_run_from_tables_to_page(tmp_path: Path) -> None:
    found = scale.run(60, 4, 7)
    assert found["verifier_violations"] == []
    assert found["faults"] == []
    assert found["yardstick_cost_usd"] == pytest.approx(found["objective_usd"], rel=1e-6)
    assert found["bound_usd"] <= found["objective_usd"] * (1 + 1e-9)
    assert found["moved_sales_pct"] <= found["budget_pct"] + 1e-3
    assert [one["metric"] for one in found["bands"]] == list(METRICS)
    assert 0 < found["pairs"] <= 60 * 4
    assert found["pairs_evaluated"] > 0
    assert found["start_mb"] <= found["peak_mb"]
    assert found["seconds"] == pytest.approx(sum(found["phases"].values()))
    log = RunLog(tmp_path / "runs.json", scale.KEYS)
    log.record(found)
    assert "| 60 × 4, seed 7 |" in scale.report(RunLog(tmp_path / "runs.json", scale.KEYS).runs)


def test_nobody_and_strangers_have_no_index() -> None:
    found = scale.rep_indices(pl.Series(["b", None, "a", "z"]), ["a", "b"])
    assert found.tolist() == [1, -1, 0, -1]


def test_tables_align_numbers_right() -> None:
    assert table(["a", "b"], [["x", "1"]]).splitlines() == [
        "| a | b |",
        "| --- | ---: |",
        "| x | 1 |",
    ]
