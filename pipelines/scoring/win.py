"""Probability of winning an open deal: logistic regression on what is known when it is opened.

Stages are left out: history keeps only the last one. Rep, product, industry and account enter as
log odds of their other deals, shrunk toward those of the book; the deals of a fold are encoded by
the other folds. Rows of one account share a fold.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.scoring.evidence import (
    FOLDS,
    Bools,
    Floats,
    Ints,
    calibration_error,
    compare,
    log_loss,
)
from pipelines.scoring.quality import Metric

SCORE = "win_probability"
ENCODED = ("rep_id", "product_id", "industry", "account_id")
AMOUNTS = ("employee_count", "annual_revenue_usd", "amount_usd")
# What a pair of rep and account adds, as the policy's `response` prices it.
FIT = ("is_stranger", "experience_shortfall")
COLUMNS = (*ENCODED, *AMOUNTS, *FIT)
# Deals at which a level's own rate and the book's weigh the same.
SHRINKAGE_DEALS = 20.0
RIDGE = 1.0
# No probability is nearer to 0 or 1: no book has enough deals to know.
NEAREST = 0.005


@dataclass(frozen=True)
class WinFit:
    """Win probabilities.

    Attributes:
        probability: (n) of the deals to score, in their order.
        coefficients: by name of the column; empty without a model.
    """

    probability: Floats
    reason: str
    metrics: tuple[Metric, ...]
    coefficients: dict[str, float]


def fit_win(
    closed: pl.DataFrame, scored: pl.DataFrame, minimum_deals: int, minimum_evidence: float
) -> WinFit:
    """Fit on `closed` and score `scored`, both rows of `int_opportunity__feature`.

    Where no model beats the win rate of the book, every deal has that rate.
    """
    is_won = (closed["status"] == "won").to_numpy()
    deals, won = int(is_won.size), int(is_won.sum())
    rate = (won + 1) / (deals + 2)
    flat = np.full(scored.height, rate)
    fold = closed["fold"].cast(pl.Int64).to_numpy()
    if min(won, deals - won) < minimum_deals // 2 or np.unique(fold).size < FOLDS:
        return _flat(
            flat,
            deals,
            f"{won} won and {deals - won} lost deals are too few for a model; every open deal has "
            "the win rate of the book",
        )
    left_out = np.empty(deals)
    constant = np.empty(deals)
    for number in range(FOLDS):
        here = fold == number
        left_out[here] = _fitted(closed.filter(~here), is_won[~here], fold[~here]).probability(
            closed.filter(here)
        )
        constant[here] = is_won[~here].mean()
    evidence = compare(log_loss(is_won, left_out), log_loss(is_won, constant))
    gain = Metric(
        SCORE,
        "gain_over_constant_pct",
        evidence.gain_pct,
        deals,
        "%",
        f"Log loss of left-out deals below that of the win rate; "
        f"{evidence.standard_errors:.1f} standard errors",
    )
    if evidence.standard_errors < minimum_evidence:
        failed = _flat(
            flat,
            deals,
            f"no model beats the win rate by {minimum_evidence:g} standard errors "
            f"({evidence.standard_errors:.1f}): outcomes look like chance, and every open deal "
            "has the win rate of the book",
        )
        return WinFit(flat, failed.reason, (*failed.metrics, gain), {})
    whole = _fitted(closed, is_won, fold)
    return WinFit(
        whole.probability(scored),
        f"fitted on {deals} closed deals",
        (
            Metric(SCORE, "is_fitted", 1.0, deals, "0 or 1", "A model tells deals apart"),
            gain,
            Metric(
                SCORE,
                "calibration_error",
                calibration_error(is_won, left_out),
                deals,
                "share of 1",
                "Mean |predicted − won| over ten equally full bins of left-out deals",
            ),
            *whole.penalties(deals),
        ),
        dict(zip(("intercept", *COLUMNS), whole.weights.tolist(), strict=True)),
    )


def _flat(flat: Floats, deals: int, reason: str) -> WinFit:
    statement = reason[0].upper() + reason[1:]
    return WinFit(flat, reason, (Metric(SCORE, "is_fitted", 0.0, deals, "0 or 1", statement),), {})


@dataclass(frozen=True)
class _Logistic:
    """A fitted model: `weights` (1 + p) on columns less `centre`, over `scale`, both (p)."""

    encodings: dict[str, dict[str, float]]
    centre: Floats
    scale: Floats
    weights: Floats
    errors: Floats

    def probability(self, deals: pl.DataFrame) -> Floats:
        """(n) chance of winning each of `deals`."""
        encoded = np.column_stack(
            [_looked_up(deals, name, self.encodings[name]) for name in ENCODED]
        )
        matrix = (np.column_stack((encoded, _plain(deals))) - self.centre) / self.scale
        matrix = np.nan_to_num(matrix, nan=0.0)
        logit = self.weights[0] + matrix @ self.weights[1:]
        return np.clip(1 / (1 + np.exp(-logit)), NEAREST, 1 - NEAREST)

    def penalties(self, deals: int) -> list[Metric]:
        """The fit losses as shares of a win, where they are known to better than ± 0.5."""
        rows = []
        for name, setting, words in (
            ("is_stranger", "skill_penalty", "the industry is not among the rep's skills"),
            ("experience_shortfall", "experience_penalty", "the rep's multiplier is 0.5 short"),
        ):
            column = 1 + COLUMNS.index(name)
            if self.scale[column - 1] == 1.0:
                continue  # never varies
            effect, error = (
                float(values[column] / self.scale[column - 1])
                for values in (self.weights, self.errors)
            )
            low, high = (1 - np.exp(effect + z * 1.96 * error) for z in (1, -1))
            if high - low <= 1.0:
                rows.append(
                    Metric(
                        "response",
                        setting,
                        float(1 - np.exp(effect)),
                        deals,
                        "share of 1",
                        f"Share of the odds of winning lost when {words}, estimated from closed "
                        "deals; compare with the policy's response setting of this name",
                        lower_value=float(low),
                        upper_value=float(high),
                    )
                )
        return rows


def _fitted(closed: pl.DataFrame, is_won: Bools, fold: Ints) -> _Logistic:
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    encoded = np.column_stack([_left_out(closed, name, is_won, fold) for name in ENCODED])
    matrix = np.column_stack((encoded, _plain(closed)))
    known = np.where(np.isnan(matrix).all(axis=0), 0.0, matrix)
    centre = np.nanmean(known, axis=0)
    spread = np.nanstd(known, axis=0)
    scale = np.where(spread > 1e-9, spread, 1.0)
    matrix = np.nan_to_num((matrix - centre) / scale, nan=0.0)
    with threadpool_limits(limits=1):
        model = LogisticRegression(C=1 / RIDGE, max_iter=1000, tol=1e-8).fit(matrix, is_won)
        weights = np.concatenate((model.intercept_, model.coef_[0]))
        wide = np.column_stack((np.ones(matrix.shape[0]), matrix))
        chance = 1 / (1 + np.exp(-(wide @ weights)))
        information = wide.T @ (wide * (chance * (1 - chance))[:, None])
        information += np.diag([0.0, *[RIDGE] * matrix.shape[1]])
        errors = np.sqrt(np.diag(np.linalg.inv(information)))
    encodings = {name: _encoding(closed[name], is_won) for name in ENCODED}
    return _Logistic(encodings, centre, scale, weights, errors)


def _plain(deals: pl.DataFrame) -> Floats:
    """(n, p) the columns that need no encoding: ln of amounts, and the fit of rep and account."""
    columns = []
    for name in AMOUNTS:
        values = deals[name].cast(pl.Float64).to_numpy().copy()
        values[~(values > 0)] = np.nan
        columns.append(np.log(values))
    columns += [deals[name].cast(pl.Float64).to_numpy() for name in FIT]
    return np.column_stack(columns)


def _encoding(levels: pl.Series, is_won: Bools) -> dict[str, float]:
    """Log odds of winning at each level less those of the book, shrunk."""
    rate = (is_won.sum() + 1) / (is_won.size + 2)
    counts = (
        pl.DataFrame({"level": levels, "won": is_won.astype(np.int64)})
        .drop_nulls("level")
        .group_by("level")
        .agg(pl.len().alias("deals"), pl.col("won").sum())
        .sort("level")
    )
    shrunk = (counts["won"].to_numpy() + SHRINKAGE_DEALS * rate) / (
        counts["deals"].to_numpy() + SHRINKAGE_DEALS
    )
    odds = np.log(shrunk / (1 - shrunk)) - np.log(rate / (1 - rate))
    return dict(zip(counts["level"].to_list(), odds.tolist(), strict=True))


def _looked_up(deals: pl.DataFrame, name: str, encoding: dict[str, float]) -> Floats:
    """(n) the encoding of each deal's level; 0, the book, where it is unknown."""
    column = deals[name].cast(pl.String)
    if not encoding:
        return np.zeros(deals.height)
    return column.replace_strict(encoding, default=0.0, return_dtype=pl.Float64).to_numpy()


def _left_out(closed: pl.DataFrame, name: str, is_won: Bools, fold: Ints) -> Floats:
    """(n) the encoding of each closed deal by the deals of other folds.

    An account's own deals share its fold, so its encoding leaves out every second of them instead.
    """
    if name == "account_id":
        fold = np.arange(closed.height) % 2
    encoded = np.empty(closed.height)
    for number in np.unique(fold):
        here = fold == number
        encoding = _encoding(closed.filter(~here)[name], is_won[~here])
        encoded[here] = _looked_up(closed.filter(here), name, encoding)
    return encoded
