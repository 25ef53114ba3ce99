"""What a plan reckons is lost where rep and account do not fit: as closed deals say, or the policy.

Both penalties of the policy's `response` are estimated with the win model (`scoring.win`). An
estimate counts where its 95 % interval is at most `WIDEST` wide and the policy does not forbid it;
a plan says in its findings which value it used, and why.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from optimization import Policy

PENALTIES = {
    "experience_penalty": "the rep's experience multiplier is 0.5 short",
    "skill_penalty": "the industry is not among the rep's skills",
}
# ± 0.15 of the wins: as much as the smaller of the two defaults.
WIDEST = 0.3

ESTIMATES = """
    SELECT metric, metric_value, lower_value, upper_value, row_count
    FROM int_score__model_quality WHERE score_name = 'response' ORDER BY metric
"""


def with_estimates(policy: "Policy", estimates: pl.DataFrame | None) -> "Policy":
    """`policy` with the penalties that closed deals tell; `estimates` as `ESTIMATES` reads them."""
    if estimates is None:
        return policy
    known = _known(estimates)
    used = {
        name: _share(known[name]) for name in PENALTIES if _reason(policy, known.get(name)) is None
    }
    return policy.model_copy(update={"response": policy.response.model_copy(update=used)})


def fit_loss_findings(policy: "Policy", estimates: pl.DataFrame) -> pl.DataFrame:
    """A finding per penalty: which value a plan of `policy` uses, with its interval."""
    known = _known(estimates)
    rows = []
    for name, words in PENALTIES.items():
        own, row = getattr(policy.response, name), known.get(name)
        reason = _reason(policy, row)
        told = "" if row is None else _told(row)
        if reason is None and row is not None:
            rule = "fit_loss_estimated"
            message = f"{name} {_share(row):.4g} of wins lost where {words}, {told}"
            message += f", in place of the policy's {own:g}"
        else:
            rule = "fit_loss_of_policy"
            message = f"{name} {own:g} of wins lost where {words}, as the policy says: {reason}"
        rows.append(("info", rule, name, 0 if row is None else row["row_count"], message))
    schema = {
        "severity": pl.String,
        "rule": pl.String,
        "record_id": pl.String,
        "affected_rows": pl.Int64,
        "message": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _known(estimates: pl.DataFrame) -> Mapping[str, Mapping[str, Any]]:
    return {str(row["metric"]): row for row in estimates.to_dicts()}


def _share(row: Mapping[str, Any]) -> float:
    """The estimate as the policy allows it: a gain counts as no loss."""
    return round(min(max(float(row["metric_value"]), 0.0), 1.0), 6)


def _told(row: Mapping[str, Any]) -> str:
    return (
        f"estimated {row['metric_value']:.2g} (95 % interval {row['lower_value']:.2g} to "
        f"{row['upper_value']:.2g}) from {row['row_count']:,} closed deals"
    )


def _reason(policy: "Policy", row: Mapping[str, Any] | None) -> str | None:
    """Why the policy's own value counts; None where the estimate does."""
    if policy.response.penalties_from == "policy":
        return "response.penalties_from is policy"
    if row is None:
        return "closed deals do not tell"
    if row["upper_value"] - row["lower_value"] > WIDEST:
        return f"{_told(row)}, wider than {WIDEST:g}"
    return None
