"""What a model says of itself: rows of `int_score__model_quality`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import polars as pl

from pipelines.scoring.evidence import Evidence

_SCHEMA = {
    "score_name": pl.String,
    "metric": pl.String,
    "group_kind": pl.String,
    "group_name": pl.String,
    "metric_value": pl.Float64,
    "lower_value": pl.Float64,
    "upper_value": pl.Float64,
    "row_count": pl.Int64,
    "unit": pl.String,
    "statement": pl.String,
}


@dataclass(frozen=True)
class Metric:
    """One figure about a score, over a group of its rows."""

    score_name: str
    metric: str
    metric_value: float | None
    row_count: int
    unit: str
    statement: str
    group_kind: str = "book"
    group_name: str = "all"
    lower_value: float | None = None
    upper_value: float | None = None


def fitted_metric(score_name: str, rows: int, statement: str, *, is_fitted: bool) -> Metric:
    """Whether a model gives the score, and why it does or does not."""
    sentence = statement[0].upper() + statement[1:]
    return Metric(score_name, "is_fitted", float(is_fitted), rows, "0 or 1", sentence)


def gain_metric(score_name: str, evidence: Evidence, words: str) -> Metric:
    """What a model gains over a constant on left-out rows."""
    return Metric(
        score_name,
        "gain_over_constant_pct",
        evidence.gain_pct,
        evidence.rows,
        "%",
        f"{words}; {evidence.standard_errors:.1f} standard errors",
    )


def quality_table(metrics: Sequence[Metric]) -> pl.DataFrame:
    """The metrics as a table, sorted by its key."""
    table = pl.DataFrame([asdict(metric) for metric in metrics], schema=_SCHEMA)
    return table.sort("score_name", "metric", "group_kind", "group_name")


def binomial_interval(share: float, rows: int) -> tuple[float, float]:
    """95 % interval of a share of `rows`, Wilson's score interval; both ends in 0 to 1."""
    if rows == 0:
        return 0.0, 1.0
    z = 1.959963984540054
    centre = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * ((share * (1 - share) + z * z / (4 * rows)) / rows) ** 0.5
    return min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share)
