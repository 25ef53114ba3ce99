"""The engine beside its rivals: same data, same rules, same seconds, one judge, one page.

    python -m benchmarks.rivals --accounts 2000 --reps 40 --seed 7 --seconds 60 --json rivals.json
    python -m benchmarks.rivals --json rivals.json --out benchmarks/results/rivals.md --report

Each plan is made in a process of its own on a book of `benchmarks.drifted_books` under
`scale_policy.yaml`, and judged by `benchmarks.yardstick`, which shares no code with the engine.
Every solver, the engine too, is given `--seconds`, counted from when it has read its model; ten
times that stops any method. Plans in the JSON file are not made again, failed ones apart.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.books import AS_OF, Book
from benchmarks.case import METRICS, Ints, build_case, scale_policy
from benchmarks.drifted_books import drifted_book
from benchmarks.rival_plans import METHODS, Method
from benchmarks.run_log import Run, RunLog, machine, machine_line, publish, table
from benchmarks.scale import TABLES, peak_mb, rep_indices, write_book
from benchmarks.yardstick import Verdict, judge

KEYS = ("accounts", "reps", "seed", "seconds_given", "method")
ENGINE = "engine"
FAILED, STOPPED, NOTHING = "failed", "none in time, stopped", "none in time"
# Solvers get their seconds after they have read the model; everybody must end some time.
PATIENCE = 10
# Differences below these count as none: value in shares, excess in points of target.
SAME_SHARE, SAME_POINTS = 1e-6, 1e-4


def compare(
    log: RunLog, accounts: int, reps: int, seed: int, seconds: float, *, is_again: bool = False
) -> None:
    """Make, judge and record every plan of one size that is not recorded yet."""
    size = {"accounts": accounts, "reps": reps, "seed": seed, "seconds_given": seconds}
    names = [*(method.module for method in METHODS), ENGINE]
    recorded = {name: log.find({**size, "method": name}) for name in names}
    missing = [
        name
        for name, known in recorded.items()
        if is_again or known is None or known["note"].startswith(FAILED)
    ]
    if not missing:
        return
    book = drifted_book(accounts, reps, seed)
    case = build_case(book, scale_policy())
    with tempfile.TemporaryDirectory() as folder:
        write_book(book, Path(folder))
        for name in missing:
            print(f"{accounts:,} × {reps:,}: {name}", flush=True)
            made = in_fresh_process(Path(folder), name, seed, seconds)
            plan = made.pop("plan")
            verdict = None if plan is None else _as_json(judge(case, plan))
            place = {"machine": machine("ortools", "k-means-constrained")}
            log.record({**size, "method": name, **place, **made, "verdict": verdict})


def in_fresh_process(folder: Path, name: str, seed: int, seconds: float) -> dict[str, Any]:
    """seconds, peak_mb, note and plan (None: nothing found in time) of one method."""
    result = folder / f"{name}.npz"
    command = [sys.executable, "-m", "benchmarks.rivals", "--make", name]
    command += ["--folder", str(folder), "--seed", str(seed), "--seconds", str(seconds)]
    started = time.perf_counter()
    try:
        subprocess.run(command, check=True, timeout=PATIENCE * seconds, capture_output=True)
    except subprocess.TimeoutExpired:
        waited = time.perf_counter() - started
        return {"seconds": waited, "peak_mb": None, "note": STOPPED, "plan": None}
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        waited = time.perf_counter() - started
        note = f"{FAILED}: {' '.join(reason)}"
        return {"seconds": waited, "peak_mb": None, "note": note, "plan": None}
    with np.load(result) as found:
        plan = found["plan"]
        return {
            "seconds": float(found["seconds"]),
            "peak_mb": float(found["peak_mb"]),
            "note": "" if plan.size else NOTHING,
            "plan": plan if plan.size else None,
        }


def make(folder: Path, name: str, seed: int, seconds: float) -> None:
    """Make one plan from the tables in `folder` and leave it there."""
    tables = {one: pl.read_parquet(folder / f"{one}.parquet") for one in TABLES}
    book = Book(tables["accounts"], tables["reps"], tables["overrides"], AS_OF)
    started = time.perf_counter()
    plan: Ints | None
    if name == ENGINE:
        plan = engine_plan(book, seed, seconds)
    else:
        case = build_case(book, scale_policy())
        plan = method_named(name).plan(case, seconds, seed)
    np.savez(
        folder / f"{name}.npz",
        plan=np.zeros(0, dtype=np.int64) if plan is None else plan,
        seconds=time.perf_counter() - started,
        peak_mb=peak_mb(),
    )


def engine_plan(book: Book, seed: int, seconds: float) -> Ints:
    """The engine's plan within the same seconds."""
    from optimization.planner import plan_territories

    policy = scale_policy()
    solver = policy.solver.model_copy(update={"time_limit_seconds": seconds})
    policy = policy.model_copy(update={"seed": seed, "solver": solver})
    plan = plan_territories(book.accounts, book.reps, book.overrides, policy, as_of=book.as_of)
    reps = book.reps["rep_id"].sort().to_list()
    return rep_indices(plan.assignment.sort("account_id")["rep_id"], reps)


