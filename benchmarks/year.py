"""A year of a plan: rebalanced month by month, and beside it a full re-solve blind to incumbents.

    python -m benchmarks.year --seed 7 --months 12 --json year.json --out benchmarks/results/year.md

Both arms begin with the same plan of the sample company, made without regard to any owner, and see
the same twelve months of change (`benchmarks.year_events`). At the end of each month

    rebalanced   `rebalance_territories` of the plan in force: bands first, fewest moves second
    re-solved    `plan_territories` of the same book under the same policy, owners left out; what
                 the plan before held locked stays where that plan had it

A *voluntary* move takes an account from a rep who is still there. Each plan goes through the
verifier. The rebalanced plans are kept as records, approved and made effective on the first of the
next month; afterwards the history of assignments is asked who owned what on each of those days.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.books import Book
from benchmarks.run_log import Run, RunLog, machine, machine_line, publish, table
from benchmarks.year_events import Month, months
from optimization import Plan, Policy, plan_territories, rebalance_territories, verify_plan
from pipelines.lifecycle import PlanRecord, PlanStore
from pipelines.lifecycle.history import owners_on
from pipelines.lifecycle.record import ASSIGNMENT_NAME
from pipelines.publish.manifest import file_sha256

KEYS = ("accounts", "reps", "seed", "months", "rounds")
SHARE = 0.2  # of the re-solved arm's moves that rebalancing may make
Owners = Mapping[str, str | None]


@dataclass(frozen=True)
class Standing:
    """One arm after a month."""

    owner: Owners
    row: dict[str, Any]


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--accounts", type=int, default=1_200)
    parser.add_argument("--reps", type=int, default=25)
    parser.add_argument(
        "--rounds", type=int, default=0, help="solver.rounds of the policy, for both arms"
    )
    parser.add_argument("--json", type=Path, help="runs are kept here and not made again")
    parser.add_argument("--out", type=Path, help="page to write")
    given = parser.parse_args(argv)
    wanted = {key: getattr(given, key) for key in KEYS}
    log = RunLog(given.json, KEYS)
    if log.find(wanted) is None:
        log.record(year(**wanted) | {"machine": machine()})
    publish(parser, log, page, given.out)


def year(*, accounts: int, reps: int, seed: int, months: int, rounds: int) -> Run:
    """Simulate, plan, verify and look back; the run as the page shows it."""
    policy = Policy.model_validate({"solver": {"rounds": rounds}})
    with tempfile.TemporaryDirectory() as folder:
        store = PlanStore(Path(folder), clock=_noon_of(date(2026, 6, 30)))
        rows = list(_months(policy, store, accounts, reps, seed, months))
        wrong = _wrong_in_history(store, rows)
    return {
        "accounts": accounts,
        "reps": reps,
        "seed": seed,
        "months": months,
        "rounds": rounds,
        "rows": [{name: row[name] for name in row if name != "owner"} for row in rows],
        "days_asked": len(rows),
        "wrong_in_history": wrong,
    }


def _months(
    policy: Policy, store: PlanStore, accounts: int, reps: int, seed: int, count: int
) -> Iterator[dict[str, Any]]:
    stream: Iterator[Month] = months(accounts, reps, seed, count)
    first = next(stream)
    start = time.process_time()
    book = _blind(first.book, {})
    plan = plan_territories(book.accounts, book.reps, book.overrides, policy, as_of=book.as_of)
    kept = blind = owners_of(plan)
    broken = len(verify_plan(*_tables(book), policy, plan.tables(), as_of=book.as_of))
    cpu = time.process_time() - start
    yield {
        "month": 0,
        "day": _record(store, first, kept),
        "rebalanced": _figures(plan) | {"violations": broken, "moves": 0, "cpu_seconds": cpu},
        "owner": dict(kept),
    }
    for month in stream:
        better = _rebalanced(month, kept, policy)
        fresh = _re_solved(month, blind, policy)
        kept, blind = better.owner, fresh.owner
        yield {
            "month": month.number,
            "day": _record(store, month, kept),
            "accounts": month.book.accounts.height,
            "reps": month.book.reps.height,
            "joined": len(month.joined),
            "closed": len(month.closed),
            "leavers": len(month.leavers),
            "hires": len(month.hires),
            "rebalanced": better.row,
            "re_solved": fresh.row,
            "owner": dict(kept),
        }


def _rebalanced(month: Month, owner: Owners, policy: Policy) -> Standing:
    book, start = month.book, time.process_time()
    chosen = pl.DataFrame(
        {"account_id": list(owner), "rep_id": list(owner.values())},
        schema={"account_id": pl.String, "rep_id": pl.String},
    )
    proposal = rebalance_territories(
        book.accounts, book.reps, book.overrides, policy, chosen, as_of=book.as_of
    )
    tables = (proposal.accounts, book.reps, book.overrides)
    broken = verify_plan(*tables, policy, proposal.plan.tables(), as_of=book.as_of)
    after = owners_of(proposal.plan)
    kpi = proposal.kpi.row(0, named=True)
    figures = {
        name: kpi[name]
        for name in (
            "forced_moves",
            "new_assignments",
            "fewest_amount",
            "broken_limits_before",
            "broken_limits_after",
            "excess_before_pct",
            "excess_after_pct",
            "least_excess_pct",
            "price_usd",
            "most_resolve_saves_usd",
        )
    }
    row = (
        _figures(proposal.plan)
        | figures
        | {
            "violations": len(broken),
            "moves": voluntary_moves(owner, after, book.reps),
            "cpu_seconds": time.process_time() - start,
        }
    )
    return Standing(after, row)


def _re_solved(month: Month, owner: Owners, policy: Policy) -> Standing:
    book, start = _blind(month.book, owner), time.process_time()
    plan = plan_territories(book.accounts, book.reps, book.overrides, policy, as_of=book.as_of)
    broken = verify_plan(*_tables(book), policy, plan.tables(), as_of=book.as_of)
    after = owners_of(plan)
    row = _figures(plan) | {
        "violations": len(broken),
        "moves": voluntary_moves(owner, after, book.reps),
        "cpu_seconds": time.process_time() - start,
    }
    return Standing(after, row)


def _blind(book: Book, owner: Owners) -> Book:
    """The book without owners; locks hold an account where the plan before had it."""
    team = set(book.reps["rep_id"].to_list())
    rows = []
    for row in book.overrides.to_dicts():
        if row["action"] == "lock":
            holder = owner.get(row["account_id"])
            if holder not in team:
                continue
            row |= {"action": "assign", "rep_id": holder}
        rows.append(row)
    return Book(
        book.accounts, book.reps, pl.DataFrame(rows, schema=book.overrides.schema), book.as_of
    )


def voluntary_moves(before: Owners, after: Owners, reps: pl.DataFrame) -> int:
    """Accounts whose owner changed although the one before is still in the team."""
    team = set(reps["rep_id"].to_list())
    return sum(
        1
        for account_id, owner in after.items()
        if before.get(account_id) in team and before[account_id] != owner
    )


def owners_of(plan: Plan) -> Owners:
    return dict(plan.assignment.select("account_id", "rep_id").iter_rows())


def _figures(plan: Plan) -> dict[str, Any]:
    """Cost, and what of the bands the plan needs relaxed, in points of target in sum."""
    return {
        "cost_usd": plan.summary["objective_usd"].item(),
        "gap_pct": plan.summary["optimality_gap_pct"].item(),
        "relaxed_points": round(float(plan.targets["relaxation_pct"].sum()), 4),
    }


def _tables(book: Book) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    return book.accounts, book.reps, book.overrides


# -- the plans as records ------------------------------------------------------------------------


def _noon_of(day: date) -> Any:
    return lambda: datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def _record(store: PlanStore, month: Month, owner: Owners) -> str:
    """Keep the plan, approve it and let it hold from the day after; that day in ISO form."""
    day = month.book.as_of + timedelta(days=1)
    frame = pl.DataFrame(
        {
            "account_id": list(owner),
            "territory_id": [f"T-{rep}" for rep in owner.values()],
            "rep_id": list(owner.values()),
        },
        schema=dict.fromkeys(("account_id", "territory_id", "rep_id"), pl.String),
    )
    store.folder.mkdir(parents=True, exist_ok=True)
    path = store.folder.parent / ASSIGNMENT_NAME
    frame.sort("account_id").write_parquet(path)
    digest = file_sha256(path)
    plan_id = f"plan_{month.number:02d}{digest[:14]}"
    record = PlanRecord(
        plan_id=plan_id,
        run_id=f"month_{month.number}",
        company="sample company",
        scenario="default",
        as_of=month.book.as_of,
        code_version="benchmark",
        seed=0,
        input_digest=digest,
        settings_digest=digest,
        policy_digest=digest,
        inputs=(),
        figures={},
        account_count=frame.height,
        assignment_digest=digest,
    )
    store.keep(record, {ASSIGNMENT_NAME: path})
    store.act("approve", plan_id, by="benchmark", why=f"month {month.number}")
    store.act(
        "make_effective", plan_id, by="benchmark", why=f"month {month.number}", effective_date=day
    )
    return day.isoformat()


def _wrong_in_history(store: PlanStore, rows: list[dict[str, Any]]) -> int:
    """Accounts whose owner on the first day of some month is not the one that was planned."""
    wrong = 0
    for row in rows:
        found = owners_on(store, date.fromisoformat(row["day"])).select("account_id", "rep_id")
        recorded, planned = dict(found.iter_rows()), row["owner"]
        wrong += sum(recorded.get(key, "") != value for key, value in planned.items())
        wrong += len(recorded.keys() - planned.keys())
    return wrong


# -- the page ------------------------------------------------------------------------------------


def page(runs: list[Run]) -> str:
    parts = [_INTRODUCTION, machine_line(runs[-1]["machine"]), ""]
    for run in runs:
        parts += [*_of_run(run), ""]
    return "\n".join(parts)


_INTRODUCTION = """# A year of a plan

