"""What reps are limited in: bands, clock hours, travel hours, numbers of accounts.

Resources stand in this order: the policy's metrics, `clock_hours` (where overtime is priced or
limited), `travel_hours` (where they are limited), `limit:<name>` of every account limit,
`level:<column>:<metric>` of every band of a level. All loads are scaled: 1 is the rep's target,
capacity, travel limit, or most accounts, or the target of the rep's group.
"""

from dataclasses import dataclass, replace

import numpy as np

from optimization.book.filters import matches
from optimization.book.levels import Level
from optimization.book.tables import AccountArrays, Bools, Floats, Ints, RepArrays
from optimization.book.targets import Targets
from optimization.book.units import Units
from optimization.engine.problem import COEFFICIENT_LIMIT, Limits
from optimization.errors import SolverError
from optimization.policy import LIMIT_PREFIX, AccountLimit, MetricBand, Policy


@dataclass(frozen=True)
class Resources:
    """E resources; the S separable ones are amounts of a unit over a scale of the rep."""

    names: tuple[str, ...]  # (E)
    limits: Limits  # (J, E)
    amount: Floats  # (U, S) hours, USD or accounts
    counts_above: Bools  # (U, S) False: a giant
    scale: Floats  # (J, S) above 0
    fill_cap: Floats  # (J, S) most that one unit counts toward the lower limits, in amounts
    separable: Ints  # (S) place among the resources
    clock: int  # place, -1 without
    travel: int
    clock_scale: Floats  # (J) hours, above 0


def build_resources(
    accounts: AccountArrays,
    reps: RepArrays,
    units: Units,
    targets: Targets,
    levels: tuple[Level, ...],
    policy: Policy,
) -> Resources:
    """Limits and separable amounts of the policy.

    Raises:
        SolverError: a unit takes so much of a rep's target that a solver would drop the limit.
    """
    bands = len(policy.metrics)
    has_clock = policy.overtime.price_usd_per_hour > 0 or policy.overtime.max_pct is not None
    has_travel = policy.travel.max_hours_per_rep is not None
    rules = policy.account_limits
    names = [metric.name for metric in policy.metrics]
    clock = _next(names, "clock_hours") if has_clock else -1
    travel = _next(names, "travel_hours") if has_travel else -1
    first_rule = len(names)
    names.extend(LIMIT_PREFIX + rule.name for rule in rules)
    first_level = len(names)
    names.extend(level.resource for level in levels)
    limits = Limits.none(len(reps), len(names))
    capacity = reps.capacity_hours
    clock_scale = np.where(capacity > 0, capacity, max(float(capacity.max(initial=0.0)), 1.0))
    separable = [*range(bands), *range(first_rule, len(names))]
    scale = np.ones((len(reps), len(separable)))
    fill_cap = np.full(scale.shape, np.inf)
    for k, band in enumerate(policy.metrics):
        scale[:, k] = targets.scale[:, k]
        fill_cap[:, k] = _band_limits(limits, k, band, targets)
    if clock >= 0:
        full = capacity / clock_scale
        limits.soft_upper[:, clock] = full
        limits.price_above[:, clock] = policy.overtime.price_usd_per_hour * clock_scale
        if policy.overtime.max_pct is not None:
            limits.upper[:, clock] = policy.overtime.max_pct / 100 * full
    if travel >= 0:
        limits.upper[:, travel] = 1.0
    counts = np.zeros((len(units), len(rules)))
    for r, rule in enumerate(rules):
        counts[:, r] = units.total(matches(accounts.text, rule.accounts).astype(np.float64))
        scale[:, bands + r] = _limit_scale(rule)
        fill_cap[:, bands + r] = _account_limits(limits, first_rule + r, rule, reps)
    for at, level in enumerate(levels):
        place = bands + len(rules) + at
        scale[:, place], fill_cap[:, place] = _level_limits(limits, first_level + at, level)
    if levels:
        limits = replace(limits, place=_places(levels, *limits.upper.shape))
    metric = [*range(bands)], [level.metric for level in levels]
    resources = Resources(
        names=tuple(names),
        limits=limits,
        amount=np.column_stack((targets.load[:, metric[0]], counts, targets.load[:, metric[1]])),
        counts_above=np.column_stack(
            (~targets.giant[:, metric[0]], counts >= 0, ~targets.giant[:, metric[1]])
        ),
        scale=scale,
        fill_cap=fill_cap,
        separable=np.array(separable, dtype=np.int64),
        clock=clock,
        travel=travel,
        clock_scale=clock_scale,
    )
    _guard(resources, units)
    return resources


