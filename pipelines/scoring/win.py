"""Probability of winning an open deal: logistic regression on what is known when it is opened.

Stages are left out: history keeps only the last one. Rep, product, industry and account enter as
log odds of their other deals, shrunk toward those of the book; the deals of a fold are encoded by
the other folds. Rows of one account share a fold.
"""

from collections.abc import Mapping
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
    left_out_constant,
    log_loss,
)
from pipelines.scoring.levels import left_out_log_odds, level_codes, log_odds
from pipelines.scoring.quality import Metric, fitted_metric, gain_metric
from pipelines.scoring.trees import TreeSettings, drawn

SCORE, RESPONSE = "win_probability", "response"
ENCODED = ("rep_id", "product_id", "industry", "account_id")
AMOUNTS = ("employee_count", "annual_revenue_usd", "amount_usd")
# What a pair of rep and account adds, as the policy's `response` prices it.
FIT = ("is_stranger", "experience_shortfall")
COLUMNS = (*ENCODED, *AMOUNTS, *FIT)
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
    closed: pl.DataFrame,
    scored: pl.DataFrame,
    minimum_deals: int,
    minimum_evidence: float,
    settings: TreeSettings,
) -> WinFit:
    """Fit on `closed` and score `scored`, both rows of `int_opportunity__feature`.

    Where no model beats the win rate of the book, every deal has that rate. Rates of reps, products
    and accounts are taken over all closed deals; the regression uses `settings.maximum_rows` of
    them, drawn with its seed.
    """
    # Left-out encodings and draws go by place: that of the id, whatever order the rows come in.
    closed = closed.sort("opportunity_id")
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
    levels = {name: level_codes(closed[name], scored[name]) for name in ENCODED}
    learned = _Deals({name: (codes[0], n) for name, (codes, n) in levels.items()}, _plain(closed))
    left_out = np.empty(deals)
    for number in range(FOLDS):
        here = fold == number
        model = _fitted(learned.part(~here), is_won[~here], fold[~here], settings)
        left_out[here] = model.probability(learned.part(here))
    constant = left_out_constant(is_won.astype(np.float64), fold)
    evidence = compare(log_loss(is_won, left_out), log_loss(is_won, constant))
    gain = gain_metric(SCORE, evidence, "Log loss of left-out deals below that of the win rate")
    if evidence.standard_errors < minimum_evidence:
        failed = _flat(
            flat,
            deals,
            f"no model beats the win rate by {minimum_evidence:g} standard errors "
            f"({evidence.standard_errors:.1f}): outcomes look like chance, and every open deal "
            "has the win rate of the book",
        )
        return WinFit(flat, failed.reason, (*failed.metrics, gain), {})
    whole = _fitted(learned, is_won, fold, settings)
    asked = _Deals({name: (codes[1], n) for name, (codes, n) in levels.items()}, _plain(scored))
    return WinFit(
        whole.probability(asked),
        f"fitted on {min(deals, settings.maximum_rows)} closed deals",
        (
            fitted_metric(SCORE, deals, "a model tells deals apart", is_fitted=True),
            gain,
            Metric(
                SCORE,
                "calibration_error",
                calibration_error(is_won, left_out),
                deals,
                "share of 1",
                "Mean |predicted − won| over ten equally full bins of left-out deals",
            ),
            *whole.penalties(learned),
        ),
        dict(zip(("intercept", *COLUMNS), whole.weights.tolist(), strict=True)),
    )


def _flat(flat: Floats, deals: int, reason: str) -> WinFit:
    return WinFit(flat, reason, (fitted_metric(SCORE, deals, reason, is_fitted=False),), {})


@dataclass(frozen=True)
class _Deals:
    """Deals as numbers: codes and count of levels by column, and (n, p) what needs no encoding."""

    levels: Mapping[str, tuple[Ints, int]]
    plain: Floats

    def part(self, rows: Bools) -> "_Deals":
        return _Deals(
            {name: (codes[rows], count) for name, (codes, count) in self.levels.items()},
            self.plain[rows],
        )


