"""Compile all kernels ahead of use: `python -m optimization.compile`, part of set-up.

Compiled code is cached beside the modules; without it the first plan waits 20 to 40 s.
"""

import numpy as np


def compile_kernels() -> None:
    """Run every kernel once on problems of a few units."""
    from optimization.engine.dense import DensePairs
    from optimization.engine.fixing import arcs_of
    from optimization.engine.prices import fit_prices
    from optimization.engine.problem import Limits, Prices, Problem
    from optimization.engine.rounding import settled
    from optimization.engine.search import search
    from optimization.engine.watch import Watch
    from optimization.pairs.kernels import warm_up

    warm_up()
    units, reps = 60, 3
    rng = np.random.default_rng(1)
    limits = Limits.none(reps, 1)
    limits.upper[:] = 1.2
    limits.lower[:] = 0.8
    problem = Problem(
        pairs=DensePairs.of(rng.uniform(1, 9, (units, reps)), np.full((units, reps, 1), 0.05)),
        limits=limits,
        resources=("load",),
    )
    prices = fit_prices(problem, Watch())
    settled(problem, prices)
    unit, rep = np.divmod(np.arange(units * reps), reps)
    start = np.zeros(units, dtype=np.int64)
    arcs = arcs_of(problem, unit, rep)
    for known in (prices, Prices.zero(reps, 1, 0)):
        search(problem, arcs, start, steps_millions=0.01, seed=1, watch=Watch(), prices=known)


if __name__ == "__main__":
    compile_kernels()
