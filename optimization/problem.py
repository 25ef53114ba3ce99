"""The planning problem as arrays: sets, parameters and rows. What every solver part reads.

Symbols (units u in U, reps j in J, row kinds q in Q, slack kinds g)
    c_uj     cost, USD a year         travel cost + margin * (disruption loss + fit loss)
    a_ujq    coefficient              share of rep j's target (or capacity) unit u takes in row q
    b_jq     limit                    row (j, q):  sum_u a_ujq x_uj - s_{j,g(q)} <= b_jq
    p_jg     price, USD per unit of slack g of rep j; relaxation slacks have none (see below)

Rows per rep: upper and lower limit of every banded metric, both limits of the inner band where one
is asked for, and overtime. All are written as <= and scaled so that 1 is the rep's whole target
(or clock capacity). Slack kinds: `relax` widens a hard band (allowed only up to a total budget,
0 by default), `deviation` lies outside the inner band, `overtime` is clock hours above capacity.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from optimization.errors import PlanInputError, SolverError
from optimization.policy import METRICS, Policy, SolverPolicy
from optimization.result import Finding
from optimization.tables import (
    AccountArrays,
    Bools,
    Floats,
    Ints,
    RepArrays,
    read_accounts,
    read_overrides,
    read_reps,
)
from optimization.targets import Targets, build_targets
from optimization.units import Units, build_units
from optimization.value import PairValues, pair_values

COEFFICIENT_LIMIT = 1e7
# Share of a target by which a limit may be missed and still counts as kept: 1 in a million.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class RowKind:
    """One row per rep: which limit it states and which slack may exceed it."""

    name: str  # upper | lower | soft_upper | soft_lower | overtime
    metric: int  # index into METRICS; -1 for overtime
    slack: int  # index into Problem.slacks


@dataclass(frozen=True)
class SlackKind:
    """One slack per rep, priced per unit, or `relax` (price 0, total limited by the budget)."""

    name: str  # relax | deviation | overtime
    metric: int
    price: Floats  # (J) USD per unit of slack


@dataclass(frozen=True)
class Problem:
    """What the solvers see: U units, J reps, Q row kinds, G slack kinds. Never changed in place."""

    allowed: Bools  # (U, J)
    preferred: Bools  # (U, J) pairs of today, worth offering to the LP first
    cost: Floats  # (U, J) USD a year
    rows: tuple[RowKind, ...]
    slacks: tuple[SlackKind, ...]
    coefficient: Floats  # (U, J, Q)
    limit: Floats  # (J, Q)
    solver: SolverPolicy
    seed: int

    @property
    def unit_count(self) -> int:
        return self.allowed.shape[0]

    @property
    def rep_count(self) -> int:
        return self.allowed.shape[1]

    @property
    def relax_slacks(self) -> list[int]:
        return [g for g, slack in enumerate(self.slacks) if slack.name == "relax"]

    def row_load(self, owner: Ints) -> Floats:
        """Left-hand sides without slack, (J, Q), for the owner (U) of each unit."""
        total = np.zeros(self.limit.shape)
        np.add.at(total, owner, self.coefficient[np.arange(owner.size), owner])
        return total

    def slack_values(self, owner: Ints) -> Floats:
        """Smallest slacks, (J, G), with which the plan keeps every row."""
        excess = np.maximum(self.row_load(owner) - self.limit, 0.0)
        slack = np.zeros((self.rep_count, len(self.slacks)))
        for q, row in enumerate(self.rows):
            slack[:, row.slack] = np.maximum(slack[:, row.slack], excess[:, q])
        return slack

    def relaxation(self, owner: Ints) -> float:
        """Total widening of hard bands the plan needs, in targets; misses in tolerance are 0."""
        relax = self.slack_values(owner)[:, self.relax_slacks]
        return float(relax[relax > TOLERANCE].sum())

    def objective(self, owner: Ints) -> float:
        """Cost of the plan in USD, relaxations not priced."""
        slack = self.slack_values(owner)
        priced = sum(float((slack[:, g] * kind.price).sum()) for g, kind in enumerate(self.slacks))
        return float(self.cost[np.arange(owner.size), owner].sum()) + priced

    def part(self, owner: Ints, reps: Ints) -> tuple["Problem", Ints]:
        """The problem of re-dealing among `reps` what they own now, and the units concerned.

        The other territories do not change, so any answer can be put back into the whole plan.
        """
        units = np.flatnonzero(np.isin(owner, reps))
        cells = np.ix_(units, reps)
        slacks = tuple(replace(slack, price=slack.price[reps]) for slack in self.slacks)
        part = replace(
            self,
            allowed=self.allowed[cells],
            preferred=self.preferred[cells],
            cost=self.cost[cells],
            coefficient=self.coefficient[cells],
            limit=self.limit[reps],
            slacks=slacks,
        )
        return part, units


@dataclass(frozen=True)
class Planning:
    """The business side: who the units and reps are, and where the numbers come from.

    fit_loss_usd, and all of `values`, are (n, J): one row per account, not per unit.
    """

    policy: Policy
    accounts: AccountArrays
    reps: RepArrays
    units: Units
    targets: Targets
    values: PairValues
    fit_loss_usd: Floats
    clock_hours: Floats  # (U, J)
    problem: Problem
    findings: tuple[Finding, ...]
    clashes: tuple[str, ...]  # units nobody may own, in words


def build_problem(
    accounts: pl.DataFrame, reps: pl.DataFrame, overrides: pl.DataFrame, policy: Policy
) -> Planning:
    """Turn the planning tables into arrays.

    Raises:
        PlanInputError: a table or an override contradicts itself.
    """
    rep_arrays = read_reps(reps)
    account_arrays = read_accounts(accounts, rep_arrays)
    if len(rep_arrays) == 0 and len(account_arrays) > 0:
        raise PlanInputError("the plan has no active rep or vacant seat to give accounts to")
    units, findings, clashes = build_units(
        account_arrays, rep_arrays, read_overrides(overrides), policy
    )
    targets = build_targets(account_arrays, rep_arrays, units, policy)
    values = pair_values(account_arrays, rep_arrays, policy)
    fit_loss = _fit_loss(values.expected_sales_usd, units)
    margin = policy.response.contribution_margin
    cost = units.total(values.travel_cost_usd + margin * (values.disruption_loss_usd + fit_loss))
    hours = targets.load[:, METRICS.index("hours")]
    clock = hours[:, None] / rep_arrays.experience_multiplier[None, :] + units.total(
        values.travel_hours
    )
    rows, slacks, coefficient, limit = _rows(policy, targets, clock, rep_arrays.capacity_hours)
    preferred = np.zeros_like(units.allowed)
    owned = account_arrays.incumbent >= 0
    preferred[units.of_account[owned], account_arrays.incumbent[owned]] = True
    problem = Problem(
        allowed=units.allowed,
        preferred=preferred & units.allowed,
        cost=cost,
        rows=rows,
        slacks=slacks,
        coefficient=coefficient,
        limit=limit,
        solver=policy.solver,
        seed=policy.seed,
    )
    _guard(problem)
    return Planning(
        policy=policy,
        accounts=account_arrays,
        reps=rep_arrays,
        units=units,
        targets=targets,
        values=values,
        fit_loss_usd=fit_loss,
        clock_hours=clock,
        problem=problem,
        findings=(*findings, *_data_findings(account_arrays, rep_arrays)),
        clashes=tuple(clashes),
    )


def _fit_loss(expected: Floats, units: Units) -> Floats:
    """Expected sales of the best-fitting rep it may have, less this rep's; (n, J), >= 0."""
    may_have = (units.eligible | units.allowed)[units.of_account]
    best = np.where(may_have, expected, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    return np.maximum(best - expected, 0.0)


def _rows(
    policy: Policy, targets: Targets, clock: Floats, capacity: Floats
) -> tuple[tuple[RowKind, ...], tuple[SlackKind, ...], Floats, Floats]:
    rows: list[RowKind] = []
    slacks: list[SlackKind] = []
    coefficients: list[Floats] = []
    limits: list[Floats] = []
    reps = capacity.size

    def add(name: str, metric: int, coefficient: Floats, limit: Floats) -> None:
        rows.append(RowKind(name, metric, len(slacks) - 1))
        coefficients.append(coefficient)
        limits.append(limit)

    for band in policy.metrics:
        k = METRICS.index(band.metric)
        scale, target = targets.scale[:, k], targets.target[:, k]
        giant = targets.giant[:, k][:, None]
        load = targets.load[:, k][:, None] / scale[None, :]
        floor = targets.lower[:, k] / scale
        upper = np.where(giant, 0.0, load)
        lower = -np.where(giant, floor[None, :], load)
        slacks.append(SlackKind("relax", k, np.zeros(reps)))
        add("upper", k, upper, targets.upper[:, k] / scale)
        add("lower", k, lower, -floor)
        if band.soft_tolerance_pct is not None and band.soft_price_usd_per_pct > 0:
            soft = band.soft_tolerance_pct / 100
            slacks.append(
                SlackKind("deviation", k, np.full(reps, band.soft_price_usd_per_pct * 100))
            )
            inner = (1 - soft) * target / scale
            add("soft_upper", k, upper, (1 + soft) * target / scale)
            add("soft_lower", k, -np.where(giant, inner[None, :], load), -inner)
    if policy.overtime.price_usd_per_hour > 0:
        scale = np.where(capacity > 0, capacity, max(float(capacity.max(initial=0.0)), 1.0))
        slacks.append(SlackKind("overtime", -1, policy.overtime.price_usd_per_hour * scale))
        add("overtime", -1, clock / scale[None, :], capacity / scale)
    shape = (clock.shape[0], reps, len(rows))
    stacked = np.stack(coefficients, axis=2) if rows else np.zeros(shape)
    return (
        tuple(rows),
        tuple(slacks),
        stacked,
        np.column_stack(limits) if rows else np.zeros((reps, 0)),
    )


def _guard(problem: Problem) -> None:
    """Refuse numbers a solver would silently mistreat: from 1e15 HiGHS drops whole constraints."""
    pairs = problem.allowed
    worst = np.abs(problem.coefficient[pairs]).max(initial=0.0)
    if not worst <= COEFFICIENT_LIMIT:
        raise SolverError(
            f"a unit takes {worst:.3g} times a rep's target, above the limit of "
            f"{COEFFICIENT_LIMIT:.0e}; check the account's hours, potential and sales"
        )
    if not np.isfinite(problem.cost).all():
        raise SolverError("a pair of account and rep has a cost that is no finite number")


def _data_findings(accounts: AccountArrays, reps: RepArrays) -> Sequence[Finding]:
    findings = []
    nowhere = int(np.isnan(accounts.latitude).sum())
    if nowhere:
        findings.append(
            Finding(
                "info",
                "account_without_coordinates",
                None,
                nowhere,
                f"{nowhere} account(s) have no coordinates; their travel counts as 0 for every rep",
            )
        )
    homeless = [reps.ids[j] for j in np.flatnonzero(np.isnan(reps.latitude))]
    if homeless:
        findings.append(
            Finding(
                "info",
                "rep_without_base",
                homeless[0] if len(homeless) == 1 else None,
                len(homeless),
                f"{len(homeless)} rep(s) have no base ({', '.join(homeless[:5])}"
                f"{' …' if len(homeless) > 5 else ''}); each account's mean travel over the other "
                "reps was taken",
            )
        )
    return findings
