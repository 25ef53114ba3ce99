"""What reps object to, judged one by one against the plan: accepted, rejected or priced.

A challenge asks that an account (with its family or group) changes to another rep. It is

    rejected   where a rule of the policy forbids the pair, or a hard limit would be exceeded by
               more than the plan exceeds it already; the limit is named
    accepted   where it breaks nothing and costs at most what the policy allows
    priced     where it breaks nothing and costs more: what it would cost a year

Each is judged alone: two that are both accepted may not fit together; the next plan finds out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from optimization.book.amounts import holder_in_words
from optimization.book.planning import Planning
from optimization.book.tables import Ints
from optimization.engine.problem import TOLERANCE, Evaluation
from optimization.policy import LEVEL_PREFIX, LIMIT_PREFIX

WISHES = ("own", "release")
OUTCOMES = ("accepted", "rejected", "priced")


@dataclass(frozen=True)
class Judgement:
    """The outcome of one challenge: the rep it would go to, its cost in USD a year, and why."""

    outcome: str
    to_rep_id: str | None
    cost_usd: float | None
    reason: str


def judge_challenges(
    planning: Planning, assignment: pl.DataFrame, challenges: pl.DataFrame, accept_below_usd: float
) -> list[Judgement]:
    """Judge every challenge, in order.

    Args:
        assignment: account_id and rep_id of the plan, every account of `planning`.
        challenges: account_id, rep_id and wish: `own` (the rep wants it) or `release` (the rep does
            not, and the next best one is asked). Accounts and reps are those of the plan.
    """
    reps = {rep: index for index, rep in enumerate(planning.reps.ids)}
    nobody = len(reps)
    chosen = dict(assignment.select("account_id", "rep_id").iter_rows())
    owner = np.full(len(planning.units), nobody)
    for account, unit in zip(planning.accounts.ids, planning.units.of_account, strict=True):
        owner[unit] = reps.get(chosen.get(account) or "", nobody)
    unit_of = dict(zip(planning.accounts.ids, planning.units.of_account.tolist(), strict=True))
    today = planning.problem.evaluate(owner)
    judgements = []
    for account, rep, wish in challenges.select("account_id", "rep_id", "wish").iter_rows():
        unit, asked = unit_of[account], reps[rep]
        if wish == "own":
            judgement = _judge(planning, owner, today, unit, asked, accept_below_usd)
        else:
            judgement = _release(planning, owner, today, unit, asked, accept_below_usd)
        judgements.append(judgement)
    return judgements


def _release(
    planning: Planning, owner: Ints, today: Evaluation, unit: int, rep: int, accept: float
) -> Judgement:
    """The best outcome over all reps that could take the unit instead."""
    if owner[unit] != rep:
        return Judgement("rejected", None, None, "the plan does not give it to this rep")
    allowed = planning.problem.pairs.allowed_reps(unit)
    others = [int(j) for j in allowed if j not in (rep, planning.problem.rep_count)]
    found = [_judge(planning, owner, today, unit, other, accept) for other in others]
    if not found:
        return Judgement("rejected", None, None, "no other rep may have it")
    return min(found, key=lambda j: (j.outcome == "rejected", j.cost_usd or 0.0, j.to_rep_id))


def _judge(
    planning: Planning, owner: Ints, today: Evaluation, unit: int, rep: int, accept: float
) -> Judgement:
    name = planning.reps.ids[rep]
    if owner[unit] == rep:
        return Judgement("accepted", name, 0.0, "the plan gives it to this rep already")
    if rep not in planning.problem.pairs.allowed_reps(unit):
        held = planning.units.fixed[unit] >= 0
        why = "a lock or an assignment by hand holds it" if held else "a rule forbids the pair"
        return Judgement("rejected", name, None, f"{name} may not have it: {why}")
    wished = owner.copy()
    wished[unit] = rep
    then = planning.problem.evaluate(wished)
    cost = round(then.objective - today.objective, 2)
    broken = next(_broken(planning, today, then), None)
    if broken is not None:
        return Judgement("rejected", name, cost, broken)
    money = f"costs USD {cost:,.0f} a year" if cost >= 0 else f"saves USD {-cost:,.0f} a year"
    if cost <= accept:
        return Judgement("accepted", name, cost, f"breaks no limit and {money}")
    return Judgement("priced", name, cost, f"breaks no limit; {money}, more than {accept:,.0f}")


def _broken(planning: Planning, today: Evaluation, then: Evaluation) -> Iterator[str]:
    """Hard limits that are exceeded by more than before, in words."""
    names = planning.problem.resources
    for side, before, after in (
        ("above the upper limit", today.excess_above, then.excess_above),
        ("below the lower limit", today.excess_below, then.excess_below),
    ):
        for j, e in zip(*np.nonzero(after > before + TOLERANCE), strict=True):
            what = names[e].removeprefix(LIMIT_PREFIX).replace("_", " ")
            who = planning.reps.ids[j]
            if names[e].startswith(LEVEL_PREFIX):
                who = holder_in_words(planning, names[e], j)
                what = names[e].rpartition(":")[2].replace("_", " ")
            yield (f"{who} would be {100 * after[j, e]:.1f} % of the target {side} of {what}")
    for b in np.flatnonzero(then.excess_budget > today.excess_budget + TOLERANCE):
        yield f"the move budget of {planning.problem.budgets[b].replace('_', ' ')} is used up"
    if then.clashes > today.clashes:
        yield "accounts that must have different owners would share one"
