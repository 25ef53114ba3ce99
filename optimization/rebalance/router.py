"""New accounts to territories, one after the other: the cheapest one that stays in its band.

A territory *stays in band* with an account if none of its upper limits (bands, account limits,
overtime ceiling, travel limit) is exceeded that was kept before, and no excess grows. What a rep
costs is the pair's cost and what the account adds to priced overtime and priced inner bands. Where
no territory stays in band, the one whose excess grows least gets the account, and the reason says
so. Everybody else keeps what they have: a rebalancing may do better, with moves.

Accounts are routed in descending order of their hours (families at once), each knowing where those
before it went: what is large is harder to place later.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from optimization.book.amounts import holder_in_words, reps_in_words, resource_in_words
from optimization.book.planning import Planning, build_planning
from optimization.book.tables import Floats, Ints
from optimization.engine.problem import TOLERANCE, PairValues
from optimization.errors import PlanInputError, nearest
from optimization.policy import Policy
from optimization.rebalance.standing import stand
from optimization.report.result import Schema

ROUTE_SCHEMA: Schema = {
    "account_id": pl.String(),
    "rep_id": pl.String(),
    "route_kind": pl.String(),  # in_band | least_excess | held
    "cost_usd": pl.Float64(),
    "runner_up_rep_id": pl.String(),
    "runner_up_delta_usd": pl.Float64(),
    "reps_in_band": pl.Int64(),
    "reason": pl.String(),
}


def route_accounts(
    accounts: pl.DataFrame,
    reps: pl.DataFrame,
    overrides: pl.DataFrame,
    policy: Policy,
    chosen: pl.DataFrame,
    *,
    account_ids: Iterable[str] | None = None,
    as_of: date | None = None,
    travel_matrix: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Route the accounts that the chosen plan gives to nobody who is still there.

    Args:
        accounts, reps, overrides, policy, chosen, as_of, travel_matrix: as in
            `rebalance_territories`.
        account_ids: only these (and their families); None: all without an owner.

    Returns:
        `ROUTE_SCHEMA`, by account_id: the rep, what the account costs with them (USD a year), the
        next best rep and how much more they would cost, and why.

    Raises:
        PlanInputError: a table contradicts itself, or an account is unknown or has an owner.
    """
    standing = stand(accounts, reps, chosen)
    planning = build_planning(
        standing.accounts, reps, overrides, policy, as_of=as_of, travel_matrix=travel_matrix
    )
    units = _wanted(planning, None if account_ids is None else list(account_ids))
    rows: list[dict[str, object]] = []
    for unit, decided in _routed(planning, units):
        rows += [
            {"account_id": planning.accounts.ids[i], **decided}
            for i in planning.units.members(unit).tolist()
        ]
    return pl.DataFrame(rows, schema=ROUTE_SCHEMA).sort("account_id")


def route_units(planning: Planning, units: Ints) -> Iterator[tuple[int, int]]:
    """Each of `units` with the index of the rep it is routed to."""
    for unit, decided in _routed(planning, units):
        (rep,) = planning.reps.find([str(decided["rep_id"])])
        yield unit, int(rep)


def _routed(planning: Planning, units: Ints) -> Iterator[tuple[int, dict[str, object]]]:
    """Each of `units` with what is decided of it, the largest first."""
    desk = _Desk(planning)
    hours = planning.units.total(planning.accounts.service_hours)
    for unit in units[np.lexsort((units, -hours[units]))].tolist():
        yield unit, desk.route(unit)


def _wanted(planning: Planning, account_ids: list[str] | None) -> Ints:
    """Units to route, rising."""
    home = planning.problem.incumbent
    assert home is not None
    free = home < 0
    if account_ids is None:
        return np.flatnonzero(free)
    place = planning.accounts.find(account_ids)
    for account_id, i in zip(account_ids, place.tolist(), strict=True):
        if i < 0:
            hint = nearest(account_id, planning.accounts.ids)
            raise PlanInputError(f"account {account_id} is not in the data{hint}")
        unit = int(planning.units.of_account[i])
        if not free[unit]:
            owner = planning.reps.labels[int(home[unit])]
            raise PlanInputError(
                f"account {account_id} (or its family) belongs to {owner} already; "
                "only accounts without an active owner are routed"
            )
    return np.unique(planning.units.of_account[place])


@dataclass(frozen=True)
class _Offer:
    """What each allowed rep would cost and exceed, (n) each."""

    rep: Ints
    cost: Floats
    excess: Floats  # growth of the total excess of upper limits
    resource: Ints  # the limit that grows most, -1: none


