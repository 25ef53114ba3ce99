"""Where the time of the default run goes: whole runs on the sample company, step by step.

    python -m benchmarks.default_run --runs 5 --out benchmarks/results/default_run.md

Each run is a process of its own with an empty data folder, as `make run` after set-up. Quoted are
medians; the machine of the recorded result is named in it.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb


def one_run(folder: Path) -> tuple[float, dict[str, float], dict[str, object]]:
    """Wall seconds of the process, seconds by step, and the plan's certificate."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "run", "--data-dir", str(folder / "data")],
        check=True,
        capture_output=True,
        env=os.environ | {"DAGSTER_HOME": str(folder / "dagster")},
    )
    wall = time.perf_counter() - started
    release = folder / "data" / "published" / "territory.duckdb"
    with duckdb.connect(str(release), read_only=True) as connection:
        (timings,) = connection.execute("SELECT step_timings_json FROM meta_run").fetchone() or (
            "",
        )
        plan = (
            connection.execute(
                "SELECT objective_usd, bound_usd, optimality_gap_pct, moved_accounts "
                "FROM kpi_plan WHERE plan_version = 'proposed'"
            ).fetchone()
            or ()
        )
    names = ("objective_usd", "bound_usd", "optimality_gap_pct", "moved_accounts")
    return wall, json.loads(timings), dict(zip(names, plan, strict=True))


def report(runs: int) -> str:
    """The result as Markdown."""
    walls: list[float] = []
    steps: dict[str, list[float]] = {}
    certificate: dict[str, object] = {}
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            wall, timings, certificate = one_run(Path(folder))
        walls.append(wall)
        for step, seconds in timings.items():
            steps.setdefault(step, []).append(seconds)
    rest = [
        wall - sum(values[index] for values in steps.values()) for index, wall in enumerate(walls)
    ]
    steps["start, imports, publication"] = rest
    lines = [
        "# Default run",
        "",
        f"`python -m benchmarks.default_run --runs {runs}`: 1,200 accounts × 25 reps, set-up done, "
        f"empty data folder. {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}.",
        "",
        "| step | minimum s | median s | maximum s |",
        "|---|---|---|---|",
        *(
            f"| {name} | {min(values):.1f} | {statistics.median(values):.1f} | {max(values):.1f} |"
            for name, values in (*steps.items(), ("**whole process**", walls))
        ),
        "",
        "The plan: "
        + ", ".join(f"{name} {value}" for name, value in certificate.items())
        + " (equal in every run).",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run and write or print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    text = report(arguments.runs)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
