"""Why each account has its rep, who would be next, and what a move gains: one sentence or three.

Codes: assigned, locked, only_eligible; kept_least_cost, kept_for_balance (of an incumbent);
moved_for_eligibility, moved_with_family, moved_to_separate, moved_for_travel, moved_for_fit,
moved_for_balance (from an active one); forced_move, new_assignment; unassigned.

A family moves as one, so the limits and the runner-up named are those of its unit.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from optimization.book.levels import WORDS
from optimization.book.tables import Bools, Floats, Ints
from optimization.book.units import ASSIGNED, LOCKED, ONLY_ELIGIBLE
from optimization.policy import LEVEL_PREFIX, LIMIT_PREFIX
from optimization.report.barred import barring_rules
from optimization.report.comparison import Comparison, Decider, Decision, compare
from optimization.report.outcome import Outcome
from optimization.report.sentences import write_reasons

CODES = (
    "unassigned",
    "assigned",
    "locked",
    "only_eligible",
    "kept_least_cost",
    "kept_for_balance",
    "moved_for_eligibility",
    "moved_with_family",
    "moved_to_separate",
    "moved_for_travel",
    "moved_for_fit",
    "moved_for_balance",
    "forced_move",
    "new_assignment",
)


@dataclass(frozen=True)
class Explanation:
    """Per account: code, sentences, runner-up (-1 without one) and its delta in USD (NaN)."""

    codes: pl.Series
    sentences: pl.Series
    runner_up: Ints
    delta_usd: Floats


def explain(outcome: Outcome) -> Explanation:
    """Reason and runner-up of every account, in the order of account_id."""
    comparison = compare(outcome)
    of = outcome.planning.units.of_account
    moves = _moves(outcome)
    code = _codes(outcome, comparison, moves)
    facts = _facts(outcome, comparison, moves).with_columns(
        code=pl.Series(np.array(CODES, dtype=object)[code], dtype=pl.String)
    )
    return Explanation(
        codes=facts["code"],
        sentences=write_reasons(facts),
        runner_up=comparison.runner_up[of],
        delta_usd=comparison.delta_usd[of],
    )


@dataclass(frozen=True)
class Moves:
    """What leaving the incumbent brings, m accounts that do; USD a year, gains positive."""

    account: Ints
    travel_usd: Floats
    fit_usd: Floats
    risk_usd: Floats  # margin at risk and handover
    decision: Decision  # the limits, for the new owner against the incumbent
    barred_by: pl.Series  # the rule that bars the incumbent, NULL if none does
    with_family: Bools  # the new owner has an account of the unit today
    to_separate: Bools  # the incumbent owns another account of a must-separate set


def _moves(outcome: Outcome) -> Moves:
    planning, pairs = outcome.planning, outcome.planning.pairs
    margin = planning.policy.response.contribution_margin
    account = np.flatnonzero(outcome.is_moved & ~outcome.is_unassigned)
    owner, incumbent = outcome.owner[account], planning.accounts.incumbent[account]
    unit = planning.units.of_account[account]
    now, then = outcome.current, outcome.proposed
    decision = Decider(planning.problem, outcome.answer.prices).decide(
        pairs.at(unit, owner), owner, pairs.at(unit, incumbent), incumbent
    )
    gain = (then.expected_sales_usd - now.expected_sales_usd)[account]
    return Moves(
        account=account,
        travel_usd=(now.travel_cost_usd - then.travel_cost_usd)[account],
        fit_usd=margin * gain,
        risk_usd=(margin * then.disruption_loss_usd + then.handover_usd)[account],
        decision=decision,
        barred_by=barring_rules(planning, account, incumbent),
        with_family=_is_family_of(outcome, unit, owner),
        to_separate=_is_kept_apart(outcome, unit, incumbent),
    )


def _is_family_of(outcome: Outcome, unit: Ints, owner: Ints) -> Bools:
    """Whether some account of the unit is with the owner already."""
    planning, reps = outcome.planning, outcome.reps
    owned = np.flatnonzero(outcome.is_owned_today)
    today = planning.units.of_account[owned] * reps + planning.accounts.incumbent[owned]
    return np.isin(unit * reps + owner, today)


def _is_kept_apart(outcome: Outcome, unit: Ints, incumbent: Ints) -> Bools:
    """Whether the incumbent owns another unit of a must-separate set of this one."""
    owner, reps = outcome.answer.owner, outcome.reps
    barred: list[int] = []
    for members in outcome.planning.problem.separate:
        for u in members.tolist():
            others = owner[members[members != u]]
            barred.extend(u * reps + rep for rep in others[others < reps].tolist())
    return np.isin(unit * reps + incumbent, np.array(barred, dtype=np.int64))


def _codes(outcome: Outcome, comparison: Comparison, moves: Moves) -> Ints:
    """(n) index into CODES; what is said first decides."""
    planning, of = outcome.planning, outcome.planning.units.of_account
    number = {name: index for index, name in enumerate(CODES)}
    incumbent, owner = planning.accounts.incumbent, outcome.owner
    had_owner = (planning.accounts.owner_rep_id != "").to_numpy()
    code = np.where(had_owner, number["forced_move"], number["new_assignment"])
    saves = comparison.saving_usd[of] > 0
    kept = np.where(saves, number["kept_for_balance"], number["kept_least_cost"])
    code = np.where(incumbent == owner, kept, code)
    gain = moves.travel_usd + moves.fit_usd
    by_money = np.where(
        moves.travel_usd >= moves.fit_usd, number["moved_for_travel"], number["moved_for_fit"]
    )
    code[moves.account] = np.select(
        [
            moves.barred_by.is_not_null().to_numpy(),
            moves.with_family,
            moves.to_separate,
            gain > moves.risk_usd,
        ],
        [
            np.full(gain.size, number["moved_for_eligibility"]),
            np.full(gain.size, number["moved_with_family"]),
            np.full(gain.size, number["moved_to_separate"]),
            by_money,
        ],
        number["moved_for_balance"],
    )
    hold = planning.units.hold[of]
    for kind, name in (
        (ONLY_ELIGIBLE, "only_eligible"),
        (LOCKED, "locked"),
        (ASSIGNED, "assigned"),
    ):
        code[hold == kind] = number[name]
    code[outcome.is_unassigned] = number["unassigned"]
    return code


def _facts(outcome: Outcome, comparison: Comparison, moves: Moves) -> pl.DataFrame:
    """Everything the sentences mention, one row per account."""
    planning, of = outcome.planning, outcome.planning.units.of_account
    margin, values = planning.policy.response.contribution_margin, outcome.proposed
    reps = pl.Series([*planning.reps.labels, "nobody", None], dtype=pl.String)
    units = planning.units
    rules = pl.Series([*units.hold_rule, None], dtype=pl.String)
    tiers = pl.Series([tier.name for tier in planning.policy.unassigned] + [None], dtype=pl.String)
    accounts = planning.accounts
    size = np.diff(units.member_first)

    def rep(index: Ints) -> pl.Series:
        return reps.gather(np.where(index < 0, outcome.reps + 1, index))

    def spread(values: Floats | Ints, missing: float) -> Floats:
        whole = np.full(outcome.owner.size, missing)
        whole[moves.account] = values
        return whole

    barred = pl.DataFrame({"at": moves.account, "rule": moves.barred_by})
    at = pl.DataFrame({"at": np.arange(outcome.owner.size)})
    phrases = pl.Series([*_phrases(outcome), None], dtype=pl.String)
    kind = spread(moves.decision.kind, -1).astype(np.int64)
    own_kind = comparison.decision.kind[of]
    return pl.DataFrame(
        {
            "rep": rep(outcome.owner),
            "incumbent": rep(accounts.incumbent),
            "is_kept": accounts.incumbent == outcome.owner,
            "unit": pl.Series(units.ids, dtype=pl.String).gather(of),
            "is_alone": size[of] == 1,
            "rule": rules.gather(units.hold_rule_of[of] % (len(units.hold_rule) + 1)),
            "tier": tiers.gather(units.tier_of_account % tiers.len()),
            "tier_usd": units.nobody_usd[of],
            "value_usd": _value(outcome),
            "margin_usd": margin * values.expected_sales_usd,
            "travel_hours": values.travel_hours,
            "travel_usd": values.travel_cost_usd,
            "risk_usd": margin * values.disruption_loss_usd + values.handover_usd,
            "favourite": rep(comparison.favourite[of]),
            "is_favourite": comparison.saving_usd[of] == 0,
            "saving_usd": comparison.saving_usd[of],
            "limit": phrases.gather(own_kind % phrases.len()),
            "limit_usd": comparison.decision.worth_usd[of],
            "move_travel_usd": spread(moves.travel_usd, 0.0),
            "move_fit_usd": spread(moves.fit_usd, 0.0),
            "move_risk_usd": spread(moves.risk_usd, 0.0),
            "move_relief_usd": spread(moves.decision.relief_usd, 0.0),
            "move_limit": phrases.gather(kind % phrases.len()),
            "barred_by": at.join(barred, on="at", how="left", maintain_order="left")["rule"],
            "runner_up": rep(comparison.runner_up[of]),
            "delta_usd": pl.Series(comparison.delta_usd[of]).fill_nan(None),
        }
    )


def _value(outcome: Outcome) -> Floats:
    values, margin = outcome.proposed, outcome.planning.policy.response.contribution_margin
    kept = margin * (values.expected_sales_usd - values.disruption_loss_usd)
    return kept - values.travel_cost_usd - values.handover_usd


def _phrases(outcome: Outcome) -> list[str]:
    """How each kind of decision is put; {other} and {rep} stand for the two reps."""
    words = {"clock_hours": "capacity", "travel_hours": "travel hours"}
    phrases = []
    kinds = Decider(outcome.planning.problem, outcome.answer.prices).kinds
    for side, name in kinds:
        if side == "budget":
            phrases.append(f"the move budget of {name.replace('_', ' ')} is used up")
            continue
        if name.startswith(LEVEL_PREFIX):
            phrases.append(_level_phrase(side, name))
            continue
        if name.startswith(LIMIT_PREFIX):
            what = f"'{name.removeprefix(LIMIT_PREFIX)}'"
        else:
            what = words.get(name, name.replace("_", " "))
        if side == "full":
            phrases.append(f"{{other}} is full in {what}")
        else:
            phrases.append(f"{{rep}} needs it to reach the lower limit of {what}")
    return phrases


def _level_phrase(side: str, resource: str) -> str:
    """How a band of groups decides: the group of either rep is full, or short of something."""
    by, _, metric = resource.removeprefix(LEVEL_PREFIX).partition(":")
    group, what = WORDS.get(by, by), metric.replace("_", " ")
    if side == "full":
        return f"the {group} of {{other}} is full in {what}"
    return f"the {group} of {{rep}} needs it to reach the lower limit of {what}"
