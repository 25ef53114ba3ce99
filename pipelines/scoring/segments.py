"""Customer segments: accounts alike in size, growth, behaviour and need, found by k-means.

k is stable where clusters fitted again on bootstrap samples agree with themselves by an adjusted
Rand index (Hubert and Arabie 1985) of `STABLE` at least. Of the stable k the largest is taken whose
mean silhouette (Rousseeuw 1987) is within `AS_CLEAR` of the best one: two halves of a book nearly
always have the best, and say least. Where no k is stable, the book is one segment.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.scoring.evidence import Floats, Ints
from pipelines.scoring.quality import Metric

SCORE = "customer_cluster"
CANDIDATES = (2, 3, 4, 5, 6)
# Above 0.8 most pairs of accounts that share a segment still share it in another sample.
STABLE = 0.8
AS_CLEAR = 0.95
BOOTSTRAPS = 4
# Rows that k-means is fitted on, and that silhouettes, whose cost is quadratic, are taken over.
FITTED_ROWS, SILHOUETTE_ROWS = 4_000, 1_200
MINIMUM_ACCOUNTS = 100
# Standard deviations at which a value counts as far as it gets.
FARTHEST = 3.0
ONE_SEGMENT = "all accounts"

WORDS = {
    "size": ("small", "large"),
    "growth": ("shrinking", "growing"),
    "deals": ("few deals", "many deals"),
    "deal_size": ("small deals", "large deals"),
    "win_share": ("hard to win", "easy to win"),
    "whitespace": ("well penetrated", "much whitespace"),
    "attention": ("seldom served", "often served"),
}


@dataclass(frozen=True)
class Segments:
    """The segment of every account, (n) names in the order of today's rows."""

    names: list[str]
    metrics: tuple[Metric, ...]


def find_segments(
    features: pl.DataFrame, trailing_sales_usd: Floats, comparable_usd: Floats | None, seed: int
) -> Segments:
    """Cluster today's rows of `features` (`int_account__feature`, sorted by account_id).

    Args:
        comparable_usd: (n) what comparable customers spend; None where no model says so.
    """
    today = features.filter(pl.col("moment") == "today")
    if today.height < MINIMUM_ACCOUNTS:
        return _one(today.height, f"fewer than {MINIMUM_ACCOUNTS} accounts are one segment")
    table = _described(features, today, trailing_sales_usd, comparable_usd)
    names, matrix = list(table), np.column_stack(list(table.values())) if table else None
    if matrix is None:
        return _one(today.height, "nothing is known that tells accounts apart")
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, silhouette_score
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(matrix.shape[0])[:FITTED_ROWS])
    part = matrix[rows]
    shown = np.sort(rng.permutation(part.shape[0])[:SILHOUETTE_ROWS])
    metrics: list[Metric] = []
    stable: list[tuple[float, KMeans]] = []
    with threadpool_limits(limits=1):
        for k in CANDIDATES:
            model = KMeans(k, n_init=4, random_state=seed).fit(part)
            found = model.labels_[shown]
            silhouette = (
                float(silhouette_score(part[shown], found)) if np.unique(found).size > 1 else 0.0
            )
            agreement = []
            for _ in range(BOOTSTRAPS):
                sample = part[rng.integers(0, part.shape[0], part.shape[0])]
                other = KMeans(k, n_init=2, random_state=seed).fit(sample)
                agreement.append(adjusted_rand_score(model.labels_, other.predict(part)))
            stability = float(np.mean(agreement))
            metrics += [
                Metric(
                    SCORE,
                    metric,
                    value,
                    int(part.shape[0]),
                    "ratio",
                    words,
                    "clusters",
                    str(k),
                )
                for metric, value, words in (
                    ("silhouette", silhouette, "Mean silhouette of so many clusters"),
                    (
                        "stability",
                        stability,
                        f"Agreement with bootstrap samples (adjusted Rand); {STABLE:g} is needed",
                    ),
                )
            ]
            if stability >= STABLE:
                stable.append((silhouette, model))
        if not stable:
            one = _one(today.height, f"no number of clusters is stable at {STABLE:g}")
            return Segments(one.names, (*one.metrics, *metrics))
        clearest = max(silhouette for silhouette, _ in stable)
        chosen = [model for silhouette, model in stable if silhouette >= AS_CLEAR * clearest][-1]
        labels = chosen.predict(matrix)
    titles = _titles(names, chosen.cluster_centers_)
    counts = np.bincount(labels, minlength=len(titles))
    for number, title in enumerate(titles):
        centre = chosen.cluster_centers_[number]
        metrics.append(
            Metric(
                SCORE,
                "accounts",
                float(counts[number]),
                int(counts[number]),
                "count",
                "Mean in standard deviations from the book: "
                + ", ".join(
                    f"{name} {value:+.2f}" for name, value in zip(names, centre, strict=True)
                ),
                "cluster",
                title,
            )
        )
    return Segments([titles[label] for label in labels], tuple(metrics))


