"""Everything about a plan before it is solved: who the units and reps are, and the problem."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from optimization.book.alignment import build_units
from optimization.book.budgets import build_budgets
from optimization.book.conflicts import find_clashes
from optimization.book.level_conflicts import level_clashes
from optimization.book.levels import Level, build_levels
from optimization.book.overrides import read_overrides, resolve_overrides
from optimization.book.pairing import pair_inputs, territory_pairs
from optimization.book.remarks import data_findings, remark_each
from optimization.book.resources import build_resources
from optimization.book.separation import separate_units
from optimization.book.tables import AccountArrays, Ints, RepArrays, read_accounts, read_reps
from optimization.book.targets import Targets, build_targets
from optimization.book.travel import build_trips
from optimization.book.units import Units
from optimization.engine.problem import Effort, Problem
from optimization.errors import PlanInputError
from optimization.finding import Finding
from optimization.policy import Policy, SolverPolicy

if TYPE_CHECKING:
    # Its kernels import numba, which costs a second that reading a policy should not.
    from optimization.pairs.territory import TerritoryPairs


@dataclass(frozen=True)
class Planning:
    """The business side of a problem; the engine sees only `problem`."""

    policy: Policy
    as_of: date | None
    accounts: AccountArrays
    reps: RepArrays
    units: Units
    targets: Targets
    levels: tuple[Level, ...]
    pairs: "TerritoryPairs"
    problem: Problem
    findings: tuple[Finding, ...]
    clashes: tuple[str, ...]  # limits that no plan can keep, in words


def build_planning(
    accounts: pl.DataFrame,
    reps: pl.DataFrame,
    overrides: pl.DataFrame,
    policy: Policy,
    *,
    as_of: date | None = None,
    travel_matrix: pl.DataFrame | None = None,
) -> Planning:
    """Turn the planning tables and a policy into the problem to solve.

    as_of: the day of the plan, for lock rules that expire. travel_matrix: what
    `read_travel_matrix` returns for `policy.travel.matrix`.

    Raises:
        PlanInputError: a table, an override or the matrix contradicts itself or the policy.
        SolverError: an amount is too large for any solver to treat reliably.
    """
    rep_arrays = read_reps(reps)
    account_arrays = read_accounts(accounts, rep_arrays)
    if len(rep_arrays) == 0 and len(account_arrays) > 0:
        raise PlanInputError("the plan has no active rep or vacant seat to give accounts to")
    manual, findings = resolve_overrides(account_arrays, rep_arrays, read_overrides(overrides))
    units, remarks, clashes = build_units(account_arrays, rep_arrays, manual, policy, as_of)
    findings.extend(remarks)
    separate, remarks, inseparable = separate_units(
        account_arrays, rep_arrays, units, policy, manual
    )
    findings.extend(remarks)
    targets, remarks = build_targets(account_arrays, rep_arrays, units, policy)
    findings.extend(remarks)
    levels, remarks = build_levels(rep_arrays, targets, policy)
    findings.extend(remarks)
    trips, remarks = build_trips(account_arrays, rep_arrays, policy, travel_matrix)
    findings.extend(remarks)
    budgets = build_budgets(account_arrays, policy, len(rep_arrays))
    resources = build_resources(account_arrays, rep_arrays, units, targets, levels, policy)
    proved = [
        *find_clashes(account_arrays, rep_arrays, units, targets, resources, budgets),
        *level_clashes(levels, targets, units),
    ]
    pairs = territory_pairs(
        pair_inputs(account_arrays, rep_arrays, units, resources, budgets, trips, policy),
        policy.solver.threads,
    )
    return Planning(
        policy=policy,
        as_of=as_of,
        accounts=account_arrays,
        reps=rep_arrays,
        units=units,
        targets=targets,
        levels=levels,
        pairs=pairs,
        problem=Problem(
            pairs=pairs,
            limits=resources.limits,
            resources=resources.names,
            budget_limit=budgets.limit,
            budgets=budgets.names,
            separate=separate,
            incumbent=unit_incumbents(account_arrays, units),
            effort=_effort(policy.solver),
            seed=policy.seed,
        ),
        findings=(
            *findings,
            *data_findings(account_arrays, rep_arrays),
            *_waived_distance(units, pairs),
        ),
        clashes=(*clashes, *inseparable, *proved),
    )


def unit_incumbents(accounts: AccountArrays, units: Units) -> Ints:
    """(U) the rep who owns most of each unit's sales today, then most accounts, then the smaller
    index; -1 where no rep owns any of it or that rep may not keep it."""
    owned = np.flatnonzero(accounts.incumbent >= 0)
    reps = max(units.class_reps.shape[1], 1)
    pair, place = np.unique(
        units.of_account[owned] * reps + accounts.incumbent[owned], return_inverse=True
    )
    sales = np.bincount(place, accounts.actual_sales_usd[owned], pair.size)
    members = np.bincount(place, minlength=pair.size)
    unit, rep = np.divmod(pair, reps)
    may_keep = np.where(
        units.fixed[unit] >= 0,
        units.fixed[unit] == rep,
        units.class_reps[units.class_of[unit], rep],
    )
    unit, rep, sales, members = unit[may_keep], rep[may_keep], sales[may_keep], members[may_keep]
    # The last entry of a unit wins below, so the best comes last.
    order = np.lexsort((-rep, members, sales, unit))
    incumbent = np.full(len(units), -1)
    incumbent[unit[order]] = rep[order]
    return incumbent


def _effort(solver: SolverPolicy) -> Effort:
    return Effort(
        rel_gap=solver.rel_gap_pct / 100,
        node_limit=solver.node_limit,
        search_steps=solver.search_steps_millions or 0,
        rounds=solver.rounds,
        threads=solver.threads,
        relaxation_slack=solver.relaxation_slack_points / 100,
    )


def _waived_distance(units: Units, pairs: "TerritoryPairs") -> list[Finding]:
    waived = pairs.waived_units.tolist()
    return remark_each(
        "distance_waived",
        [units.ids[u] for u in waived],
        lambda at: (
            f"every rep who may own {units.ids[waived[at]]} lives beyond travel.max_distance_km; "
            "the limit was waived for it"
        ),
        "all their reps live beyond travel.max_distance_km; the limit was waived for them",
    )