class _Desk:
    """The loads of all reps as accounts are placed."""

    def __init__(self, planning: Planning) -> None:
        self.planning, self.problem = planning, planning.problem
        home = self.problem.incumbent
        assert home is not None
        owner = np.where(home >= 0, home, self.problem.rep_count)
        values = self.problem.pairs.at(np.arange(owner.size), owner)
        self.limits = self.problem.limits
        self.load = self.limits.totals(owner, values.load)
        self.fill = self.limits.totals(owner, values.fill)

    def route(self, unit: int) -> dict[str, object]:
        """Give a unit to a rep, and say why."""
        reps = self.problem.pairs.allowed_reps(unit)
        reps = reps[reps < self.problem.rep_count]
        values = self.problem.pairs.at(np.full(reps.size, unit), reps)
        offer = self._offer(reps, values)
        order = np.lexsort((offer.rep, offer.cost, _steps(offer.excess)))
        best = int(order[0])
        at = self.limits.at(reps[[best]])
        np.add.at(self.load, at, values.load[[best]])
        np.add.at(self.fill, at, values.fill[[best]])
        next_best = int(order[1]) if order.size > 1 else -1
        is_held = self.planning.units.fixed[unit] >= 0
        in_band = int((offer.excess <= TOLERANCE).sum())
        kind = "held" if is_held else "in_band" if offer.excess[best] <= TOLERANCE else None
        return {
            "rep_id": self.planning.reps.ids[int(reps[best])],
            "route_kind": kind or "least_excess",
            "cost_usd": round(float(offer.cost[best]), 4),
            "runner_up_rep_id": None
            if next_best < 0
            else self.planning.reps.ids[int(reps[next_best])],
            "runner_up_delta_usd": None
            if next_best < 0
            else round(float(offer.cost[next_best] - offer.cost[best]), 4),
            "reps_in_band": in_band,
            "reason": self._reason(offer, best, is_held),
        }

    def _offer(self, reps: Ints, values: PairValues) -> _Offer:
        limits, shared = self.limits.seen_by(reps), self.limits.shared
        load, fill = shared(self.load)[reps], shared(self.fill)[reps]
        then, filled = load + values.load, fill + values.fill
        growth = np.maximum(then - limits.upper, 0.0) - np.maximum(load - limits.upper, 0.0)
        growth = np.where(np.isfinite(growth), growth, 0.0)
        priced = limits.price_above * (
            np.maximum(then - limits.soft_upper, 0.0) - np.maximum(load - limits.soft_upper, 0.0)
        )
        relieved = limits.price_below * (
            np.maximum(limits.soft_lower - fill, 0.0) - np.maximum(limits.soft_lower - filled, 0.0)
        )
        worst = growth.argmax(axis=1) if growth.shape[1] else np.full(reps.size, -1)
        broken = growth.max(axis=1, initial=0.0) > TOLERANCE
        return _Offer(
            rep=reps,
            cost=values.cost + priced.sum(axis=1) - relieved.sum(axis=1),
            excess=growth.sum(axis=1),
            resource=np.where(broken, worst, -1),
        )

    def _reason(self, offer: _Offer, best: int, is_held: bool) -> str:
        labels = self.planning.reps.labels
        name = labels[int(offer.rep[best])]
        if is_held:
            return f"{name} holds it by a lock or a manual assignment."
        if offer.rep.size == 1:
            return f"{name} is the only rep who may own it." + self._excess(offer, best)
        if offer.excess[best] > TOLERANCE:
            return (
                f"No territory stays in band with it; that of {name} leaves it least."
                + self._excess(offer, best)
            )
        cheaper = np.flatnonzero(offer.cost < offer.cost[best] - 1e-9)
        if not cheaper.size:
            return f"{name} costs least and stays in band."
        first = cheaper[np.argsort(offer.cost[cheaper], kind="stable")]
        saved = offer.cost[best] - offer.cost[first[0]]
        who = reps_in_words(self.planning.reps, offer.rep[first])
        most = "up to " if first.size > 1 else ""
        return (
            f"{name} costs least of the territories that stay in band. {who} would cost "
            f"{most}USD {saved:,.0f} a year less and leave the band."
            + self._excess(offer, int(first[0]))
        )

    def _excess(self, offer: _Offer, at: int) -> str:
        e = int(offer.resource[at])
        if e < 0:
            return ""
        name = self.problem.resources[e]
        words = resource_in_words(self.planning, name)
        who = holder_in_words(self.planning, name, int(offer.rep[at]))
        return (
            f" {words.short.capitalize()} of {who}: "
            f"{100 * offer.excess[at]:.1f} points of {words.whole} above."
        )


def _steps(excess: Floats) -> Floats:
    """Excess in millionths: rounding must not decide between reps who all stay in band."""
    return np.where(excess <= TOLERANCE, 0.0, np.round(excess / TOLERANCE))
