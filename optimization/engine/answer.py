"""What the engine returns."""

from collections.abc import Callable
from dataclasses import dataclass

from optimization.engine.problem import Ints, Prices
from optimization.errors import NoPlanYet

__all__ = ["Answer", "NoPlanYet", "Tell"]

# Receives the stage, the proved bound and the cost of the best plan (None before there is one).
Tell = Callable[[str, float | None, float | None], None]


@dataclass(frozen=True)
class Answer:
    """A plan with its certificate.

    owner: (U) rep of each unit, |J| for nobody. objective, bound: USD. prices: dual prices of the
    limits that prove the root bound. relaxation: total excess of hard limits, 0 where all are kept;
    then `bound` holds for all plans that need no more of any limit. least_relaxation: proved lower
    bound on it.
    status: optimal | within_gap | work_limit | time_limit | interrupted.
    """

    owner: Ints
    objective: float
    bound: float
    prices: Prices
    relaxation: float
    least_relaxation: float
    status: str
    is_repeatable: bool

    @property
    def gap(self) -> float:
        """(objective - bound) / objective; 0 where the plan costs nothing."""
        cost = abs(self.objective)
        return max(self.objective - self.bound, 0.0) / cost if cost > 0 else 0.0
