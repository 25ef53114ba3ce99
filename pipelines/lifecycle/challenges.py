"""What reps objected to in a plan and how it was judged, kept beside the record of the plan."""

import polars as pl

from pipelines.lifecycle.store import PlanStore
from pipelines.publish.swap import replace_file

CHALLENGES_NAME = "challenges.parquet"
CHALLENGE_SCHEMA = {
    "plan_id": pl.String,
    "scenario": pl.String,
    "account_id": pl.String,
    "rep_id": pl.String,
    "wish": pl.String,
    "reason": pl.String,
    "outcome": pl.String,
    "to_rep_id": pl.String,
    "cost_usd": pl.Float64,
    "outcome_reason": pl.String,
}
_KEY = ["plan_id", "account_id", "rep_id", "wish"]


def keep_challenges(store: PlanStore, plan_id: str, judged: pl.DataFrame, *, by: str) -> None:
    """Keep judged challenges of a plan; a challenge that is judged again replaces its former row.

    The log of acts says by whom, and how many of each outcome.

    Args:
        judged: account_id, rep_id, wish, reason, outcome, to_rep_id, cost_usd, outcome_reason.
    """
    rows = judged.with_columns(
        plan_id=pl.lit(plan_id), scenario=pl.lit(store.record(plan_id).scenario)
    ).select(pl.col(name).cast(kind) for name, kind in CHALLENGE_SCHEMA.items())
    path = store.folder / plan_id / CHALLENGES_NAME
    kept = pl.concat([_read(store, plan_id), rows]).unique(_KEY, keep="last").sort(_KEY)
    replace_file(path, kept.write_parquet)
    counts = dict(sorted(rows.group_by("outcome").len().iter_rows()))
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    store.note("judge", plan_id, by=by, why=f"challenges: {told or 'none'}", details=counts)


def kept_challenges(store: PlanStore) -> pl.DataFrame:
    """The challenges of all recorded plans, in order of plan, account, rep and wish."""
    frames = [_read(store, plan_id) for plan_id in store.plan_ids()]
    return pl.concat([pl.DataFrame(schema=CHALLENGE_SCHEMA), *frames]).sort(_KEY)


def _read(store: PlanStore, plan_id: str) -> pl.DataFrame:
    path = store.folder / plan_id / CHALLENGES_NAME
    if not path.is_file():
        return pl.DataFrame(schema=CHALLENGE_SCHEMA)
    return pl.read_parquet(path.read_bytes())
