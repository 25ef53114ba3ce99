"""Pairs of a territory plan: what a unit costs and takes with a rep, evaluated when asked.

Per account i and rep j, a year (sources of the formulas: DESIGN, "Formulas")

    round trip   t_ij  = min(2 * distance_ij * circuity / speed, cap)    great circle on the sphere
                         or min(2 * hours, cap) where the travel matrix lists the two zones
    travel hours       = visits_i * t_ij
    travel km          = travel hours * speed, or the matrix's km where it lists them, shortened
                         as much as the hours are by the cap
    fit          f_ij  = (1 - e * shortfall_ij / 0.5) * (1 - s * [stranger to the industry])
    win                = win_usd_i * f_ij          (expected sales = sales + win)
    fit loss           = max(win of the best-fitting rep its class or lock allows - win_ij, 0)
    disruption         = sales_i * loss rate * (1 - reliefs_ij)     if j is not the active incumbent
    handover           = handover_usd                               likewise

    cost of a unit     = sum over its accounts of
                         km cost + hours cost + margin * (disruption + fit loss) + handover

A trip is *unknown* where the matrix does not list it and the account has no coordinates or the rep
no base: then it is the account's mean over the reps to whom it is known, 0 where it is to none, so
that nobody gains or loses by a missing address.

A rep is allowed to a unit if its class has the rep and no account of the unit, other than the
rep's own, lies farther from the rep than the maximum distance on the road. Units that need an owner
and that this leaves without any are exempt from the distance (`waived_units`).

A unit without owner costs its price alone, takes nothing, and spends the move budgets of the active
incumbents it leaves.
"""

from copy import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimization.engine.problem import Arcs, PairValues, Prices, Ranking
from optimization.pairs import kernels
from optimization.pairs.blocks import over_blocks
from optimization.pairs.inputs import Floats, Ints, PairInputs
from optimization.pairs.preparation import allowed_counts, prepare, rep_rows

# What one pair evaluated alone costs, in pairs of a row that is evaluated at once.
ALONE = 200


@dataclass(frozen=True)
class AccountValues:
    """Given account-rep pairs, (n) each, a year; USD before the contribution margin.

    With nobody an account keeps its sales, wins nothing and loses nothing that is counted here.
    """

    travel_hours: Floats
    distance_km: Floats
    travel_cost_usd: Floats
    expected_sales_usd: Floats
    disruption_loss_usd: Floats
    fit_loss_usd: Floats
    handover_usd: Floats


