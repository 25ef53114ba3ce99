"""Plans from 2,000 × 40 to 1,000,000 × 1,000: time, memory, certificate, bands, budget.

    python -m benchmarks.scale --accounts 20000 --reps 100 --seed 7 --json scale.json
    python -m benchmarks.scale --json scale.json                  # the four sizes of the target
    python -m benchmarks.scale --json scale.json --out benchmarks/results/scale.md --report

A run is `optimization.plan_territories` on a book of `benchmarks.drifted_books` under
`scale_policy.yaml`, in a process of its own that reads the tables from Parquet: its peak memory is
that of planning, extraction of all result tables included. Afterwards, timed apart, the independent
verifier and `benchmarks.yardstick` check the plan. Runs already in the JSON file are not repeated.
The compiled kernels are in their cache on disk, as after `make setup`: a small plan is made first.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.books import AS_OF, Book
from benchmarks.case import Ints, build_case, scale_policy
from benchmarks.drifted_books import drifted_book
from benchmarks.run_log import Run, RunLog, machine, machine_line, publish, table
from benchmarks.yardstick import judge

SIZES = ((2_000, 40), (20_000, 100), (200_000, 500), (1_000_000, 1_000))
KEYS = ("accounts", "reps", "seed")
TABLES = ("accounts", "reps", "overrides")


def run(accounts: int, reps: int, seed: int) -> Run:
    """Make the tables, plan them in a fresh process, judge the plan."""
    started = time.perf_counter()
    book = drifted_book(accounts, reps, seed)
    tables_seconds = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_book(book, folder)
        measured = in_fresh_process(folder, seed)
        rep_ids = pl.read_parquet(folder / "assignment.parquet")["rep_id"]
    case = build_case(book, scale_policy())
    verdict = judge(case, rep_indices(rep_ids, case.reps.ids))
    floors = {row["metric"]: row["floor_pct"] for row in measured.pop("metrics")}
    return {
        "accounts": accounts,
        "reps": reps,
        "seed": seed,
        "machine": machine(),
        "tables_seconds": tables_seconds,
        **measured,
        "yardstick_cost_usd": verdict.cost_usd,
        "moved_accounts": verdict.moved_accounts,
        "moved_sales_pct": verdict.moved_sales_pct,
        "budget_pct": verdict.budget_pct,
        "faults": verdict.faults,
        "bands": [
            {
                "metric": one.metric,
                "tolerance_pct": one.tolerance_pct,
                "max_deviation_pct": one.max_deviation_pct,
                "excess_pct": one.excess_pct,
                "floor_pct": floors[one.metric],
            }
            for one in verdict.balance
        ],
    }


def write_book(book: Book, folder: Path) -> None:
    """The tables as Parquet files in `folder`."""
    for name in TABLES:
        getattr(book, name).write_parquet(folder / f"{name}.parquet")


def in_fresh_process(folder: Path, seed: int) -> dict[str, Any]:
    """What `measure` finds, in a process of its own."""
    result = folder / "measured.json"
    command = [sys.executable, "-m", "benchmarks.scale", "--seed", str(seed)]
    subprocess.run([*command, "--measure", str(folder)], check=True)
    found: dict[str, Any] = json.loads(result.read_text())
    return found


def measure(folder: Path, seed: int) -> None:
    """Plan the tables in `folder`; leaves measured.json and assignment.parquet there."""
    from optimization.audit.verify import verify_plan
    from optimization.planner import plan_territories

    policy = scale_policy().model_copy(update={"seed": seed})
    before_mb = peak_mb()
    laps = Laps()
    tables = {name: pl.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    inputs = (tables["accounts"], tables["reps"], tables["overrides"], policy)
    with counted_pairs() as passes:
        plan = plan_territories(*inputs, as_of=AS_OF, progress=laps.tell)
    laps.stop()
    planning_mb = peak_mb()
    started = time.perf_counter()
    violations = verify_plan(*inputs, plan.tables(), as_of=AS_OF)
    summary = plan.summary.row(0, named=True)
    budget = plan.bindings.filter(pl.col("constraint_kind") == "move_budget")
    record = {
        "seconds": sum(laps.seconds.values()),
        "phases": laps.seconds,
        "peak_mb": planning_mb,
        "start_mb": before_mb,
        "verifier_seconds": time.perf_counter() - started,
        "verifier_violations": [f"{one.rule}: {one.message}" for one in violations[:5]],
        "pairs": pair_count(inputs),
        "pairs_evaluated": passes.pairs,
        "relaxation_pct": float(plan.targets["relaxation_pct"].sum()),
        "budget": budget.to_dicts(),
        "metrics": plan.metrics.to_dicts(),
        **{
            name: summary[name]
            for name in (
                *("objective_usd", "bound_usd", "optimality_gap_pct", "solver_status"),
                *("is_proved_optimal", "is_repeatable"),
            )
        },
    }
    plan.assignment.sort("account_id").select("rep_id").write_parquet(folder / "assignment.parquet")
    (folder / "measured.json").write_text(json.dumps(record))


class Laps:
    """Seconds by phase, from the planner's progress reports: a phase lasts until the next.

    A report names what is being done first; bound and cost follow behind a comma, and change.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._phase = "read tables"
        self._since = time.perf_counter()

    def tell(self, phase: str, *rest: object) -> None:  # noqa: ARG002
        """A progress report: the phase begins, or goes on."""
        now = time.perf_counter()
        self.seconds[self._phase] = self.seconds.get(self._phase, 0.0) + now - self._since
        self._phase, self._since = phase.partition(",")[0], now

    def stop(self) -> None:
        """The last phase ends."""
        self.tell("end")


