"""Cross-fitted gradient boosting: every row is scored by a model that never saw its family."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pipelines.scoring.design import Design
from pipelines.scoring.evidence import FOLDS, Bools, Floats, Ints


@dataclass(frozen=True)
class TreeSettings:
    """How large the trees are; see `FittingSettings` for the meaning and reason of each."""

    trees: int
    leaves: int
    minimum_leaf_rows: int
    learning_rate: float
    maximum_rows: int
    seed: int


@dataclass(frozen=True)
class CrossFit:
    """One model per fold, fitted on the rows of the other folds."""

    design: Design
    models: tuple[Any, ...]

    def predict(self, matrix: Floats, fold: Ints) -> Floats:
        """Raw predictions of `matrix` (n, p), each row by the model of its `fold` (n)."""
        from threadpoolctl import threadpool_limits

        found = np.empty(matrix.shape[0])
        # Threads that wait for each other on a busy machine took five times as long as one.
        with threadpool_limits(limits=1):
            for number, model in enumerate(self.models):
                rows = fold == number
                if rows.any():
                    found[rows] = model.predict(matrix[rows])
        return found


def cross_fit(
    design: Design,
    matrix: Floats,
    target: Floats,
    fold: Ints,
    loss: Literal["quantile", "poisson", "squared_error"],
    settings: TreeSettings,
    quantile: float | None = None,
) -> CrossFit:
    """Fit one model per fold; at most `maximum_rows` rows each, drawn with the seed.

    Raises:
        ValueError: a fold leaves fewer than two rows to fit on.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    models = []
    # One thread: sums of histograms then have one order, and results are the same on any machine.
    with threadpool_limits(limits=1):
        for number in range(FOLDS):
            rows = drawn(fold != number, settings)
            if rows.size < 2:
                raise ValueError("too few rows to fit on")
            model = HistGradientBoostingRegressor(
                loss=loss,
                quantile=quantile,
                max_iter=settings.trees,
                max_leaf_nodes=settings.leaves,
                min_samples_leaf=settings.minimum_leaf_rows,
                learning_rate=settings.learning_rate,
                early_stopping=False,
                categorical_features=design.is_category,
                monotonic_cst=design.directions,
                random_state=settings.seed,
            )
            part = matrix[rows]
            # A column without any value among these rows cannot be binned.
            part[:, np.isnan(part).all(axis=0)] = 0.0
            models.append(model.fit(part, target[rows]))
    return CrossFit(design, tuple(models))


def drawn(chosen: Bools, settings: TreeSettings) -> Ints:
    """Indices of the `chosen` rows (n), ascending; `maximum_rows` of them at most."""
    rows = np.nonzero(chosen)[0]
    if rows.size > settings.maximum_rows:
        rng = np.random.default_rng(settings.seed)
        rows = np.sort(rng.choice(rows, settings.maximum_rows, replace=False))
    return rows.astype(np.int64)


def importance(fit: CrossFit, matrix: Floats, fold: Ints, settings: TreeSettings) -> Floats:
    """How far predictions move when a column is shuffled: mean |change|, (p), as shares of 1.

    Shuffling is done over at most 5,000 rows.
    """
    rng = np.random.default_rng(settings.seed)
    size = min(5_000, matrix.shape[0])
    rows = np.sort(rng.choice(matrix.shape[0], size, replace=False))
    part, part_fold = matrix[rows], fold[rows]
    base = fit.predict(part, part_fold)
    moved = np.zeros(matrix.shape[1])
    for column in range(matrix.shape[1]):
        shuffled = part.copy()
        shuffled[:, column] = shuffled[rng.permutation(size), column]
        moved[column] = np.abs(fit.predict(shuffled, part_fold) - base).mean()
    total = moved.sum()
    return moved / total if total > 0 else moved