Recorded by `python -m benchmarks.year`. The sample company changes month by month: accounts grow
unevenly, join and close, reps leave, their successors come two months later and ramp up
([the rates](../year_events.py)). Beside a plan that is rebalanced each month stands one that is
made anew each month under the same policy, blind to who owns what.
"""


def _of_run(run: Run) -> list[str]:
    moved = [row for row in run["rows"] if row["month"]]
    few, many = (sum(row[arm]["moves"] for row in moved) for arm in ("rebalanced", "re_solved"))
    broken = sum(
        row[arm]["violations"] for row in run["rows"] for arm in ("rebalanced", "re_solved")
        if arm in row
    )  # fmt: skip
    beyond = [row["month"] for row in moved if row["rebalanced"]["excess_after_pct"] > 0]
    bands = (
        "every band kept in every month"
        if not beyond
        else f"bands relaxed in month {', '.join(map(str, beyond))}"
    )
    share = f"{few / many:.1%}" if many else "n/a"
    verdict = "at most" if few <= SHARE * many else "more than"
    cpu = {
        arm: sum(row[arm]["cpu_seconds"] for row in moved) for arm in ("rebalanced", "re_solved")
    }
    heads = [
        "month", "accounts", "reps", "joined, closed", "left, hired", "limits broken before",
        "after", "moves rebalanced", "at least", "moves re-solved", "price, USD a year",
        "a re-solve saves at most",
    ]  # fmt: skip
    lines = [
        [
            str(row["month"]),
            f"{row['accounts']:,}",
            str(row["reps"]),
            f"{row['joined']}, {row['closed']}",
            f"{row['leavers']}, {row['hires']}",
            str(row["rebalanced"]["broken_limits_before"]),
            str(row["rebalanced"]["broken_limits_after"]),
            str(row["rebalanced"]["moves"]),
            f"{row['rebalanced']['fewest_amount']:.0f}",
            str(row["re_solved"]["moves"]),
            f"{row['rebalanced']['price_usd']:,.0f}",
            f"{row['rebalanced']['most_resolve_saves_usd']:,.0f}",
        ]
        for row in moved
    ]
    return [
        f"## {run['accounts']:,} accounts × {run['reps']} reps, seed {run['seed']}, "
        f"{run['months']} months",
        "",
        f"- Voluntary moves: {few:,} rebalanced, {many:,} re-solved: {share}, {verdict} a fifth.",
        f"- Bands of the rebalanced plans: {bands}.",
        f"- Verifier: {broken} violations in {2 * len(moved) + 1} plans.",
        f"- History: {run['days_asked']} days asked, {run['wrong_in_history']} accounts with "
        "another owner than planned.",
        f"- CPU: {cpu['rebalanced']:,.0f} s rebalancing, {cpu['re_solved']:,.0f} s re-solving "
        f"(solver.rounds {run['rounds']}).",
        "",
        table(heads, lines),
    ]


if __name__ == "__main__":
    main()
