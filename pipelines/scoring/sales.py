"""Sales of an account in the next year, as they are likely to come: the mean, not a quantile.

Poisson gradient boosting (its deviance has the mean as best forecast, and zeros are allowed) of the
outcome window, taken to a year, on everything known before it. Cross-fitted like the potential.
A book too small for trees gets an estimate shrunk to its mean (`shrunken`), one in which neither
holds on left-out accounts the mean itself.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.scoring.design import design_of
from pipelines.scoring.evidence import FOLDS, Floats, compare, left_out_constant, poisson_loss
from pipelines.scoring.quality import Metric, fitted_metric, gain_metric
from pipelines.scoring.shrunken import MINIMUM_CUSTOMERS, ShrunkenFit, fit_shrunken
from pipelines.scoring.trees import CrossFit, TreeSettings, cross_fit

SCORE = "predicted_sales"


@dataclass(frozen=True)
class SalesFit:
    """Predicted sales of every account.

    Attributes:
        predicted_sales_usd: (n) in the order of today's rows, USD a year.
        estimate: the shrunken estimate, where one is used.
        left_out_ratios: (m) sales over their shrunken estimate, of accounts left out; mean about 1.
    """

    predicted_sales_usd: Floats
    reason: str
    metrics: tuple[Metric, ...]
    fit: CrossFit | None = None
    estimate: ShrunkenFit | None = None
    left_out_ratios: Floats | None = None


def fit_sales(
    features: pl.DataFrame,
    trailing_sales_usd: Floats,
    minimum_customers: int,
    minimum_evidence: float,
    settings: TreeSettings,
    *,
    may_shrink: bool = True,
) -> SalesFit:
    """Fit on `features` (`int_account__feature`, sorted by account_id).

    Where no model beats the mean of the book, every account is predicted that mean: what an
    account happened to sell last year then says nothing about the next.

    Args:
        may_shrink: with fewer than `minimum_customers`, try an estimate shrunk to the mean.
    """
    today = features.filter(pl.col("moment") == "today")
    known = features.filter(pl.col("moment") == "training")
    mean = float(trailing_sales_usd.mean()) if trailing_sales_usd.size else 0.0
    flat = np.full(today.height, max(mean, 0.0))
    if known.is_empty():
        return _flat(flat, "less than two months of history; everybody is predicted the mean")
    months = int(known["window_months"][0])
    outcome = np.maximum(known["outcome_usd"].cast(pl.Float64).to_numpy(), 0.0) * 12 / months
    customers = int((outcome > 0).sum())
    fold = known["fold"].cast(pl.Int64).to_numpy()
    design = design_of(known, has_history=True)
    if customers < minimum_customers or not design.columns or np.unique(fold).size < FOLDS:
        few = f"{customers} customers are too few for a model ({minimum_customers})"
        if may_shrink and customers >= MINIMUM_CUSTOMERS and np.unique(fold).size == FOLDS:
            return _shrunken(known, outcome, today, flat, few, minimum_evidence, settings.seed)
        return _flat(flat, f"{few}; everybody is predicted the mean")
    target = outcome / outcome.mean()
    matrix = design.matrix(known)
    fit = cross_fit(design, matrix, target, fold, "poisson", settings)
    raw = fit.predict(matrix, fold)
    constant = left_out_constant(target, fold)
    evidence = compare(poisson_loss(target, raw), poisson_loss(target, constant))
    gain = gain_metric(
        SCORE,
        evidence,
        f"Poisson deviance of left-out accounts below that of the mean, {months} months ahead",
    )
    if evidence.standard_errors < minimum_evidence:
        failed = _flat(
            flat,
            f"no model beats the mean by {minimum_evidence:g} standard errors "
            f"({evidence.standard_errors:.1f}): the book shows no lift, and none is claimed; "
            "everybody is predicted the mean",
        )
        return SalesFit(flat, failed.reason, (*failed.metrics, gain))
    # Trees shrink; the total of left-out predictions is held at the total sold.
    level = float(target.sum() / raw.sum()) * float(outcome.mean())
    scored = fit.predict(design.matrix(today), today["fold"].cast(pl.Int64).to_numpy()) * level
    return SalesFit(
        scored,
        f"fitted on {known.height} accounts, {months} months ahead",
        (
            fitted_metric(
                SCORE,
                known.height,
                f"a model predicts sales from what was known {months} months before",
                is_fitted=True,
            ),
            gain,
        ),
        fit,
    )


def _shrunken(
    known: pl.DataFrame,
    outcome: Floats,
    today: pl.DataFrame,
    flat: Floats,
    few: str,
    minimum_evidence: float,
    seed: int,
) -> SalesFit:
    """The estimate shrunk to the mean where it tells accounts apart, else the mean."""
    found = fit_shrunken(known, outcome, today, minimum_evidence, seed)
    if found is None:
        return _flat(flat, f"{few}, and nothing tells them apart; everybody is predicted the mean")
    shuffled = (
        f"{found.as_good or 'none'} of {found.shuffles} books with the same sales dealt out by "
        f"chance {'is' if found.as_good < 2 else 'are'} predicted as well"
    )
    gain = Metric(
        SCORE,
        "gain_over_constant_pct",
        found.gain_pct,
        known.height,
        "%",
        f"Poisson deviance of left-out accounts below that of the mean, of an estimate from own "
        f"record, size and industry, shrunk to the mean; {shuffled}",
    )
    if not found.is_better:
        failed = _flat(
            flat,
            f"{few}, and an estimate from own record, size and industry does not stand out: "
            f"{shuffled}; everybody is predicted the mean",
        )
        return SalesFit(flat, failed.reason, (*failed.metrics, gain))
    reason = (
        f"{few}; predicted sales are estimated from own record, size and industry, shrunk to the "
        f"mean: {shuffled}"
    )
    weights = tuple(
        Metric(
            SCORE,
            "weight",
            weight,
            known.height,
            "ln units",
            "Added to the logarithm of the estimate per standard deviation of the trait, or for "
            "members of the industry",
            "feature",
            name,
        )
        for name, weight in found.weights.items()
    )
    return SalesFit(
        found.relative * float(outcome.mean()),
        reason,
        (fitted_metric(SCORE, known.height, reason, is_fitted=True), gain, *weights),
        estimate=found,
        left_out_ratios=outcome / outcome.mean() / found.left_out,
    )


def _flat(flat: Floats, reason: str) -> SalesFit:
    return SalesFit(flat, reason, (fitted_metric(SCORE, flat.size, reason, is_fitted=False),))
