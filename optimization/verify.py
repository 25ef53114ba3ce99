"""An independent check of a plan: everything is computed again from the tables.

Nothing here is shared with the model: families, locks, eligibility, values, targets and limits are
derived anew with polars and plain numpy, from the policy and the three planning tables, and held
against the plan's frames. A solver that answers "optimal" to a model whose constraints it dropped
is caught here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from optimization.policy import Policy
from optimization.recheck import Recheck, recheck

VERIFIED_RULES: dict[str, str] = {
    "one_owner": "every account has exactly one owner, and the owner is a rep of the plan",
    "family_together": "all accounts of a family have the same owner",
    "lock": "locked accounts stay with their incumbent",
    "assign": "manual assignments are followed",
    "forbid": "no account has a rep it is forbidden to",
    "eligibility": "every owner is allowed by the eligibility rules, or held there by a person",
    "account_values": "the figures of each account are what its tables and its owner give",
    "move_flags": "moved, forced, new and locked are what incumbent, owner and locks say",
    "target": "targets and limits follow from loads, capacities and tolerances",
    "band": "every load is inside its hard band, widened by the published relaxation",
    "objective": "the parts of the cost are what the assignment gives, and sum to the objective",
    "gap": "bound, regret and gap agree, and the bound does not exceed the objective",
    "expected_value": "the value before and after is the sum over the accounts",
    "runner_up": "the runner-up is another allowed rep and its delta is at least 0",
}


@dataclass(frozen=True)
class Violation:
    """One broken rule."""

    rule: str
    record_id: str
    expected: str
    observed: str
    message: str


def verify_plan(
    accounts: pl.DataFrame,
    reps: pl.DataFrame,
    overrides: pl.DataFrame,
    policy: Policy,
    plan_frames: Mapping[str, pl.DataFrame],
    *,
    as_of: date | None = None,  # noqa: ARG001
    travel_matrix: pl.DataFrame | None = None,  # noqa: ARG001
) -> list[Violation]:
    """Every rule of `VERIFIED_RULES` that the plan breaks; empty for a sound plan.

    plan_frames: `plan_assignment`, `plan_summary` and `plan_target` (further tables are ignored).
    as_of, travel_matrix: not looked at by this verifier.
    """
    found: list[Violation] = []
    frames = {name.removeprefix("plan_"): frame for name, frame in plan_frames.items()}
    assignment = frames["assignment"]
    _one_owner(accounts, reps, assignment, found)
    if found:
        # Loads of a plan that misses or doubles accounts say nothing.
        return found
    truth = recheck(accounts, reps, overrides, policy)
    rows = {row["account_id"]: row for row in assignment.iter_rows(named=True)}
    owner = {account_id: row["rep_id"] for account_id, row in rows.items()}
    _holds(truth, owner, found)
    _accounts(truth, rows, found)
    targets = frames.get("target", frames.get("targets"))
    if targets is None:
        raise KeyError("plan_target")
    _bands(truth, owner, targets, policy, found)
    summary = frames["summary"]
    if summary.height != 1:
        _add(found, "objective", "plan", 1, summary.height, "rows of plan_summary")
        return found
    _money(truth, owner, summary.row(0, named=True), found)
    return found


def _add(
    found: list[Violation], rule: str, record: str, expected: Any, observed: Any, what: str
) -> None:
    message = f"{rule}: {record}: {what}: expected {expected}, found {observed}"
    found.append(Violation(rule, record, str(expected), str(observed), message))


def _one_owner(
    accounts: pl.DataFrame, reps: pl.DataFrame, assignment: pl.DataFrame, found: list[Violation]
) -> None:
    counts = dict(assignment.group_by("account_id").len().iter_rows())
    known = set(reps["rep_id"].to_list())
    for account_id in sorted(accounts["account_id"].to_list()):
        count = counts.pop(account_id, 0)
        if count != 1:
            _add(found, "one_owner", account_id, 1, count, "number of owners")
    for account_id in sorted(str(key) for key in counts):
        _add(found, "one_owner", account_id, 0, 1, "account is not in the planning table")
    for account_id, rep_id in assignment.select("account_id", "rep_id").sort("account_id").rows():
        if rep_id not in known:
            _add(found, "one_owner", account_id, "a rep of the plan", rep_id, "owner")


def _holds(truth: Recheck, owner: Mapping[str, str], found: list[Violation]) -> None:
    for unit, members in truth.members.items():
        owners = {owner[account_id] for account_id in members}
        if len(owners) > 1:
            _add(found, "family_together", unit, 1, len(owners), "number of owners")
    for unit, (rep_id, rule) in truth.held.items():
        for account_id in truth.members[unit]:
            if owner[account_id] != rep_id:
                _add(found, rule, account_id, rep_id, owner[account_id], "owner")
    for unit, members in truth.members.items():
        for account_id in members:
            rep_id = owner[account_id]
            if (unit, rep_id) in truth.forbidden and not truth.is_hopeless[unit]:
                _add(found, "forbid", account_id, "another rep", rep_id, "owner")
            elif unit not in truth.held and rep_id not in truth.allowed[unit]:
                _add(found, "eligibility", account_id, "an eligible rep", rep_id, "owner")


def _accounts(
    truth: Recheck, rows: Mapping[str, Mapping[str, Any]], found: list[Violation]
) -> None:
    for account_id, row in rows.items():
        unit, rep_id = truth.unit_of[account_id], row["rep_id"]
        facts = truth.facts(account_id, rep_id)
        for column, value in facts.items():
            if not _same(row[column], value):
                _add(found, "account_values", account_id, value, row[column], column)
        incumbent, previous = truth.incumbent[account_id], truth.previous[account_id]
        flags = {
            "incumbent_rep_id": incumbent,
            "previous_rep_id": previous,
            "is_moved": incumbent is not None and incumbent != rep_id,
            "is_forced_move": previous is not None and incumbent is None,
            "is_new_assignment": previous is None and incumbent is None,
            "is_locked": unit in truth.held,
        }
        for column, flag in flags.items():
            if row[column] != flag:
                _add(found, "move_flags", account_id, flag, row[column], column)
        if row["unit_id"] != unit:
            _add(found, "family_together", account_id, unit, row["unit_id"], "unit_id")
        runner_up, delta = row["runner_up_rep_id"], row["runner_up_delta_usd"]
        if runner_up is not None and (
            runner_up == rep_id
            or runner_up not in truth.allowed[unit]
            or delta is None
            or not delta >= 0
        ):
            _add(
                found, "runner_up", account_id, "another allowed rep, delta >= 0", runner_up, "rep"
            )


def _bands(
    truth: Recheck,
    owner: Mapping[str, str],
    targets: pl.DataFrame,
    policy: Policy,
    found: list[Violation],
) -> None:
    """Targets from loads; loads inside the published limits, a giant's excess taken off."""
    published = {(row["rep_id"], row["metric"]): row for row in targets.iter_rows(named=True)}
    if targets.height != len(truth.targets):
        _add(found, "target", "plan", len(truth.targets), targets.height, "rows of plan_target")
    loads, ordinary, giants = truth.territory_loads(owner)
    tolerance = {band.metric: band.tolerance_pct / 100 for band in policy.metrics}
    for (rep_id, metric), target in truth.targets.items():
        record = f"{rep_id}/{metric}"
        row = published.get((rep_id, metric))
        if row is None:
            _add(found, "target", record, "a row", "none", "plan_target")
            continue
        slack = 1e-5 * max(target, truth.scale[rep_id, metric]) + 1e-4
        if _off(row["target"], target, slack):
            _add(found, "target", record, target, row["target"], "target")
        if metric not in tolerance:
            for column in ("lower_limit", "upper_limit"):
                if row[column] is not None:
                    _add(found, "target", record, None, row[column], column)
            continue
        lower = (1 - tolerance[metric]) * target  # type: ignore[index]
        upper = (1 + tolerance[metric]) * target  # type: ignore[index]
        for column, limit in (("lower_limit", lower), ("upper_limit", upper)):
            if _off(row[column], limit, slack):
                _add(found, "target", record, limit, row[column], column)
        scale = truth.scale[rep_id, metric]
        widened = (row["relaxation_pct"] or 0.0) / 100 * scale
        load, has_giant = loads[rep_id, metric], giants[rep_id, metric]
        excess = max(load - upper, 0.0) if has_giant else 0.0
        if _off(row["giant_excess"], excess, slack):
            _add(found, "band", record, excess, row["giant_excess"], "giant_excess")
        # Published is just what the load needs: neither less, which would hide a breach, nor more,
        # which would excuse one.
        shortfall = 0.0 if has_giant else lower - load
        needed = max(ordinary[rep_id, metric] - upper, shortfall, 0.0)
        if _off(widened, needed, 2 * slack):
            _add(
                found, "band", record, 100 * needed / scale, row["relaxation_pct"], "relaxation_pct"
            )


