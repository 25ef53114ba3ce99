"""Calling the planner and the verifier on planning tables, their errors in our terms."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pipelines.errors import GateError, InfeasibleError, InputError, TerritoryError
from pipelines.interrupts import interruptible
from pipelines.progress import report
from pipelines.stages.fit_losses import fit_loss_findings, with_estimates

if TYPE_CHECKING:
    from optimization import Plan, Policy, Violation

# Violations that a message names.
_NAMED = 5


@dataclass(frozen=True)
class PlanningTables:
    """What a plan is made of beside its policy.

    Attributes:
        accounts, reps, overrides: in a total order.
        travel_matrix: the drive times the policy names, None without.
        as_of: the day lock rules are judged by.
        estimates: fit losses estimated from closed deals; None where none are looked for.
        overlay_reps, overlay_members: who fills second roles, and the accounts they are on today.
    """

    accounts: pl.DataFrame
    reps: pl.DataFrame
    overrides: pl.DataFrame
    travel_matrix: pl.DataFrame | None
    as_of: date | None
    estimates: pl.DataFrame | None = None
    overlay_reps: pl.DataFrame | None = None
    overlay_members: pl.DataFrame | None = None


def travel_matrix_path(policy: "Policy", policy_path: Path) -> Path | None:
    """Where the policy's file of drive times lies: relative to the policy file."""
    matrix = policy.travel.matrix
    return None if matrix is None else (policy_path.parent / matrix.file).resolve()


def read_matrix(path: Path | None) -> pl.DataFrame | None:
    """The drive times of the file at `path`; None without one.

    Raises:
        InputError: the file is missing or no such table; the message names row and column.
    """
    if path is None:
        return None
    from optimization.book.travel import read_travel_matrix
    from optimization.errors import PolicyError

    try:
        return read_travel_matrix(path)
    except PolicyError as error:
        raise InputError(str(error)) from None


def make_plan(
    tables: PlanningTables,
    policy: "Policy",
    policy_path: Path | str,
    *,
    is_interrupted: Callable[[], bool] | None = None,
) -> "Plan":
    """Plan the territories, telling the progress; Ctrl-C asks for the best plan so far.

    Args:
        policy_path: named in messages about the policy.
        is_interrupted: asked beside Ctrl-C whether to end with the best plan so far.

    Raises:
        InfeasibleError: no plan meets the policy and the policy says to stop then.
        InputError: an override or a planning table contradicts itself.
        KeyboardInterrupt: interrupted before there was any plan.
        TerritoryError: the solver refused the model, or had no time for a first plan.
    """
    from optimization import plan_territories

    with interruptible() as has_struck:

        def is_over() -> bool:
            return has_struck() or (is_interrupted is not None and is_interrupted())

        with planning_errors(policy, policy_path, is_over):
            plan = plan_territories(
                tables.accounts,
                tables.reps,
                tables.overrides,
                with_estimates(policy, tables.estimates),
                as_of=tables.as_of,
                travel_matrix=tables.travel_matrix,
                progress=_tell,
                is_interrupted=is_over,
            )
    if tables.estimates is None:
        return plan
    told = fit_loss_findings(policy, tables.estimates)
    return replace(plan, findings=pl.concat([plan.findings, told]))


@contextmanager
def planning_errors(
    policy: "Policy", policy_path: Path | str, is_over: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Inside the block, the planner's errors are raised as ours.

    Args:
        is_over: whether somebody asked for an end; then no plan yet is an interrupt.

    Raises:
        InfeasibleError, InputError, KeyboardInterrupt, TerritoryError: as `make_plan`.
    """
    from optimization import Infeasible, PlanInputError
    from optimization.errors import NoPlanYet, SolverError

    try:
        yield
    except Infeasible as error:
        raise InfeasibleError(f"{policy_path}: {error}") from None
    except PlanInputError as error:
        # The message names the account or override; the policy is not to blame.
        raise InputError(str(error)) from None
    except SolverError as error:
        raise TerritoryError(f"{policy_path}: {error}") from None
    except NoPlanYet:
        if is_over():
            raise KeyboardInterrupt from None
        raise TerritoryError(
            f"{policy_path}: no plan was found within solver.time_limit_seconds = "
            f"{policy.solver.time_limit_seconds:g}; allow more"
        ) from None


def violations_of(
    tables: PlanningTables, policy: "Policy", frames: Mapping[str, pl.DataFrame]
) -> "list[Violation]":
    """Every rule the plan in `frames` (`plan_assignment`, `plan_summary`, …) breaks."""
    from optimization import verify_plan

    return verify_plan(
        tables.accounts,
        tables.reps,
        tables.overrides,
        with_estimates(policy, tables.estimates),
        frames,
        as_of=tables.as_of,
        travel_matrix=tables.travel_matrix,
    )


def stop_on_violations(violations: "Sequence[Violation]", judged: str = "the plan") -> None:
    """Stop before anything is written where the verifier found something.

    Raises:
        GateError: naming the first violations.
    """
    if violations:
        raise GateError(
            f"{judged} breaks {len(violations)} checks of the verifier: "
            + "; ".join(violation.message for violation in violations[:_NAMED])
            + "; nothing was written. This is a fault of the planner: please report it"
        )


def _tell(what: str, done: int, total: int) -> None:
    """Report a step of the planner; behind a comma it says what plan and bound there are."""
    step, _, details = what.partition(", ")
    report(f"Planning: {step}" + (f" ({details})" if details else ""), done, total)
