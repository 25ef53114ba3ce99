"""Random small problems in which every feature of the engine's problem may occur."""

import numpy as np

from optimization.engine.dense import DensePairs
from optimization.engine.problem import Limits, Problem


def random_problem(seed: int, units: int = 12, reps: int = 4) -> Problem:
    """Units and reps with up to three resources, soft and hard sides, giants, budgets, nobody."""
    rng = np.random.default_rng(seed)
    resources = int(rng.integers(1, 4))
    budgets = int(rng.integers(0, 3))
    cost = rng.integers(0, 1000, (units, reps)).astype(float)
    size = rng.lognormal(0, 0.8, (units, 1, resources)) * np.ones((1, reps, 1))
    if rng.random() < 0.5:
        size = size * rng.uniform(0.7, 1.3, (units, reps, resources))
    load = size / size.mean(axis=1, keepdims=True).sum(axis=0) * reps
    fill = load.copy()
    if rng.random() < 0.5:
        giant = load.max(axis=(1, 2)) > 0.8
        load[giant] = 0.0
        fill = np.minimum(fill, 0.6)
    allowed = rng.random((units, reps)) < 0.7
    allowed[np.arange(units), rng.integers(0, reps, units)] = True
    nobody = np.where(rng.random(units) < 0.3, rng.integers(300, 2000, units), np.inf)
    today = rng.integers(-1, reps, units)
    weight = np.zeros((units, reps + 1, budgets))
    share = rng.random((units, budgets)) * (today >= 0)[:, None]
    weight[:] = (share / np.maximum(share.sum(axis=0), 1e-9))[:, None, :]
    weight[np.flatnonzero(today >= 0), today[today >= 0]] = 0.0
    band = rng.uniform(0.1, 0.5, resources)
    shape = (reps, resources)
    has_soft = rng.random(shape) < 0.5
    has_hard = rng.random(shape) < 0.8
    limits = Limits(
        lower=np.where(has_hard, 1 - band, -np.inf),
        upper=np.where(rng.random(shape) < 0.8, 1 + band, np.inf),
        soft_lower=np.where(has_soft, 1 - band / 3, -np.inf),
        soft_upper=np.where(has_soft, 1 + band / 3, np.inf),
        price_below=np.where(has_soft, rng.uniform(50, 2000, shape), 0.0),
        price_above=np.where(has_soft, rng.uniform(50, 2000, shape), 0.0),
    )
    members = rng.permutation(units)
    separate = (np.sort(members[:2]), np.sort(members[1:4])) if rng.random() < 0.4 else ()
    return Problem(
        pairs=DensePairs.of(cost, load, allowed=allowed, fill=fill, weight=weight, nobody=nobody),
        limits=limits,
        resources=tuple(f"r{e}" for e in range(resources)),
        budget_limit=rng.uniform(0.1, 0.6, budgets),
        budgets=tuple(f"b{b}" for b in range(budgets)),
        separate=separate,
        incumbent=today,
    )
