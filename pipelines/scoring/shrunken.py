"""Sales of accounts in a book too small for trees: own record, size and industry, shrunk.

ln(expected sales ÷ mean of the book) = Σ weight × trait: a Poisson regression whose weights a ridge
pulls toward 0, that is toward one mean for all (an empirical-Bayes or credibility estimate: the
ridge is a normal prior of the weights, its width chosen on left-out accounts). Weights of what an
account did or is are never negative, so a better record never means a lower prediction.

With a hundred accounts, a few of them giants, a standard error tells little. So sales are dealt out
anew among the accounts: the estimate counts only if hardly any such shuffled book is predicted as
well (an exact permutation test: Fisher 1935; Phipson and Smyth 2010).
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl

from pipelines.scoring.evidence import FOLDS, Floats, Ints, poisson_loss

# Fewer buyers than this: five folds leave groups of a handful.
MINIMUM_CUSTOMERS = 40
# Of the record: ratios to the mean of the book, as ln(1 + ratio). Of the size: ln.
RECORD = ("past_sales_usd", "past_won_deals", "open_deals")
SIZE = ("employee_count", "annual_revenue_usd")
GROUP = "industry"
# Variances of the prior are 1 ÷ (rows × ridge): from hardly shrunk to nearly one mean for all.
RIDGES = (0.1, 0.3, 1.0, 3.0)
# Standard deviations at which a trait counts as far as it gets: a giant is no lever.
FARTHEST = 3.0
MOST_SHUFFLES = 999
ROUNDS, CLOSE = 50, 1e-9


@dataclass(frozen=True)
class ShrunkenFit:
    """The estimate of every account, as a multiple of the mean of the book.

    Attributes:
        relative: (n) in the order of today's rows, mean 1.
        left_out: (m) of the rows learned from, each by a model that did not see it.
        weights: of each trait, mean over folds, per standard deviation; groups per membership.
        fold_weights: (folds, 1 + p) what each fold is scored with, the intercept first.
        scales: mean and standard deviation of the logarithm of each trait of record or size.
        gain_pct: loss of the mean that the estimate takes away on left-out accounts, %.
        shuffles, as_good: books dealt out anew, and how many of them are predicted as well.
        is_better: that few of them are.
    """

    relative: Floats
    left_out: Floats
    weights: dict[str, float]
    fold_weights: Floats
    scales: dict[str, tuple[float, float]]
    gain_pct: float
    shuffles: int
    as_good: int
    is_better: bool


def fit_shrunken(
    known: pl.DataFrame,
    outcome: Floats,
    today: pl.DataFrame,
    minimum_evidence: float,
    seed: int,
) -> ShrunkenFit | None:
    """Fit on `known` and score `today`, both rows of `int_account__feature`.

    Args:
        outcome: (m) sales of `known`, any unit, one at least above 0.
        minimum_evidence: standard errors; shuffled books may do as well as rarely as a normal
            variable lies as far out.
        seed: of the shuffles.

    Returns:
        None where nothing is known that tells accounts apart.
    """
    from threadpoolctl import threadpool_limits

    names, rising = _traits(known)
    if not names:
        return None
    # One thread: sums then have one order, and the matrices are small.
    with threadpool_limits(limits=1):
        return _compared(known, outcome, today, names, rising, minimum_evidence, seed)


def _compared(
    known: pl.DataFrame,
    outcome: Floats,
    today: pl.DataFrame,
    names: list[str],
    rising: list[bool],
    minimum_evidence: float,
    seed: int,
) -> ShrunkenFit:
    """The estimate, and how it does beside shuffled books."""
    matrix, scored = _matrix(known, known, names), _matrix(today, known, names)
    fold = known["fold"].cast(pl.Int64).to_numpy()
    target = outcome / outcome.mean()
    gain, ridge = _best(matrix, target, fold, rising)
    allowed = NormalDist().cdf(-minimum_evidence)
    shuffles = int(min(np.ceil(1 / allowed), MOST_SHUFFLES)) if allowed > 0 else MOST_SHUFFLES
    most = max(allowed * (shuffles + 1) - 1, 0)
    rng = np.random.default_rng(seed)
    as_good = tried = 0
    # A book of chance shows itself within a few shuffles (Besag and Clifford 1991).
    while tried < shuffles and as_good <= most:
        tried += 1
        as_good += _best(matrix, rng.permutation(target), fold, rising)[0] >= gain
    weights = [_fitted(matrix[fold != k], target[fold != k], ridge, rising) for k in range(FOLDS)]
    relative, left_out = np.ones(today.height), np.ones(known.height)
    today_fold = today["fold"].cast(pl.Int64).to_numpy()
    for number in range(FOLDS):
        for found, rows, part in ((relative, scored, today_fold), (left_out, matrix, fold)):
            here = part == number
            found[here] = _predicted(rows[here], weights[number])
    return ShrunkenFit(
        relative=relative / relative.mean(),
        left_out=left_out,
        weights=dict(zip(names, np.mean(weights, axis=0)[1:].tolist(), strict=True)),
        fold_weights=np.array(weights),
        scales={name: _scale(known, name) for name in names if name in (*RECORD, *SIZE)},
        gain_pct=100 * gain,
        shuffles=tried,
        as_good=as_good,
        is_better=gain > 0 and as_good <= most,
    )


def _traits(known: pl.DataFrame) -> tuple[list[str], list[bool]]:
    """Names of the traits that vary, groups as `industry: name`; and which may only raise."""
    names = [name for name in (*RECORD, *SIZE) if np.ptp(_standard(known, known, name)) > 0]
    rising = [True] * len(names)
    groups = sorted(known[GROUP].drop_nulls().unique().to_list())
    if len(groups) > 1:
        names += [f"{GROUP}: {group}" for group in groups]
        rising += [False] * len(groups)
    return names, rising


def _matrix(table: pl.DataFrame, known: pl.DataFrame, names: list[str]) -> Floats:
    """(n, p) the traits of `table`, in standard deviations of `known`."""
    columns = []
    for name in names:
        if name in (*RECORD, *SIZE):
            columns.append(_standard(table, known, name))
        else:
            is_member = (table[GROUP] == name.removeprefix(f"{GROUP}: ")).fill_null(value=False)
            columns.append(is_member.cast(pl.Float64).to_numpy())
    return np.column_stack(columns)


def _standard(table: pl.DataFrame, known: pl.DataFrame, name: str) -> Floats:
    """(n) a trait of `table` in standard deviations of `known`; unknown values at its mean."""
    centre, scale = _scale(known, name)
    if scale < CLOSE:
        return np.zeros(table.height)
    values = (_logarithm(table, name) - centre) / scale
    return np.clip(np.nan_to_num(values), -FARTHEST, FARTHEST)


def _scale(known: pl.DataFrame, name: str) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm of a trait; 0, 0 where nothing is known."""
    values = _logarithm(known, name)
    told = values[np.isfinite(values)]
    return (float(told.mean()), float(told.std())) if told.size else (0.0, 0.0)