class Passes:
    """Account-rep pairs that rankings over all reps evaluated, unit by unit."""

    def __init__(self) -> None:
        self.pairs = 0


@contextmanager
def counted_pairs() -> Iterator[Passes]:
    """Count the pairs of units and reps that `TerritoryPairs.cheapest` goes through."""
    from optimization.pairs.territory import TerritoryPairs

    passes, original = Passes(), TerritoryPairs.cheapest

    def counting(self: TerritoryPairs, prices: Any, depth: int, units: Ints | None = None) -> Any:
        passes.pairs += (self.unit_count if units is None else units.size) * self.rep_count
        return original(self, prices, depth, units)

    TerritoryPairs.cheapest = counting  # type: ignore[method-assign]
    try:
        yield passes
    finally:
        TerritoryPairs.cheapest = original  # type: ignore[method-assign]


def pair_count(inputs: tuple[Any, ...]) -> int:
    """Allowed pairs of unit and rep."""
    from optimization.book.planning import build_planning

    return build_planning(*inputs, as_of=AS_OF).problem.pairs.pair_count()


def rep_indices(rep_ids: pl.Series, reps: list[str]) -> Ints:
    """Index of each account's rep; -1 for nobody."""
    place = {rep_id: j for j, rep_id in enumerate(reps)}
    codes = rep_ids.replace_strict(place, default=-1, return_dtype=pl.Int64).fill_null(-1)
    return codes.to_numpy()


def peak_mb() -> float:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def growth(runs: list[Run]) -> float | None:
    """Exponent p of seconds ~ (accounts × reps)^p by least squares; None below two sizes."""
    sizes = np.log([one["accounts"] * one["reps"] for one in runs])
    if np.unique(sizes).size < 2:
        return None
    slope, _ = np.polyfit(sizes, np.log([one["seconds"] for one in runs]), 1)
    return float(slope)


def report(runs: list[Run]) -> str:
    """All recorded runs as a Markdown page."""
    lines = ["# Scale", "", "`python -m benchmarks.scale --json FILE`", ""]
    for text in dict.fromkeys(machine_line(one["machine"]) for one in runs):
        lines += [f"Machine: {text}", ""]
    lines += [
        "Sample-like data whose owners are last year's plan, drifted "
        "(`benchmarks/drifted_books.py`), policy `benchmarks/scale_policy.yaml`: hours "
        "and potential ±5 %, sales and account count ±15 %, families, locks, 10 % of sales may "
        "move.",
        "",
        _certificate_table(runs),
        "",
        "Gap: (cost − bound) ÷ cost, over all eligible pairs. Relaxation: sum over territories and "
        "metrics of what hard bands had to give, in points of target; 0: every band is met.",
        "",
        "## Bands and budget",
        "",
        "Largest deviation of any territory in % of its target, giants apart, the floor of the "
        "metric behind it; and the share of sales moved with the price of its limit.",
        "",
        _band_table(runs),
        "",
        "## Where the time goes",
        "",
        _phase_table(runs),
    ]
    exponent = growth(runs)
    if exponent is not None:
        lines += [
            "",
            f"Seconds grow with (accounts × reps) to the power {exponent:.2f} over these runs "
            "(least squares of logarithms; 1 is linear).",
        ]
    return "\n".join(lines) + "\n"


