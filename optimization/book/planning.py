"""Everything about a plan before it is solved: who the units and reps are, and the problem."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from optimization.book.tables import AccountArrays, RepArrays
from optimization.book.targets import Targets
from optimization.book.units import Units
from optimization.engine.problem import Problem
from optimization.policy import Policy
from optimization.result import Finding

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
    pairs: "TerritoryPairs"
    problem: Problem
    findings: tuple[Finding, ...]
    clashes: tuple[str, ...]  # limits that no plan can keep, in words