class TerritoryPairs:
    """`engine.problem.Pairs` over accounts and reps; nothing of size units x reps is stored.

    threads: how many threads share the blocks; no result depends on it.
    """

    def __init__(self, inputs: PairInputs, threads: int = 1) -> None:
        self.inputs = inputs
        self.threads = threads
        self._data = prepare(inputs, threads)
        self.waived_units: Ints = np.flatnonzero(self._data.waived)

    @property
    def unit_count(self) -> int:
        return self.inputs.unit_count

    @property
    def rep_count(self) -> int:
        return self.inputs.rep_count

    @property
    def best_fit_usd(self) -> Floats:
        """(n) USD that the best-fitting rep the account may have would win, a year."""
        return self._data.account[:, kernels.BEST]

    def allowed_reps(self, unit: int) -> Ints:
        return self._allowed(np.array([unit], dtype=np.int64))[1]

    def pair_count(self) -> int:
        return self._pair_count

    @cached_property
    def _pair_count(self) -> int:
        return int(allowed_counts(self._data, np.arange(self.unit_count), self.threads).sum())

    def limited_to(self, reps: Ints) -> "TerritoryPairs":
        """The classes hold only `reps` from here on; what pairs cost and take stays the same."""
        kept = np.zeros(self.rep_count, dtype=bool)
        kept[reps] = True
        held = kept[self._data.class_rep]
        first = np.concatenate(([0], np.cumsum(held)))[self._data.class_first]
        limited = copy(self)
        limited.__dict__.pop("_pair_count", None)
        limited._data = self._data._replace(
            class_first=_indices(first), class_rep=_indices(self._data.class_rep[held])
        )
        return limited

    def at(self, unit: Ints, rep: Ints) -> PairValues:
        unit, rep = _indices(unit), _indices(rep)
        n, resources = unit.size, self.inputs.resource_count
        cost, load, fill = np.zeros(n), np.zeros((n, resources)), np.zeros((n, resources))
        weight = np.zeros((n, self.inputs.budget_count))

        def task(start: int, end: int) -> None:
            part = slice(start, end)
            self._evaluate(unit[part], rep[part], cost[part], load[part], fill[part], weight[part])

        over_blocks(task, n, ALONE, self.threads)
        return PairValues(cost=cost, load=load, fill=fill, weight=weight)

    def _evaluate(
        self, unit: Ints, rep: Ints, cost: Floats, load: Floats, fill: Floats, weight: Floats
    ) -> None:
        """Fill cost (n), load and fill (n, E) and weight (n, B) of some pairs."""
        inputs = self.inputs
        first = inputs.member_first[unit]
        count = inputs.member_first[unit + 1] - first
        start = np.cumsum(count) - count
        account = inputs.member[np.repeat(first - start, count) + np.arange(count.sum())]
        owner = np.repeat(rep, count)
        by_account = self.account_values(account, owner)
        leaves = (inputs.incumbent[account] >= 0) & (inputs.incumbent[account] != owner)

        def total(values: Floats) -> Floats:
            return np.add.reduceat(values, start, axis=0)

        for b in range(inputs.budget_count):
            weight[:, b] = total(np.where(leaves, inputs.move_weight[account, b], 0.0))
        lost = by_account.disruption_loss_usd + by_account.fit_loss_usd
        cost[:] = total(by_account.travel_cost_usd + inputs.margin * lost + by_account.handover_usd)
        held = rep < self.rep_count
        price = inputs.nobody_usd[unit]
        cost[:] = np.where(held, cost, np.where(np.isinf(price), 0.0, price))
        if not held.any():
            return
        travel, service = total(by_account.travel_hours), total(inputs.service_hours[account])
        at = np.where(held, rep, 0)
        for s, e in enumerate(inputs.separable_resource.tolist()):
            amount, scale = inputs.amount[unit, s], inputs.scale[at, s]
            load[:, e] = np.where(held & inputs.counts_above[unit, s], amount / scale, 0.0)
            capped = np.minimum(amount, inputs.fill_cap[at, s]) / scale
            fill[:, e] = np.where(held, capped, 0.0)
        if inputs.clock_resource >= 0:
            clock = (service / inputs.experience_multiplier[at] + travel) / inputs.capacity_hours[
                at
            ]
            load[:, inputs.clock_resource] = np.where(held, clock, 0.0)
        if inputs.travel_resource >= 0:
            load[:, inputs.travel_resource] = travel / inputs.travel_scale
        for e in (inputs.clock_resource, inputs.travel_resource):
            if e >= 0:
                fill[:, e] = load[:, e]

    def account_values(self, account: Ints, rep: Ints) -> AccountValues:
        """Values of the pairs (account[k], rep[k]), allowed or not; rep `rep_count` is nobody."""
        account, rep = _indices(account), _indices(rep)
        data, inputs = self._data, self.inputs
        found = np.zeros((account.size, kernels.HANDOVER + 1))
        kernels.account_values(data, account, rep, found)
        hours, km = found[:, kernels.HOURS], found[:, kernels.KM]
        win = found[:, kernels.WON]
        fit_loss = np.maximum(data.account[account, kernels.BEST] - win, 0.0)
        return AccountValues(
            travel_hours=hours,
            distance_km=km,
            travel_cost_usd=km * inputs.cost_per_km_usd + hours * inputs.cost_per_hour_usd,
            expected_sales_usd=inputs.sales[account] + win,
            disruption_loss_usd=found[:, kernels.LOSS],
            fit_loss_usd=np.where(rep < self.rep_count, fit_loss, 0.0),
            handover_usd=found[:, kernels.HANDOVER],
        )

    def cheapest(self, prices: Prices, depth: int, units: Ints | None = None) -> Ranking:
        chosen = np.arange(self.unit_count) if units is None else _indices(units)
        depth = min(depth, self.rep_count + 1)
        rep = np.full((chosen.size, depth), -1, dtype=np.int64)
        priced = np.full((chosen.size, depth), np.inf)
        holder = self._data.fixed[chosen]
        held = np.flatnonzero(holder >= 0)
        if held.size:
            rep[held, 0] = holder[held]
            priced[held, 0] = self.at(chosen[held], holder[held]).priced(holder[held], prices)
        free = np.flatnonzero(holder < 0)
        order = free[np.argsort(self.inputs.class_of[chosen[free]], kind="stable")]
        rows = rep_rows(self.inputs, prices)
        over_blocks(
            lambda start, end: kernels.rank(
                self._data, rows, chosen, order[start:end], rep, priced
            ),
            order.size,
            self.rep_count,
            self.threads,
        )
        return Ranking(rep, priced)

    def all_arcs(self, units: Ints | None = None) -> Arcs:
        chosen = np.arange(self.unit_count) if units is None else _indices(units)
        first, rep = self._allowed(chosen)
        return Arcs(first, rep, self.at(np.repeat(chosen, np.diff(first)), rep))

    def _allowed(self, units: Ints) -> tuple[Ints, Ints]:
        """(first, rep): allowed reps of each unit, rising, nobody last."""
        counts = allowed_counts(self._data, units, self.threads)
        first = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))
        rep = np.empty(first[-1], dtype=np.int64)
        over_blocks(
            lambda start, end: kernels.allowed(
                self._data, units[start:end], first[start:end], rep, False
            ),
            units.size,
            self.rep_count,
            self.threads,
        )
        return first, rep


def _indices(values: Ints) -> Ints:
    return np.require(values, dtype=np.int64, requirements=["C", "W"])
