"""Records of plans made by hand, and a clock that a test sets."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from pipelines.lifecycle import PlanRecord, PlanStore
from pipelines.lifecycle.record import ASSIGNMENT_NAME
from pipelines.publish.manifest import file_sha256

NOW = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)


def store_at(folder: Path, now: datetime = NOW) -> PlanStore:
    """The store of a data folder on a day of the test."""
    return PlanStore(folder / "data", clock=lambda: now)


def assignment(
    owners: dict[str, str | None],
    before: dict[str, str | None] | None = None,
    names: dict[str, str] | None = None,
) -> pl.DataFrame:
    """An assignment by account and rep, with the columns that a record has."""
    accounts = list(owners)
    reps = list(owners.values())
    return pl.DataFrame(
        {
            "account_id": accounts,
            "territory_id": [f"T-{rep}" if rep else "UNASSIGNED" for rep in reps],
            "rep_id": reps,
            "rep_name": [(names or {}).get(rep or "") for rep in reps],
            "previous_rep_id": [(before or {}).get(account) for account in accounts],
        },
        schema_overrides=dict.fromkeys(("rep_id", "rep_name", "previous_rep_id"), pl.String),
    )


def keep(
    store: PlanStore,
    plan_id: str,
    owners: dict[str, str | None] | None = None,
    *,
    before: dict[str, str | None] | None = None,
    names: dict[str, str] | None = None,
    is_draft: bool = False,
) -> str:
    """Record a plan as a run would; its state."""
    working = store.folder.parent / "working"
    working.mkdir(parents=True, exist_ok=True)
    path = working / ASSIGNMENT_NAME
    assignment(owners or {"A1": "R1", "A2": "R2"}, before, names).write_parquet(path)
    record = PlanRecord(
        plan_id=plan_id,
        run_id="run_1",
        company="Small",
        scenario="default",
        as_of=date(2026, 6, 30),
        code_version="0.1.0+abc",
        seed=7,
        input_digest="i" * 64,
        settings_digest="s" * 64,
        policy_digest="p" * 64,
        inputs=(),
        figures={"moved_accounts": 1, "optimality_gap_pct": 0.1},
        account_count=2,
        assignment_digest=file_sha256(path),
    )
    files = {ASSIGNMENT_NAME: path, "policy.yaml": "seed: 7\n"}
    return store.keep(record, files, is_draft=is_draft)


def make_effective(
    store: PlanStore, plan_id: str, day: date, moves: dict[str, date] | None = None
) -> None:
    """Approve a proposed plan and let it hold from `day` on, some accounts later."""
    store.act("approve", plan_id, by="vp", why="balanced")
    store.act(
        "make_effective",
        plan_id,
        by="ops",
        why="new quarter",
        effective_date=day,
        details={"dated_moves": {a: d.isoformat() for a, d in moves.items()}} if moves else None,
    )
