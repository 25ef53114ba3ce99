"""Does an account buy in the coming year, and what do most accounts like it stay below?

A hurdle: the chance p of buying at all, and what buyers spend. ln(sales) of a buyer less its raw
quantile (`potential`) is distributed as the residuals of left-out buyers of its segment. Over all
accounts, buyers or not, the quantile q of sales is then 0 where p ≤ 1 − q, else the quantile
1 − (1 − q) ÷ p of buyers.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.scoring.design import design_of
from pipelines.scoring.evidence import (
    FOLDS,
    Floats,
    calibration_error,
    compare,
    conformal_quantile,
    left_out_constant,
)
from pipelines.scoring.potential import SEGMENT_CUSTOMERS, PotentialFit, learning_rows
from pipelines.scoring.quality import Metric, fitted_metric, gain_metric
from pipelines.scoring.sales import SalesFit
from pipelines.scoring.trees import CrossFit, TreeSettings, cross_fit

SCORE = "buying_probability"
# No probability is nearer to 0 or 1: no book has enough accounts to know.
NEAREST = 0.005


@dataclass(frozen=True)
class Outlook:
    """What comes of every account, (n) each in the order of today's rows.

    Attributes:
        probability: chance of buying anything.
        high_usd: sales that an account stays at or below with the probability of the quantile.
    """

    probability: Floats
    high_usd: Floats
    reason: str
    metrics: tuple[Metric, ...]
    fit: CrossFit | None = None


def fit_outlook(
    features: pl.DataFrame,
    trailing_sales_usd: Floats,
    potential: PotentialFit,
    sales: SalesFit,
    quantile: float,
    minimum_customers: int,
    minimum_evidence: float,
    settings: TreeSettings,
) -> Outlook:
    """Fit on `features` (`int_account__feature`, sorted by account_id), as the potential is.

    Where no model beats the share of buyers, every account has that share. Where there is no model
    of potential, `high_usd` is the quantile of the book's sales: for all, or times what an account
    is estimated to buy over the mean, where `sales` are shrunken estimates.
    """
    today = features.filter(pl.col("moment") == "today")
    known, outcome, has_history = learning_rows(features, trailing_sales_usd)
    buys = outcome > 0
    probability, reason, metrics, fit = _buying(
        known, buys, today, has_history, minimum_customers, minimum_evidence, settings
    )
    residuals, segments = potential.residuals, potential.residual_segments
    if potential.comparable_spend_usd is None or residuals is None or segments is None:
        high = _without_residuals(today.height, outcome, sales, quantile)
        return Outlook(probability, high, reason, metrics, fit)
    share = _buyers_share(today["segment"].to_numpy(), probability, residuals, segments, quantile)
    high = potential.comparable_spend_usd * share
    return Outlook(probability, high, reason, metrics, fit)


def _without_residuals(accounts: int, outcome: Floats, sales: SalesFit, quantile: float) -> Floats:
    """(n) the quantile of sales over all accounts where no model of potential leaves residuals."""
    if not outcome.size:
        return np.zeros(accounts)
    if sales.left_out_ratios is None:
        return np.full(accounts, max(conformal_quantile(outcome, quantile), 0.0))
    relative = sales.predicted_sales_usd / sales.predicted_sales_usd.mean()
    over = max(conformal_quantile(sales.left_out_ratios, quantile), 0.0)
    return np.asarray(relative * over * max(outcome.mean(), 0.0), dtype=np.float64)


def _buying(
    known: pl.DataFrame,
    buys: np.ndarray,
    today: pl.DataFrame,
    has_history: bool,
    minimum_customers: int,
    minimum_evidence: float,
    settings: TreeSettings,
) -> tuple[Floats, str, tuple[Metric, ...], CrossFit | None]:
    """(n) chance of buying of today's rows, why it is as it is, how good, and the model."""
    customers = int(buys.sum())
    flat = np.full(today.height, (customers + 1) / (buys.size + 2))
    fold = known["fold"].cast(pl.Int64).to_numpy()
    design = design_of(known, has_history=has_history)
    few = min(customers, buys.size - customers)
    if few < minimum_customers // 2 or not design.columns or np.unique(fold).size < FOLDS:
        return _flat(flat, f"{customers} buyers and {buys.size - customers} others are too few")
    target = buys.astype(np.float64)
    matrix = design.matrix(known)
    # The squared error has the chance itself as best forecast.
    fit = cross_fit(design, matrix, target, fold, "squared_error", settings)
    left_out = np.clip(fit.predict(matrix, fold), NEAREST, 1 - NEAREST)
    constant = left_out_constant(target, fold)
    evidence = compare((target - left_out) ** 2, (target - constant) ** 2)
    gain = gain_metric(
        SCORE, evidence, "Squared error of left-out accounts below that of the share of buyers"
    )
    if evidence.standard_errors < minimum_evidence:
        _, reason, metrics, _ = _flat(
            flat,
            f"no model beats the share of buyers by {minimum_evidence:g} standard errors "
            f"({evidence.standard_errors:.1f})",
        )
        return flat, reason, (*metrics, gain), None
    scored = fit.predict(design.matrix(today), today["fold"].cast(pl.Int64).to_numpy())
    return (
        np.clip(scored, NEAREST, 1 - NEAREST),
        f"fitted on {buys.size} accounts",
        (
            fitted_metric(SCORE, buys.size, "a model tells buyers apart", is_fitted=True),
            gain,
            Metric(
                SCORE,
                "calibration_error",
                calibration_error(buys, left_out),
                buys.size,
                "share of 1",
                "Mean |predicted − bought| over ten equally full bins of left-out accounts",
            ),
        ),
        fit,
    )


def _flat(flat: Floats, why: str) -> tuple[Floats, str, tuple[Metric, ...], None]:
    statement = f"{why}; every account has the share of buyers of the book"
    return flat, why, (fitted_metric(SCORE, flat.size, statement, is_fitted=False),), None


def _buyers_share(
    segments: np.ndarray,
    probability: Floats,
    residuals: Floats,
    residual_segments: np.ndarray,
    quantile: float,
) -> Floats:
    """(n) the quantile over all accounts as a multiple of that of buyers."""
    level = np.maximum(1 - (1 - quantile) / probability, 0.0)
    shift = np.quantile(residuals, level) - conformal_quantile(residuals, quantile)
    for name in sorted(set(residual_segments.tolist())):
        own = residuals[residual_segments == name]
        here = segments == name
        if own.size >= SEGMENT_CUSTOMERS:
            shift[here] = np.quantile(own, level[here]) - conformal_quantile(own, quantile)
    return np.where(level > 0, np.exp(shift), 0.0)
