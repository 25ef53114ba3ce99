"""The frontier of one policy on drifted books: seven plans, how good each is known to be, and when.

python -m benchmarks.frontier --json frontier.json [--sizes 2000x40 20000x100] [--out FILE.md]
"""

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

from benchmarks.drifted_books import drifted_book
from benchmarks.run_log import machine, machine_line
from optimization import load_policy
from optimization.frontier.trace import WANTED_POINTS
from pipelines.stages.frontier import frontier_of
from pipelines.stages.planner import PlanningTables, violations_of

POLICY = Path(__file__).parent / "scale_policy.yaml"
TARGET_SECONDS = {"2000x40": 60.0, "20000x100": 360.0}
SEED = 7


def measure(size: str) -> dict[str, Any]:
    """Trace the frontier of a book of that size as the command does, then verify each plan."""
    accounts, reps = (int(part) for part in size.split("x"))
    book = drifted_book(accounts, reps, SEED)
    tables = PlanningTables(book.accounts, book.reps, book.overrides, None, book.as_of)
    begun, used = time.perf_counter(), _cpu_seconds()
    frontier = frontier_of(tables, load_policy(POLICY), POLICY, WANTED_POINTS)
    seconds = time.perf_counter() - begun
    violations = [
        violations_of(tables, point.policy, point.plan.tables()) for point in frontier.points
    ]
    return {
        "size": size,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(_cpu_seconds() - used, 1),
        "target_seconds": TARGET_SECONDS.get(size),
        "violations": sum(map(len, violations)),
        "shortfall": frontier.shortfall,
        "left_out": [f"{one.name}: {reason}" for one, reason in frontier.dropped],
        "points": frontier.table().to_dicts(),
    }


def _cpu_seconds() -> float:
    """User and system time of this process and of those it has waited for."""
    return sum(
        getattr(resource.getrusage(who), field)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        for field in ("ru_utime", "ru_stime")
    )


def page(results: list[dict[str, Any]], note: str = "") -> str:
    """The results as a page of benchmarks/results; note: on the machine of this run."""
    lines = [
        "# Frontier",
        "",
        "`python -m benchmarks.frontier --json FILE`",
        "",
        f"Machine: {machine_line(machine())}" + (f" {note}" if note else ""),
        "",
        "One policy (`benchmarks/scale_policy.yaml`) on a drifted book "
        f"(`benchmarks/drifted_books.py`, seed {SEED}): its own plan, its bands times a factor, "
        "and fewer moves. No plan is beaten by another in use of bands, what lies beyond the "
        "policy's bands (summed over reps and metrics), moves and cost. Prices compare plans "
        "within the same limits: where the policy's give way, bands are as wide as its own plan "
        "needs them, and for fewer moves as the plans of that curve need them together.",
    ]
    for result in results:
        lines += [
            "",
            f"## {result['size'].replace('x', ' × ')}",
            "",
            f"{len(result['points'])} plans in {result['seconds']} s "
            f"({result['cpu_seconds']} s of CPU{_asked(result['target_seconds'])}), "
            f"{result['violations']} violations."
            + (f" {result['shortfall']}." if result["shortfall"] else ""),
            "",
            "| plan | bands used % | beyond bands % | largest deviation % | moves | cost USD | "
            "gap % | limits that gave way | price of fairness USD | price of stability USD |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        ]
        lines += [
            f"| {p['point_name']} | {p['band_use_pct']:.1f} | {p['band_excess_pct']:.1f} | "
            f"{p['max_deviation_pct']:.2f} | "
            f"{p['moved_accounts']:,} | {p['objective_usd']:,.0f} | "
            f"{p['optimality_gap_pct']:.3f} | {p['relaxed_limits']} | "
            f"{_usd(p['price_of_fairness_usd'])} | {_usd(p['price_of_stability_usd'])} |"
            for p in result["points"]
        ]
    return "\n".join(lines) + "\n"


def _asked(seconds: float | None) -> str:
    return "" if seconds is None else f"; at most {seconds:g} s are asked for"


def _usd(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=list(TARGET_SECONDS))
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--note", default="", help="What else ran on the machine.")
    arguments = parser.parse_args()
    results = []
    for size in arguments.sizes:
        results.append(measure(size))
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
        if arguments.out:
            arguments.out.write_text(page(results, arguments.note), encoding="utf-8")


if __name__ == "__main__":
    main()