def method_named(name: str) -> Method:
    """The rival whose module has this name."""
    return next(method for method in METHODS if method.module == name)


def _as_json(verdict: Verdict) -> dict[str, Any]:
    return {
        **asdict(verdict),
        "worst_excess_pct": verdict.worst_excess_pct,
        "keeps_bands": verdict.keeps_bands,
        "keeps_rules": verdict.keeps_rules,
        "keeps_budget": verdict.keeps_budget,
        "faults": verdict.faults,
    }


def dominates(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether a verdict is as good in value, worst excess, moves and travel, and better in one.

    A plan that leaves accounts unowned or breaks rules is no plan that could be chosen instead, and
    dominates none.
    """
    if not (one["keeps_rules"] and one["keeps_budget"]):
        return False
    scale = SAME_SHARE * abs(other["value_usd"])
    travel = SAME_SHARE * other["travel_hours"]
    better = (
        (one["value_usd"] - other["value_usd"], scale),
        (other["worst_excess_pct"] - one["worst_excess_pct"], SAME_POINTS),
        (float(other["moved_accounts"] - one["moved_accounts"]), 0.0),
        (other["travel_hours"] - one["travel_hours"], travel),
    )
    return all(gain >= -same for gain, same in better) and any(gain > same for gain, same in better)


def claims(runs: list[Run]) -> list[str]:
    """What the plans of one size say about the engine, as sentences that may be unfavourable."""
    found = {run["method"]: run["verdict"] for run in runs if run["verdict"] is not None}
    engine = found.pop(ENGINE, None)
    if engine is None:
        return ["The engine made no plan."]
    sentences = [
        _value_claim(engine, found),
        _excess_claim(engine, found),
        _dominance_claim(engine, found),
    ]
    if engine["faults"]:
        sentences.append(f"The engine's own plan does not keep: {'; '.join(engine['faults'])}.")
    return sentences


def _value_claim(engine: dict[str, Any], rivals: dict[str, dict[str, Any]]) -> str:
    same = SAME_SHARE * abs(engine["value_usd"])
    meeting = {name: plan for name, plan in rivals.items() if plan["keeps_bands"]}
    above = [n for n, plan in meeting.items() if plan["value_usd"] > engine["value_usd"] + same]
    if not engine["keeps_bands"]:
        others = f"; {_titles(meeting)} does" if meeting else ", and no rival does either"
        return f"The engine's plan does not meet every band{others}."
    if above:
        return f"Among plans that meet every band, {_titles(above)} has a higher value."
    if not meeting:
        return "Only the engine's plan meets every band."
    return (
        f"Of the plans that meet every band (also {_titles(meeting)}), the engine's is worth most."
    )


def _excess_claim(engine: dict[str, Any], rivals: dict[str, dict[str, Any]]) -> str:
    own = engine["worst_excess_pct"]
    smaller = [
        name for name, plan in rivals.items() if plan["worst_excess_pct"] < own - SAME_POINTS
    ]
    lawful = [n for n in smaller if rivals[n]["keeps_rules"] and rivals[n]["keeps_budget"]]
    if not smaller:
        return f"No rival's worst territory is nearer its bands (the engine: {own:.2f} points)."
    if lawful:
        return f"{_titles(lawful)} has a smaller worst excess within rules and budget."
    return (
        f"A smaller worst excess than the engine's {own:.2f} points has only {_titles(smaller)}, "
        "which breaks rules or the move budget."
    )


def _dominance_claim(engine: dict[str, Any], rivals: dict[str, dict[str, Any]]) -> str:
    by = [name for name, plan in rivals.items() if dominates(plan, engine)]
    dominated = [name for name, plan in rivals.items() if dominates(engine, plan)]
    first = f"{_titles(by)} dominates the engine's plan" if by else "No rival dominates the engine"
    second = f"; the engine dominates {_titles(dominated)}." if dominated else "."
    return f"{first} in value, worst excess, moves and travel{second}"


def _titles(names: Any) -> str:
    return ", ".join(_title(name) for name in names)


def _title(name: str) -> str:
    return "engine" if name == ENGINE else method_named(name).title


def report(runs: list[Run]) -> str:
    """All recorded comparisons as a Markdown page."""
    lines = ["# Rivals", "", "`python -m benchmarks.rivals --accounts N --reps R --json FILE`", ""]
    for text in dict.fromkeys(machine_line(one["machine"]) for one in runs):
        lines += [f"Machine: {text}", ""]
    lines += [
        "Value is the plan's expected value less overtime and handovers, USD a year; it differs "
        "from the cost that the planner minimises by a constant. Excess: points of target by which "
        "the worst territory misses its band (hours and potential ±5 %, sales and accounts ±15 %). "
        "Rules: an owner for everybody, families, locks, forbidden pairs, 10 % of sales moved at "
        "most.",
        "",
        *(f"- **{method.title}**: {method.description}." for method in METHODS),
        "",
        "The integer programs get all pairs up to 400,000, beyond that the 25 cheapest reps of "
        "each unit and its owners, and bands that may be missed at 100,000 USD a point.",
    ]
    sizes = dict.fromkeys(tuple(one[key] for key in KEYS[:-1]) for one in runs)
    order = {name: at for at, name in enumerate([*(m.module for m in METHODS), ENGINE])}
    for size in sizes:
        mine = [one for one in runs if tuple(one[key] for key in KEYS[:-1]) == size]
        mine.sort(key=lambda one: order[one["method"]])
        accounts, reps, seed, seconds = size
        lines += ["", f"## {accounts:,} accounts × {reps:,} reps, seed {seed}, {seconds:g} s", ""]
        lines += [_plan_table(mine), "", *(f"- {claim}" for claim in claims(mine))]
    return "\n".join(lines) + "\n"


def _plan_table(runs: list[Run]) -> str:
    head = ["plan", "value USD", "cost USD", *(f"excess {m.replace('_', ' ')}" for m in METRICS)]
    head += ["moved accounts", "sales moved %", "travel h", "seconds", "peak MB", "does not keep"]
    rows = []
    for one in runs:
        verdict = one["verdict"]
        time_and_memory = [
            f"{one['seconds']:.1f}",
            "" if one["peak_mb"] is None else f"{one['peak_mb']:,.0f}",
        ]
        if verdict is None:
            blanks = [""] * (len(METRICS) + 4)
            rows.append([_title(one["method"]), "none", *blanks, *time_and_memory, one["note"]])
            continue
        rows.append(
            [
                _title(one["method"]),
                f"{verdict['value_usd']:,.0f}",
                f"{verdict['cost_usd']:,.0f}",
                *(f"{band['excess_pct']:.2f}" for band in verdict["balance"]),
                f"{verdict['moved_accounts']:,}",
                f"{verdict['moved_sales_pct']:.2f}",
                f"{verdict['travel_hours']:,.0f}",
                *time_and_memory,
                "; ".join(verdict["faults"]),
            ]
        )
    return table(head, rows)


def main() -> None:
    """Make and judge the plans that are not recorded; print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--reps", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=60.0, help="each solver's seconds")
    parser.add_argument("--json", type=Path, help="recorded plans; grows, and resumes")
    parser.add_argument("--out", type=Path, help="write the page here, too")
    parser.add_argument("--again", action="store_true", help="repeat recorded plans")
    parser.add_argument("--report", action="store_true", help="only the page of recorded plans")
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        make(arguments.folder, arguments.make, arguments.seed, arguments.seconds)
        return
    log = RunLog(arguments.json, KEYS)
    size = (arguments.accounts, arguments.reps, arguments.seed, arguments.seconds)
    if not arguments.report:
        compare(log, *size, is_again=arguments.again)
    publish(parser, log, report, arguments.out)


if __name__ == "__main__":
    main()
