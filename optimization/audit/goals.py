"""What each rep should hold of each metric: targets from weights, fixed amounts and giants.

Reps and units that can meet split what they hold among themselves. A *giant* is a unit larger than
the band of every rep it may have; it counts as the largest such upper limit when the total is
split, and nothing toward the upper limit of its owner.
"""

from dataclasses import dataclass

import numpy as np

from optimization.audit.eligibility import Eligibility
from optimization.audit.ledger import Bools, Floats, Ints, Ledger
from optimization.audit.ownership import Ownership, sums
from optimization.policy import METRICS, MetricBand

COLUMNS = {
    "hours": "service_hours",
    "potential": "potential_usd",
    "sales": "actual_sales_usd",
    "account_count": "account_count",
}
# Giants may take all but this share of what there is to split; then no more units count as giants.
LEAST_LEFT = 0.02
# A unit exactly as large as the limit is no giant.
BEYOND = 1 + 1e-9


@dataclass(frozen=True)
class Goal:
    """One metric: what accounts count in it and what reps should hold."""

    name: str
    band: MetricBand | None  # None: published, not limited
    amount: Floats  # (n)
    is_giant: Bools  # (n) whether the account's unit is a giant
    target: Floats  # (J)
    scale: Floats  # (J) one unit of relative deviation: the target where positive, else the mean

    def limit(self, side: int, tolerance_pct: float) -> Floats:
        """(J) limits at a tolerance; side: -1 lower, 1 upper."""
        return (1 + side * tolerance_pct / 100) * self.target

    def loads(self, owner: Ints, reps: int) -> Floats:
        """(J) whole loads; nobody's are left out."""
        return sums(owner, reps + 1, self.amount)[:reps]

    def ordinary_loads(self, owner: Ints, reps: int) -> Floats:
        """(J) loads without giants."""
        return sums(owner, reps + 1, np.where(self.is_giant, 0.0, self.amount))[:reps]

    def has_giant(self, owner: Ints, reps: int) -> Bools:
        """(J) reps who own a giant."""
        return sums(owner, reps + 1, self.is_giant.astype(np.float64))[:reps] > 0


def read_goals(ledger: Ledger, ownership: Ownership, eligibility: Eligibility) -> list[Goal]:
    """The policy's metrics in its order, then the measures it does not name, unlimited."""
    named = {band.name for band in ledger.policy.metrics}
    rest = [MetricBand.model_validate({"metric": one}) for one in METRICS if one not in named]
    return [
        *(_goal(ledger, ownership, eligibility, band, True) for band in ledger.policy.metrics),
        *(_goal(ledger, ownership, eligibility, band, False) for band in rest),
    ]


def _goal(
    ledger: Ledger, ownership: Ownership, rows: Eligibility, band: MetricBand, is_limited: bool
) -> Goal:
    counts = ledger.matching(band.accounts)
    amount = np.where(counts, ledger.amount(COLUMNS[band.metric]), 0.0)
    load = sums(ownership.unit, ownership.unit_count, amount)
    concerned = np.arange(ownership.unit_count)
    if band.accounts:
        concerned = np.unique(ownership.unit[counts])
    weight = {
        "capacity": ledger.of_reps("effective_capacity_hours"),
        "headcount": ledger.of_reps("fte_share") * ledger.of_reps("ramp_share"),
        "equal": np.ones(ledger.rep_count),
    }[band.targets]
    fixed = np.full(ledger.rep_count, np.nan)
    for rep_id, given in band.fixed_targets.items():
        fixed[ledger.reps["rep_id"].to_numpy() == rep_id] = given
    island = _islands(rows, concerned, ledger.rep_count)
    target, giant = np.zeros(ledger.rep_count), np.zeros(load.size, dtype=bool)
    order, first = _by_island(rows, island)
    widest = 1 + band.tolerance_pct / 100
    for c in range(first.size - 1):
        reps, units = np.flatnonzero(island == c), order[first[c] : first[c + 1]]
        split = _Split.of(rows, reps, units, load[units], weight, fixed, widest)
        target[reps] = split.targets(is_limited)
        giant[units] = split.giant
    positive = target[target > 0]
    usual = float(positive.mean()) if positive.size else 1.0
    return Goal(
        name=band.name,
        band=band if is_limited else None,
        amount=amount,
        is_giant=giant[ownership.unit],
        target=target,
        scale=np.where(target > 0, target, usual),
    )


