"""Ways to make a territory plan, each in a module with one function:

    plan(case, seconds, seed) -> (n) rep of each account, -1 for nobody; or None: nothing found

Locks, assignments, forbidden reps and families hold wherever the method lets them; the judge
counts what does not.
"""

from dataclasses import dataclass
from importlib import import_module

from benchmarks.case import Case, Ints


@dataclass(frozen=True)
class Method:
    """A rival: its module here, what the table calls it, and what it is."""

    module: str
    title: str
    description: str

    def plan(self, case: Case, seconds: float, seed: int) -> Ints | None:
        """Make the plan; loads the module, and with it the solver it needs."""
        found: Ints | None = import_module(f"{__name__}.{self.module}").plan(case, seconds, seed)
        return found


METHODS = (
    Method("today", "today's book", "every account with its active owner, the others with nobody"),
    Method(
        "longest_first",
        "greedy, longest first",
        "largest units first, each to the rep whose fullest metric it leaves lowest",
    ),
    Method(
        "waterfall",
        "waterfall",
        "largest units first, each to its owner, else the nearest rep with room in every band",
    ),
    Method(
        "clusters",
        "k-means, constrained",
        "k-means-constrained on the map with clusters of even size, reps matched to the centres",
    ),
    Method("highs", "HiGHS", "the whole model as one mixed-integer program, bands elastic"),
    Method("cp_sat", "CP-SAT", "the same model in scaled integers, 2 workers"),
)
