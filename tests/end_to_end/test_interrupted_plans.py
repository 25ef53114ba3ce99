"""Ctrl-C while a plan is sought: the best plan so far comes out, verified and marked."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

# Bands that no plan keeps, and no gap that would do: uninterrupted, the search goes on for minutes.
POLICY = """
metrics:
  - {metric: hours, tolerance_pct: 0.2}
  - {metric: potential, tolerance_pct: 0.2}
  - {metric: sales, tolerance_pct: 0.2}
solver: {rel_gap_pct: 0, node_limit: 10000000, time_limit_seconds: 3600}
"""


@pytest.fixture
def hard_book(tmp_path: Path) -> Path:
    """400 accounts of very different sizes for 20 reps."""
    draw = np.random.default_rng(5)
    count = 400
    potential = np.exp(draw.normal(9, 1.2, count)).round()
    pl.DataFrame(
        {
            "account_id": [f"A{n:03}" for n in range(count)],
            "service_hours": np.exp(draw.normal(3, 0.8, count)).round(2),
            "visits_per_year": draw.integers(1, 12, count),
            "potential_usd": potential,
            "actual_sales_usd": (potential * draw.random(count)).round(),
            "latitude": draw.uniform(35, 45, count).round(4),
            "longitude": draw.uniform(-100, -75, count).round(4),
            "owner_rep_id": [f"R{n:02}" for n in draw.integers(0, 20, count)],
        }
    ).write_csv(tmp_path / "accounts.csv")
    pl.DataFrame(
        {
            "rep_id": [f"R{n:02}" for n in range(20)],
            "capacity_hours": draw.integers(300, 700, 20),
            "latitude": draw.uniform(35, 45, 20).round(4),
            "longitude": draw.uniform(-100, -75, 20).round(4),
        }
    ).write_csv(tmp_path / "reps.csv")
    (tmp_path / "policy.yaml").write_text(POLICY)
    return tmp_path


def test_the_first_interrupt_gives_the_best_plan_so_far(hard_book: Path) -> None:
    out = hard_book / "plan"
    files = [str(hard_book / name) for name in ("accounts.csv", "reps.csv", "policy.yaml")]
    with subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", "optimize", *files, "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    ) as process:
        assert process.stderr is not None
        told = []
        for line in process.stderr:
            told.append(line)
            if "(plan " in line and process.poll() is None:
                process.send_signal(signal.SIGINT)
                break
        told += process.stderr.readlines()
        assert process.stdout is not None
        said = process.stdout.read()
        process.wait(timeout=120)
    assert process.returncode == 0, "".join(told)
    assert any("Stopping with the best plan so far" in line for line in told)
    assert "you stopped the search" in said
    assert "Verified." in said
    (summary,) = pl.read_parquet(out / "plan_summary.parquet").to_dicts()
    assert summary["solver_status"] == "interrupted"
    assert summary["is_repeatable"] is False
    assert 0 <= summary["bound_usd"] <= summary["objective_usd"]
    assert pl.read_parquet(out / "plan_assignment.parquet").height == 400