def _money(
    truth: Recheck, owner: Mapping[str, str], row: Mapping[str, Any], found: list[Violation]
) -> None:
    parts = truth.costs(owner)
    for column, value in parts.items():
        if not _same(row[column], value, money=True):
            _add(found, "objective", "plan", round(value, 2), row[column], column)
    total = sum(row[column] for column in parts) + row["unassigned_cost_usd"]
    if _off(row["objective_usd"], total, 0.05):
        _add(found, "objective", "plan", total, row["objective_usd"], "objective_usd")
    objective, bound = row["objective_usd"], row["bound_usd"]
    if not bound <= objective:
        _add(found, "gap", "plan", f"at most {objective}", bound, "bound_usd")
    if _off(row["regret_usd"], objective - bound, 0.011):
        _add(found, "gap", "plan", objective - bound, row["regret_usd"], "regret_usd")
    gap = 100 * (objective - bound) / objective if objective > 0 else 0.0
    if _off(row["optimality_gap_pct"], gap, 1e-4):
        _add(found, "gap", "plan", gap, row["optimality_gap_pct"], "optimality_gap_pct")
    if row["is_proved_optimal"] and row["regret_usd"] > 0.011:
        _add(found, "gap", "plan", 0, row["regret_usd"], "regret_usd of a plan proved optimal")
    for column, value in truth.values(owner).items():
        if not _same(row[column], value, money=True):
            _add(found, "expected_value", "plan", round(value, 2), row[column], column)


def _same(observed: float | None, expected: float | None, money: bool = False) -> bool:
    if observed is None or expected is None:
        return observed is None and expected is None
    room = 0.02 + 1e-9 * abs(expected) if money else 2e-4 + 1e-9 * abs(expected)
    return not _off(observed, expected, room)


def _off(observed: float | None, expected: float, room: float) -> bool:
    """Whether a figure is missing, no number, or farther from the expected one than `room`."""
    return observed is None or not abs(observed - expected) <= room
