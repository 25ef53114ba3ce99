"""Does a model know more than a constant? Losses of left-out rows decide, never fitted ones."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FOLDS = 5


@dataclass(frozen=True)
class Evidence:
    """The gain of a model over a constant on rows it was not fitted on.

    Attributes:
        gain_pct: part of the constant's loss that the model takes away, %.
        standard_errors: the gain over its standard error.
        rows: rows compared.
    """

    gain_pct: float
    standard_errors: float
    rows: int


def compare(model_loss: Floats, constant_loss: Floats) -> Evidence:
    """Compare the losses of two forecasts of the same rows, (n) each."""
    gains = constant_loss - model_loss
    total = float(constant_loss.sum())
    spread = float(gains.std(ddof=1)) if gains.size > 1 else 0.0
    error = spread * np.sqrt(gains.size)
    return Evidence(
        gain_pct=100.0 * float(gains.sum()) / total if total > 0 else 0.0,
        standard_errors=float(gains.sum() / error) if error > 0 else 0.0,
        rows=int(gains.size),
    )


def left_out_constant(target: Floats, fold: Ints, of: Callable[[Floats], Any] = np.mean) -> Floats:
    """(n) for each row the constant that `of` makes of the rows of other folds."""
    constant = np.empty(target.size)
    for number in np.unique(fold):
        here = fold == number
        constant[here] = of(target[~here])
    return constant


def pinball_loss(actual: Floats, forecast: Floats, quantile: float) -> Floats:
    """Loss of a quantile forecast, row by row (Koenker and Bassett 1978)."""
    apart = actual - forecast
    return np.maximum(quantile * apart, (quantile - 1) * apart)


def poisson_loss(actual: Floats, forecast: Floats) -> Floats:
    """Half the Poisson deviance, row by row; its best constant is the mean."""
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = np.where(actual > 0, actual * np.log(actual / forecast), 0.0)
    return np.asarray(entropy - actual + forecast, dtype=np.float64)


def log_loss(is_won: Bools, probability: Floats) -> Floats:
    """Negative log likelihood of each outcome."""
    return np.asarray(-np.log(np.where(is_won, probability, 1 - probability)), dtype=np.float64)


def calibration_error(is_won: Bools, probability: Floats, bins: int = 10) -> float:
    """Expected calibration error: mean over equally full bins of |mean forecast − share won|.

    Rows of one probability share a bin, so a constant forecast has one.
    """
    if not probability.size:
        return 0.0
    order = np.argsort(probability, kind="stable")
    ranked, won = probability[order], is_won[order].astype(np.float64)
    edges = {0, ranked.size}
    for cut in range(1, bins):
        edges.add(int(np.searchsorted(ranked, ranked[ranked.size * cut // bins], side="left")))
    bounds = sorted(edges)
    return float(
        sum(abs(ranked[a:b].sum() - won[a:b].sum()) for a, b in pairwise(bounds)) / ranked.size
    )


def conformal_quantile(residuals: Floats, quantile: float) -> float:
    """The value that a new residual stays below with probability `quantile` at least.

    The ⌈(n + 1) × quantile⌉-th smallest (split conformal, Vovk et al. 2005); the largest where n
    is too small for that.
    """
    if not residuals.size:
        raise ValueError("no residuals to calibrate with")
    rank = min(int(np.ceil((residuals.size + 1) * quantile)), residuals.size)
    return float(np.partition(residuals, rank - 1)[rank - 1])