def _one(accounts: int, reason: str) -> Segments:
    statement = reason[0].upper() + reason[1:]
    metric = Metric(
        SCORE,
        "accounts",
        float(accounts),
        accounts,
        "count",
        statement,
        "cluster",
        ONE_SEGMENT,
    )
    return Segments([ONE_SEGMENT] * accounts, (metric,))


def _described(
    features: pl.DataFrame,
    today: pl.DataFrame,
    trailing_sales_usd: Floats,
    comparable_usd: Floats | None,
) -> dict[str, Floats]:
    """The columns that vary, in standard deviations; unknown values stand at the mean.

    Amounts enter as logarithms of ratios, so currency does not matter.
    """
    won = today["past_won_deals"].cast(pl.Float64).to_numpy()
    lost = today["past_lost_deals"].cast(pl.Float64).to_numpy()
    asked = today["past_asked_usd"].cast(pl.Float64).to_numpy()
    rate = (won.sum() + 1) / (won.sum() + lost.sum() + 2)
    employees, revenue = (_logs(today, name) for name in ("employee_count", "annual_revenue_usd"))
    raw: dict[str, Floats] = {
        "size": np.where(np.isnan(employees), _scaled(revenue), _scaled(employees))
    }
    before = features.filter(pl.col("moment") == "training")
    if before.height == today.height and int(today["history_months"].max() or 0) >= 24:  # type: ignore[arg-type]
        earlier = before["past_sales_usd"].cast(pl.Float64).to_numpy()
        bought = np.concatenate([earlier, trailing_sales_usd])
        typical = float(np.median(bought[bought > 0])) if (bought > 0).any() else 1.0
        raw["growth"] = np.log(
            (np.maximum(trailing_sales_usd, 0) + typical) / (np.maximum(earlier, 0) + typical)
        )
    raw["deals"] = np.log1p(won + lost)
    with np.errstate(divide="ignore", invalid="ignore"):
        raw["deal_size"] = np.where(asked > 0, np.log(asked / (won + lost)), np.nan)
    raw["win_share"] = (won + 5 * rate) / (won + lost + 5)
    if comparable_usd is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            raw["whitespace"] = 1 - np.clip(trailing_sales_usd / comparable_usd, 0, 1)
    raw["attention"] = np.log1p(today["logged_hours"].cast(pl.Float64).to_numpy())
    scaled = {name: _scaled(values) for name, values in raw.items()}
    return {name: values for name, values in scaled.items() if np.ptp(values) > 0}


def _logs(table: pl.DataFrame, name: str) -> Floats:
    values = table[name].cast(pl.Float64).to_numpy().copy()
    values[~(values > 0)] = np.nan
    return np.log(values)


def _scaled(values: Floats) -> Floats:
    known = values[np.isfinite(values)]
    if known.size < 2 or known.std() == 0:
        return np.zeros(values.size)
    scaled = (values - known.mean()) / known.std()
    return np.clip(np.nan_to_num(scaled, nan=0.0), -FARTHEST, FARTHEST)


def _titles(names: list[str], centres: Floats) -> list[str]:
    """A name for each cluster: the two traits that set it farthest apart, more where two agree."""
    order: Ints = np.argsort(-np.abs(centres), axis=1, kind="stable").astype(np.int64)
    for traits in range(min(2, len(names)), len(names) + 1):
        titles = [
            ", ".join(WORDS[names[column]][int(centre[column] > 0)] for column in ranked[:traits])
            for centre, ranked in zip(centres, order, strict=True)
        ]
        if len(set(titles)) == len(titles):
            return titles
    return [f"{title} ({number + 1})" for number, title in enumerate(titles)]
