"""Send an approved plan to the CRM, take it back, or say what either would do."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from pipelines.errors import GateError
from pipelines.lifecycle import PlanStore
from pipelines.lifecycle.acts import NEXT_STEP
from pipelines.lifecycle.history import dated_moves
from pipelines.progress import report
from pipelines.publish.swap import folder_lock
from pipelines.writeback.changes import (
    Change,
    CrmState,
    Desired,
    changes_between,
    missing_accounts,
)
from pipelines.writeback.crm import Crm
from pipelines.writeback.ids import normal_id
from pipelines.writeback.journal import Journal
from pipelines.writeback.push import PushOutcome, push
from pipelines.writeback.target import Unresolved, target_of, territory_ids

SENDABLE = ("approved", "effective")


@dataclass(frozen=True)
class Delivery:
    """What a push of a plan is about.

    Attributes:
        accounts: whose state is read.
        desired_of: what should stand in the CRM, given what does.
        unresolved: what is not written, and why.
        planned_from: the owners each account may have had when the plan was made, for conflicts:
            of a rebalancing that of its plan and that of the source.
        names: of reps, as far as the plan has them.
    """

    accounts: Sequence[str]
    desired_of: Callable[[CrmState], Desired]
    unresolved: Sequence[Unresolved] = ()
    planned_from: dict[str, set[str | None]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Preview:
    """What a push would write.

    Attributes:
        missing: accounts of the plan that the CRM does not have.
        conflicts: accounts whose owner is neither that of the plan nor the one it was made from:
            somebody changed it in the meantime, and the push changes it again.
    """

    changes: Sequence[Change]
    missing: Sequence[str]
    conflicts: Sequence[str]
    unresolved: Sequence[Unresolved]

    def counts(self) -> dict[tuple[str, str], int]:
        """Rows by kind and verb."""
        return dict(sorted(Counter((c.kind, c.verb) for c in self.changes).items()))

    def owners_affected(self) -> dict[str, tuple[int, int]]:
        """Of each rep, the accounts gained and lost."""
        owners = [change for change in self.changes if change.kind == "account_owner"]
        gained, lost = Counter(c.after for c in owners), Counter(c.before for c in owners)
        reps = sorted({rep for rep in (*gained, *lost) if rep})
        return {rep: (gained[rep], lost[rep]) for rep in reps}


def check_sendable(store: PlanStore, plan_id: str) -> None:
    """Raise GateError unless the plan is approved or effective."""
    state = store.state(plan_id)
    if state not in SENDABLE:
        raise GateError(
            f"{plan_id} is {state}, so nothing is sent: {NEXT_STEP[state]}; only an approved or "
            "effective plan goes to the CRM"
        )


def delivery_of(
    store: PlanStore, plan_id: str, crm: Crm, *, day: date, is_rollback: bool = False
) -> Delivery:
    """What to do in the CRM for a plan, or to take it back.

    Args:
        day: dated moves that are due later are left out.

    Raises:
        GateError: the plan is not approved, or there is nothing to take back.
    """
    check_sendable(store, plan_id)
    if is_rollback:
        former = Journal(store.folder / plan_id).former()
        if not former.owners and not former.links:
            raise GateError(f"{plan_id} was never pushed from here, so there is nothing to undo")
        accounts = {*former.owners, *(subject for kind, subject, _ in former.links)}

        def restored(live: CrmState) -> Desired:  # noqa: ARG001
            return former

        return Delivery(sorted(accounts), restored)
    report("Reading the CRM")
    assignment = store.assignment(plan_id)
    period = next((p for p in store.periods() if p.plan_id == plan_id), None)
    target = target_of(
        crm.system,
        assignment,
        _territories(crm, assignment),
        move_dates=dated_moves(period) if period else None,
        day=day,
    )
    sources = [c for c in ("previous_rep_id", "source_rep_id") if c in assignment.columns]
    owned = assignment.select("account_id", *sources).rows()
    before = {account: set(owners) for account, *owners in owned}
    names = {}
    if "rep_name" in assignment.columns:
        named = assignment.select("rep_id", "rep_name").drop_nulls()
        names = {normal_id(crm.system, rep): name for rep, name in named.iter_rows()}
    return Delivery(sorted(target.owners), target.desired, target.unresolved, before, names)


def _territories(crm: Crm, assignment: pl.DataFrame) -> dict[str, str]:
    territories = crm.territories()
    if not territories:
        return {}
    name = pl.col("territory_name") if "territory_name" in assignment.columns else pl.lit(None)
    reps = assignment.filter(pl.col("rep_id").is_not_null()).select("rep_id", name).unique()
    return territory_ids(reps.sort("rep_id").iter_rows(), territories, crm.state(()).links)


def preview(crm: Crm, delivery: Delivery) -> Preview:
    """What would be written now; nothing is."""
    live = crm.state(delivery.accounts)
    desired = delivery.desired_of(live)
    changes = changes_between(live, desired)
    conflicts = [
        change.subject_id
        for change in changes
        if change.kind == "account_owner"
        and change.subject_id in delivery.planned_from
        and change.before not in delivery.planned_from[change.subject_id]
    ]
    return Preview(changes, missing_accounts(live, desired), conflicts, delivery.unresolved)


def deliver(
    store: PlanStore,
    plan_id: str,
    crm: Crm,
    delivery: Delivery,
    *,
    by: str,
    why: str,
    is_rollback: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> PushOutcome:
    """Send; what was done goes to the log of acts, every row to the journal of the plan.

    Raises:
        GateError: another push of the plan is going on, or it is not approved (any more).
        InputError: the CRM does not answer; another push goes on where this one stopped.
    """
    folder = store.folder / plan_id
    with folder_lock(folder, is_blocking=False) as is_ours:
        if not is_ours:
            raise GateError(f"{plan_id}: another push of this plan is going on; wait for it")
        check_sendable(store, plan_id)
        journal = Journal(folder)
        outcome = push(crm, journal, delivery.accounts, delivery.desired_of, sleep=sleep)
        if is_rollback and not outcome.left:
            journal.rolled_back()
        store.note(
            "roll_back" if is_rollback else "push",
            plan_id,
            by=by,
            why=why,
            details={
                "crm": crm.identity,
                "rows_done": len(outcome.done),
                "rows_failed": len(outcome.left),
            },
        )
    return outcome