@dataclass(frozen=True)
class _Logistic:
    """A fitted model: `weights` (1 + p) on columns less `centre`, over `scale`, both (p)."""

    encodings: Mapping[str, Floats]
    centre: Floats
    scale: Floats
    weights: Floats
    errors: Floats

    def probability(self, deals: _Deals) -> Floats:
        """(n) chance of winning each of `deals`."""
        logit = self.weights[0] + self._matrix(deals) @ self.weights[1:]
        return np.clip(_expit(logit), NEAREST, 1 - NEAREST)

    def _matrix(self, deals: _Deals) -> Floats:
        encoded = [self.encodings[name][codes] for name, (codes, _) in deals.levels.items()]
        matrix = (np.column_stack((*encoded, deals.plain)) - self.centre) / self.scale
        return np.nan_to_num(matrix, nan=0.0)

    def penalties(self, deals: _Deals) -> list[Metric]:
        """The fit losses as shares of wins, where they are known to better than ± 0.5.

        Each is the part of the wins expected of `deals` with a rep who fits that is lost with one
        who does not: an odds ratio turned into what the policy's response asks for.
        """
        rows = []
        for name, setting, words in (
            ("is_stranger", "skill_penalty", "the industry is not among the rep's skills"),
            ("experience_shortfall", "experience_penalty", "the rep's multiplier is 0.5 short"),
        ):
            column = COLUMNS.index(name)
            if self.scale[column] == 1.0:
                continue  # never varies
            effect, error = (
                float(values[1 + column] / self.scale[column])
                for values in (self.weights, self.errors)
            )
            matrix = self._matrix(deals)
            # Of a rep who fits.
            matrix[:, column] = -self.centre[column] / self.scale[column]
            fits = self.weights[0] + matrix @ self.weights[1:]
            wins = _expit(fits).sum()
            lost, low, high = (
                float(1 - _expit(fits + effect + z * 1.96 * error).sum() / wins) for z in (0, 1, -1)
            )
            if high - low <= 1.0:
                rows.append(
                    Metric(
                        RESPONSE,
                        setting,
                        lost,
                        int(matrix.shape[0]),
                        "share of 1",
                        f"Share of wins lost when {words}, estimated from closed deals, with its "
                        "95 % interval",
                        lower_value=low,
                        upper_value=high,
                    )
                )
        return rows


def _fitted(closed: _Deals, is_won: Bools, fold: Ints, settings: TreeSettings) -> _Logistic:
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    rows = drawn(np.ones(is_won.size, dtype=bool), settings)
    # An account's own deals share its fold, so its encoding leaves out every second one instead.
    halves = np.arange(is_won.size) % 2
    encoded = [
        left_out_log_odds(codes, is_won, halves if name == "account_id" else fold, count)[rows]
        for name, (codes, count) in closed.levels.items()
    ]
    matrix = np.column_stack((*encoded, closed.plain[rows]))
    known = np.where(np.isnan(matrix).all(axis=0), 0.0, matrix)
    centre = np.nanmean(known, axis=0)
    spread = np.nanstd(known, axis=0)
    scale = np.where(spread > 1e-9, spread, 1.0)
    matrix = np.nan_to_num((matrix - centre) / scale, nan=0.0)
    with threadpool_limits(limits=1):
        model = LogisticRegression(C=1 / RIDGE, max_iter=1000, tol=1e-8)
        model.fit(matrix, is_won[rows])
        weights = np.concatenate((model.intercept_, model.coef_[0]))
        wide = np.column_stack((np.ones(matrix.shape[0]), matrix))
        chance = _expit(wide @ weights)
        information = wide.T @ (wide * (chance * (1 - chance))[:, None])
        information += np.diag([0.0, *[RIDGE] * matrix.shape[1]])
        errors = np.sqrt(np.diag(np.linalg.inv(information)))
    encodings = {
        name: log_odds(codes, is_won, count) for name, (codes, count) in closed.levels.items()
    }
    return _Logistic(encodings, centre, scale, weights, errors)


def _expit(logit: Floats) -> Floats:
    """(n) probabilities of log odds."""
    return np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float64)


def _plain(deals: pl.DataFrame) -> Floats:
    """(n, p) the columns that need no encoding: ln of amounts, and the fit of rep and account."""
    columns = []
    for name in AMOUNTS:
        values = deals[name].cast(pl.Float64).to_numpy().copy()
        values[~(values > 0)] = np.nan
        columns.append(np.log(values))
    columns += [deals[name].cast(pl.Float64).to_numpy() for name in FIT]
    return np.column_stack(columns)