def _name(one: Run) -> str:
    return f"{one['accounts']:,} × {one['reps']:,}, seed {one['seed']}"


def _certificate_table(runs: list[Run]) -> str:
    head = ["accounts × reps", "seconds", "peak MB", "cost USD", "bound USD", "gap %", "status"]
    head += ["relaxation, points", "verifier", "verifier s", "pairs", "pairs evaluated"]
    rows = []
    for one in runs:
        broken = len(one["verifier_violations"])
        rows.append(
            [
                _name(one),
                f"{one['seconds']:.1f}",
                f"{one['peak_mb']:,.0f}",
                f"{one['objective_usd']:,.0f}",
                f"{one['bound_usd']:,.0f}",
                f"{one['optimality_gap_pct']:.4f}",
                "proved" if one["is_proved_optimal"] else one["solver_status"],
                f"{one['relaxation_pct']:.2f}",
                f"{broken} broken" if broken else "sound",
                f"{one['verifier_seconds']:.1f}",
                f"{one['pairs']:.2g}",
                f"{one['pairs_evaluated']:.2g}",
            ]
        )
    return table(head, rows)


def _band_table(runs: list[Run]) -> str:
    metrics = [f"{band['metric']} (±{band['tolerance_pct']:g})" for band in runs[0]["bands"]]
    head = ["accounts × reps", *metrics, "moved accounts", "sales moved %", "price of a USD more"]
    rows = []
    for one in runs:
        price = one["budget"][0]["shadow_price_usd"] if one["budget"] else None
        rows.append(
            [
                _name(one),
                *(
                    f"{band['max_deviation_pct']:.2f} ({_percent(band['floor_pct'])})"
                    for band in one["bands"]
                ),
                f"{one['moved_accounts']:,}",
                f"{one['moved_sales_pct']:.2f} of {one['budget_pct']:g}",
                "–" if price is None else f"{price:.4f} USD",
            ]
        )
    return table(head, rows)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _phase_table(runs: list[Run]) -> str:
    phases = list(dict.fromkeys(phase for one in runs for phase in one["phases"]))
    head = ["seconds", *(_name(one) for one in runs)]
    rows = [["tables of the book (apart)", *(f"{one['tables_seconds']:.1f}" for one in runs)]]
    for phase in phases:
        rows.append([phase, *(f"{one['phases'].get(phase, 0.0):.1f}" for one in runs)])
    return table(head, rows)


def warm_up() -> None:
    """Fill the kernel cache on disk by a plan of a few accounts."""
    with tempfile.TemporaryDirectory() as name:
        write_book(drifted_book(120, 4, 1), Path(name))
        in_fresh_process(Path(name), 1)


def main() -> None:
    """Measure what is asked for and not yet recorded; print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--accounts", type=int, help="with --reps: one size; without: all four")
    parser.add_argument("--reps", type=int)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, help="recorded runs; grows, and resumes")
    parser.add_argument("--out", type=Path, help="write the page here, too")
    parser.add_argument("--again", action="store_true", help="repeat recorded runs")
    parser.add_argument("--report", action="store_true", help="only the page of recorded runs")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.seed)
        return
    if (arguments.accounts is None) != (arguments.reps is None):
        parser.error("--accounts and --reps belong together")
    log = RunLog(arguments.json, KEYS)
    sizes = ((arguments.accounts, arguments.reps),) if arguments.accounts else SIZES
    wanted = [
        size
        for size in ([] if arguments.report else sizes)
        if arguments.again
        or log.find({"accounts": size[0], "reps": size[1], "seed": arguments.seed}) is None
    ]
    if wanted:
        warm_up()
    for accounts, reps in wanted:
        print(f"Planning {accounts:,} × {reps:,}, seed {arguments.seed}", flush=True)
        log.record(run(accounts, reps, arguments.seed))
    publish(parser, log, report, arguments.out)


if __name__ == "__main__":
    main()