def _islands(rows: Eligibility, concerned: Ints, reps: int) -> Ints:
    """(J) number of the island of each rep: reps joined by units they may own or hold."""
    label = np.arange(reps)

    def join(members: Ints) -> None:
        names = np.unique(label[members])
        if names.size > 1:
            label[np.isin(label, names)] = names[0]

    kind, holder = rows.kind[concerned], rows.holder[concerned]
    for one in np.unique(kind).tolist():
        join(np.flatnonzero(rows.reps[one]))
    held = holder >= 0
    for pair in np.unique(kind[held] * reps + holder[held]).tolist():
        may = np.flatnonzero(rows.reps[pair // reps])
        join(np.append(may[:1], pair % reps))
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


def _by_island(rows: Eligibility, island: Ints) -> tuple[Ints, Ints]:
    """Units grouped by island, and where each begins; units without any rep are left out."""
    some = rows.reps.argmax(axis=1) if island.size else np.zeros(rows.reps.shape[0], dtype=np.int64)
    rep = np.where(rows.holder >= 0, rows.holder, some[rows.kind])
    has_rep = (rows.holder >= 0) | (np.count_nonzero(rows.reps, axis=1) > 0)[rows.kind]
    units = np.flatnonzero(has_rep)
    home = island[rep[units]] if island.size else units
    count = int(island.max(initial=-1)) + 1
    order = np.argsort(home, kind="stable")
    return units[order], np.searchsorted(home[order], np.arange(count + 1))


@dataclass
class _Split:
    """How one island splits a total R among reps without a fixed target; R + F = total."""

    load: Floats  # (units)
    share: Floats  # (reps) of R, 0 for reps with a fixed target
    fixed: Floats  # (reps) NaN where not fixed
    cap_share: Floats  # (units) largest upper limit of a rep it may have, per R
    cap_amount: Floats  # (units) the same among reps with fixed targets
    giant: Bools  # (units)

    @classmethod
    def of(
        cls,
        rows: Eligibility,
        reps: Ints,
        units: Ints,
        load: Floats,
        weight: Floats,
        fixed: Floats,
        widest: float,
    ) -> "_Split":
        free = np.isnan(fixed[reps])
        pull = np.where(free, weight[reps], 0.0)
        if pull.sum() <= 0:
            pull = free.astype(np.float64)
        share = pull / pull.sum() if pull.any() else pull
        of_rep, amount_of = np.zeros(fixed.size), np.nan_to_num(fixed)
        of_rep[reps] = share
        return cls(
            load=load,
            share=share,
            fixed=fixed[reps],
            cap_share=widest * _largest(rows, units, of_rep),
            cap_amount=widest * _largest(rows, units, amount_of),
            giant=np.zeros(load.size, dtype=bool),
        )

    def targets(self, has_giants: bool) -> Floats:
        """(reps) targets; fills in which units are giants."""
        rest, _ = self._solve(self.giant)
        while has_giants:
            cap = np.maximum(self.cap_share * rest, self.cap_amount)
            joined = self.giant | (self.load > cap * BEYOND)
            if (joined == self.giant).all():
                break
            found, left = self._solve(joined)
            if left < LEAST_LEFT:
                break
            rest, self.giant = found, joined
        return np.where(np.isnan(self.fixed), self.share * rest, self.fixed)

    def _solve(self, giant: Bools) -> tuple[float, float]:
        """(R, share of R that giants leave): R is what ordinary units and capped giants hold.

        Bisection on R: the two sides differ by a function that only rises where giants leave
        anything at all.
        """
        a, b = self.cap_share[giant], self.cap_amount[giant]
        ordinary = float(self.load[~giant].sum()) - float(np.nansum(self.fixed))

        def lacks(rest: float) -> bool:
            return rest < ordinary + float(np.maximum(a * rest, b).sum())

        if not a.size:
            return max(ordinary, 0.0), 1.0
        if not lacks(0.0):
            # Fixed targets hold all there is. Caps that grow faster than R have another root above.
            return 0.0, 1 - float(a[(a > 0) & (b <= 0)].sum())
        whole = max(float(self.load.sum()), 1.0)
        low, high = 0.0, whole
        while lacks(high):
            low, high = high, 2 * high
            if high > whole / LEAST_LEFT**2:
                return high, 0.0
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if lacks(middle) else (low, middle)
        # Where giants hold everything nothing is left to split, and no rounding residue of it.
        rest = high if high > 1e-12 * whole else 0.0
        return rest, 1 - float(a[a * high > b].sum())


def _largest(rows: Eligibility, units: Ints, value: Floats) -> Floats:
    """Largest value, (J), among the reps that each unit may have."""
    if not value.size:
        return np.zeros(units.size)
    best = np.where(rows.reps, value[None, :], 0.0).max(axis=1)[rows.kind[units]]
    holder = rows.holder[units]
    return np.where(holder >= 0, value[np.maximum(holder, 0)], best)
