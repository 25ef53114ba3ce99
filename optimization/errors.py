"""What the planning step can end with. Every message names the record or setting and the remedy."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class PolicyError(ValueError):
    """A policy file cannot be read, or a setting is unknown or out of range."""


class PlanInputError(PolicyError):
    """A planning table or a manual override contradicts itself or the policy."""


class SolverError(RuntimeError):
    """The solver refused a model or returned something that is no answer."""


class NoPlanYet(Exception):
    """The clock or an interrupt struck before the first plan was found."""


class Infeasible(Exception):
    """No plan satisfies the policy, and the policy says to stop rather than to relax.

    `limits` names each limit that clashes, one short sentence each.
    """

    def __init__(self, limits: Sequence[str]) -> None:
        self.limits = tuple(limits)
        shown = "; ".join(self.limits[:5])
        more = f"; and {len(self.limits) - 5} more" if len(self.limits) > 5 else ""
        super().__init__(
            f"No plan satisfies the policy: {shown}{more}. "
            "Widen the limits named, lift a lock, or set on_infeasible: relax."
        )


def why_no_plan(limits: Sequence[str]) -> str:
    """Why a plan is missing; limits: those that clash, none where time ran out."""
    if not limits:
        return "no plan was found in time"
    return f"no plan keeps its limits: {'; '.join(limits[:2])}"


def nearest(name: str, known: Iterable[str]) -> str:
    """A suffix such as `` (did you mean 'hours'?)`` for the nearest known name, or ``''``."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    matches = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return f" (did you mean '{by_folded[matches[0]]}'?)" if matches else ""
