"""What comparable customers spend at a high quantile, fitted and calibrated.

Quantile gradient boosting of ln(sales) over customers: accounts that bought in the outcome window.
Prospects get what customers like them spend. Each account is scored by a model that saw neither it
nor its family. Residuals of left-out customers then move the quantile to its level (split
conformal prediction), by segment where a segment has `SEGMENT_CUSTOMERS`.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.scoring.design import design_of
from pipelines.scoring.evidence import (
    FOLDS,
    Floats,
    compare,
    conformal_quantile,
    left_out_constant,
    pinball_loss,
)
from pipelines.scoring.quality import Metric, binomial_interval, fitted_metric, gain_metric
from pipelines.scoring.trees import CrossFit, TreeSettings, cross_fit, importance

SCORE = "potential"
# Months of history from which accounts are described as they stood a year before the outcome.
LONG_HISTORY_MONTHS = 24
# Customers a segment needs for a calibration of its own: its error is then 4 points or less.
SEGMENT_CUSTOMERS = 100


@dataclass(frozen=True)
class PotentialFit:
    """The fitted quantile of every account.

    Attributes:
        comparable_spend_usd: (n) in the order of today's rows; None where no model is used.
        reason: why there is or is no model, in words.
        offsets: ln units added to the raw quantile, by segment; '' for all others.
        residuals: (m) ln(sales) of left-out customers less their raw quantile.
        residual_segments: (m) their segments.
    """

    comparable_spend_usd: Floats | None
    reason: str
    metrics: tuple[Metric, ...]
    fit: CrossFit | None = None
    offsets: dict[str, float] | None = None
    residuals: Floats | None = None
    residual_segments: np.ndarray | None = None


def learning_rows(
    features: pl.DataFrame, trailing_sales_usd: Floats
) -> tuple[pl.DataFrame, Floats, bool]:
    """The rows to learn from, their outcomes, and whether the past may describe them.

    With two years of history accounts are described as they stood a year ago, and the outcome is
    the year since; with less, by what does not change (firmographics and market), and the outcome
    is the trailing year itself.
    """
    today = features.filter(pl.col("moment") == "today")
    if int(today["history_months"].max() or 0) < LONG_HISTORY_MONTHS:  # type: ignore[arg-type]
        return today, trailing_sales_usd, False
    known = features.filter(pl.col("moment") == "training")
    return known, known["outcome_usd"].cast(pl.Float64).to_numpy(), True


def fit_potential(
    features: pl.DataFrame,
    trailing_sales_usd: Floats,
    quantile: float,
    minimum_customers: int,
    minimum_evidence: float,
    settings: TreeSettings,
) -> PotentialFit:
    """Fit the quantile on `features` (`int_account__feature`, sorted by account_id).

    Args:
        trailing_sales_usd: (n) sales of the 12 months before the planning date, by today's rows.
    """
    today = features.filter(pl.col("moment") == "today")
    known, outcome, has_history = learning_rows(features, trailing_sales_usd)
    is_customer = outcome > 0
    customers = int(is_customer.sum())
    if customers < minimum_customers:
        return _unfitted(
            f"{customers} customers are too few for a model ({minimum_customers}); potential is "
            "the quantile of the narrowest comparable group",
            customers,
        )
    known = known.filter(pl.Series(is_customer))
    target = np.log(outcome[is_customer])
    fold = known["fold"].cast(pl.Int64).to_numpy()
    design = design_of(known, has_history=has_history)
    if not design.columns or np.unique(fold).size < FOLDS:
        return _unfitted("nothing is known that tells customers apart", customers)
    matrix = design.matrix(known)
    fit = cross_fit(design, matrix, target, fold, "quantile", settings, quantile)
    raw = fit.predict(matrix, fold)
    constant = left_out_constant(target, fold, lambda others: np.quantile(others, quantile))
    evidence = compare(
        pinball_loss(target, raw, quantile), pinball_loss(target, constant, quantile)
    )
    gain = gain_metric(
        SCORE, evidence, "Quantile loss of left-out customers below that of one quantile for all"
    )
    if evidence.standard_errors < minimum_evidence:
        failed = _unfitted(
            f"no model beats one quantile for all customers by {minimum_evidence:g} standard "
            f"errors ({evidence.standard_errors:.1f}); potential is the quantile of the narrowest "
            "comparable group",
            customers,
        )
        return PotentialFit(None, failed.reason, (*failed.metrics, gain))
    segments = known["segment"].to_numpy()
    offsets = _offsets(target - raw, segments, quantile)
    scored = fit.predict(design.matrix(today), today["fold"].cast(pl.Int64).to_numpy())
    moved = np.array([offsets.get(name, offsets[""]) for name in today["segment"].to_list()])
    covered = _left_out_coverage(target, raw, fold, segments, quantile)
    return PotentialFit(
        np.exp(scored + moved),
        f"fitted on {customers} customers, "
        + ("as they stood a year before" if has_history else "by firmographics and market"),
        (
            fitted_metric(SCORE, customers, "a model gives the comparable spend", is_fitted=True),
            gain,
            *_coverage_metrics(covered, segments, quantile),
            *(
                Metric(
                    SCORE,
                    "importance",
                    float(share),
                    customers,
                    "share of 1",
                    "Mean move of the prediction when the column is shuffled",
                    "feature",
                    name,
                )
                for name, share in zip(
                    design.columns, importance(fit, matrix, fold, settings), strict=True
                )
            ),
        ),
        fit,
        offsets,
        target - raw,
        segments,
    )


def _unfitted(reason: str, customers: int) -> PotentialFit:
    return PotentialFit(None, reason, (fitted_metric(SCORE, customers, reason, is_fitted=False),))


def _offsets(residuals: Floats, segments: np.ndarray, quantile: float) -> dict[str, float]:
    offsets = {"": conformal_quantile(residuals, quantile)}
    for name in sorted(set(segments.tolist())):
        own = residuals[segments == name]
        if own.size >= SEGMENT_CUSTOMERS:
            offsets[name] = conformal_quantile(own, quantile)
    return offsets


def _left_out_coverage(
    target: Floats, raw: Floats, fold: np.ndarray, segments: np.ndarray, quantile: float
) -> np.ndarray:
    """(n) whether a customer is at or below a quantile calibrated on the other folds."""
    covered = np.zeros(target.size, dtype=bool)
    for number in range(FOLDS):
        here = fold == number
        offsets = _offsets((target - raw)[~here], segments[~here], quantile)
        moved = np.array([offsets.get(name, offsets[""]) for name in segments[here].tolist()])
        covered[here] = target[here] <= raw[here] + moved
    return covered


def _coverage_metrics(covered: np.ndarray, segments: np.ndarray, quantile: float) -> list[Metric]:
    groups = [("book", "all", covered)] + [
        ("segment", name, covered[segments == name]) for name in sorted(set(segments.tolist()))
    ]
    metrics = []
    for kind, name, part in groups:
        share = float(part.mean())
        low, high = binomial_interval(share, part.size)
        metrics.append(
            Metric(
                SCORE,
                "coverage_pct",
                100 * share,
                int(part.size),
                "%",
                f"Customers at or below their quantile of {quantile:g}, calibrated without them",
                kind,
                name,
                100 * low,
                100 * high,
            )
        )
    return metrics