def _logarithm(table: pl.DataFrame, name: str) -> Floats:
    values = table[name].cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
    if name in SIZE:
        values[~(values > 0)] = np.nan
        return np.asarray(np.log(values), dtype=np.float64)
    # Of its own moment: months looked back on, currency and growth of the book cancel out.
    values = np.maximum(values, 0.0)
    mean = np.nanmean(values) if np.isfinite(values).any() else 0.0
    return np.asarray(np.log1p(values / mean) if mean > 0 else 0 * values, dtype=np.float64)


def _best(matrix: Floats, target: Floats, fold: Ints, rising: list[bool]) -> tuple[float, float]:
    """The largest share of the mean's loss that any ridge takes away on left-out rows, and it."""
    model, constant = np.zeros(len(RIDGES)), 0.0
    for number in range(FOLDS):
        here = fold == number
        rest = target[~here]
        if not here.any() or not rest.any():
            continue
        constant += poisson_loss(target[here], np.full(here.sum(), rest.mean())).sum()
        for place, ridge in enumerate(RIDGES):
            weights = _fitted(matrix[~here], rest, ridge, rising)
            model[place] += poisson_loss(target[here], _predicted(matrix[here], weights)).sum()
    best = int(np.argmin(model))
    return (float(1 - model[best] / constant) if constant > 0 else 0.0), RIDGES[best]


def _fitted(matrix: Floats, target: Floats, ridge: float, rising: list[bool]) -> Floats:
    """(1 + p) intercept and weights; a rising trait whose weight would be negative has 0."""
    used = np.ones(matrix.shape[1], dtype=bool)
    if not target.any():
        return np.zeros(1 + matrix.shape[1])
    while True:
        weights = np.zeros(1 + matrix.shape[1])
        weights[np.r_[True, used]] = _newton(matrix[:, used], target, ridge)
        wrong = np.array(rising) & (weights[1:] < 0)
        if not wrong.any():
            return weights
        used &= ~wrong


def _newton(matrix: Floats, target: Floats, ridge: float) -> Floats:
    """Weights of least mean Poisson deviance + ridge ÷ 2 × Σ weight², by damped Newton steps."""
    wide = np.column_stack((np.ones(matrix.shape[0]), matrix))
    penalty = ridge * matrix.shape[0] * np.r_[0.0, np.ones(matrix.shape[1])]
    weights = np.zeros(wide.shape[1])
    weights[0] = np.log(target.mean())
    for _ in range(ROUNDS):
        mean = np.exp(wide @ weights)
        slope = wide.T @ (mean - target) + penalty * weights
        curvature = (wide.T * mean) @ wide + np.diag(penalty)
        step = np.linalg.solve(curvature, slope)
        # Undamped, a first step from the mean of the book may go beyond what exp can hold.
        weights -= step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < CLOSE:
            break
    return weights


def _predicted(matrix: Floats, weights: Floats) -> Floats:
    return np.asarray(np.exp(weights[0] + matrix @ weights[1:]), dtype=np.float64)