def _next(names: list[str], name: str) -> int:
    names.append(name)
    return len(names) - 1


def _band_limits(limits: Limits, k: int, band: MetricBand, targets: Targets) -> Floats:
    """Fill in the limits of metric k; returns what one unit counts at most toward the lower ones.

    That is the higher of the hard and the priced lower limit, so that it changes neither.
    """
    scale, target = targets.scale[:, k], targets.target[:, k]
    limits.lower[:, k] = targets.lower[:, k] / scale
    limits.upper[:, k] = targets.upper[:, k] / scale
    if band.soft_tolerance_pct is None or band.soft_price_usd_per_pct == 0:
        return targets.lower[:, k]
    soft = band.soft_tolerance_pct / 100
    limits.soft_lower[:, k] = (1 - soft) * target / scale
    limits.soft_upper[:, k] = (1 + soft) * target / scale
    limits.price_below[:, k] = limits.price_above[:, k] = band.soft_price_usd_per_pct * 100
    return np.maximum(targets.lower[:, k], (1 - soft) * target)


def _limit_scale(rule: AccountLimit) -> float:
    whole = rule.maximum if rule.maximum is not None else rule.minimum
    return float(max(whole or 0, 1))


def _account_limits(limits: Limits, place: int, rule: AccountLimit, reps: RepArrays) -> Floats:
    """Fill in the limits of a rule; returns the caps of single units, (J)."""
    concerned = matches(reps.text, rule.reps)
    scale = _limit_scale(rule)
    cap = np.full(len(reps), np.inf)
    if rule.maximum is not None:
        limits.upper[concerned, place] = rule.maximum / scale
    if rule.minimum is not None:
        limits.lower[concerned, place] = rule.minimum / scale
        cap[concerned] = rule.minimum
    return cap


def _level_limits(limits: Limits, place: int, level: Level) -> tuple[Floats, Floats]:
    """Fill in a level's limits in the places of the first reps of its groups.

    Returns the scale of every rep, its group's target, and what one unit counts at most toward the
    lower limits. Reps in no group have no limit.
    """
    band, first, scale = level.band, level.first, level.scale
    lower = level.limit(-1, band.tolerance_pct)
    limits.lower[first, place] = lower / scale
    limits.upper[first, place] = level.limit(1, band.tolerance_pct) / scale
    if band.soft_tolerance_pct is not None and band.soft_price_usd_per_pct > 0:
        inner = level.limit(-1, band.soft_tolerance_pct)
        limits.soft_lower[first, place] = inner / scale
        limits.soft_upper[first, place] = level.limit(1, band.soft_tolerance_pct) / scale
        limits.price_below[first, place] = band.soft_price_usd_per_pct * 100
        limits.price_above[first, place] = band.soft_price_usd_per_pct * 100
        lower = np.maximum(lower, inner)
    outside = level.of_rep < 0
    usual = float(scale.mean()) if scale.size else 1.0
    of_rep = np.where(outside, usual, np.append(scale, usual)[level.of_rep])
    return of_rep, np.where(outside, np.inf, np.append(lower, np.inf)[level.of_rep])


def _places(levels: tuple[Level, ...], reps: int, resources: int) -> Ints:
    """(J, E) the rep in whose place a load counts: levels come last, their groups' first reps."""
    place = np.repeat(np.arange(reps)[:, None], resources, axis=1)
    for at, level in enumerate(levels):
        held = np.flatnonzero(level.of_rep >= 0)
        place[held, resources - len(levels) + at] = level.first[level.of_rep[held]]
    return place


def _guard(resources: Resources, units: Units) -> None:
    """Refuse numbers a solver would silently mistreat: from 1e15 HiGHS drops whole constraints."""
    for s, place in enumerate(resources.separable.tolist()):
        smallest = float(resources.scale[:, s].min(initial=np.inf))
        amount = np.where(resources.counts_above[:, s], resources.amount[:, s], 0.0)
        if not float(amount.max(initial=0.0)) <= COEFFICIENT_LIMIT * smallest:
            unit = int(amount.argmax())
            raise SolverError(
                f"{units.ids[unit]} takes {amount[unit] / smallest:.3g} times a rep's target of "
                f"{resources.names[place]}, above the limit of {COEFFICIENT_LIMIT:.0e}; check the "
                "account's hours, potential and sales"
            )
