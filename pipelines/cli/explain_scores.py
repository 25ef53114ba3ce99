"""What makes the scores of an account, who is comparable, and what would change them: as lines."""

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from pipelines.cli.release_reader import records
from pipelines.settings.scoring import Scoring

Line = tuple[str, str]

_PARTS = """
    SELECT score_name, part_name, part_value, part_weight, contribution, is_missing
    FROM fct_account_score_part WHERE account_id = ? ORDER BY score_name, part_number
"""
# Alike in industry and nearest in size, as the complexity score measures it.
_COMPARABLE = """
    WITH sizes AS (
        SELECT account_id, part_value AS size FROM fct_account_score_part
        WHERE score_name = 'complexity' AND part_name = 'size'
    )
    SELECT other.account_name, other.actual_sales_usd, other.potential_usd, other.service_hours,
           other_size.size
    FROM dim_account AS own
    JOIN dim_account AS other
      ON other.industry IS NOT DISTINCT FROM own.industry AND other.account_id <> own.account_id
    JOIN sizes AS own_size ON own_size.account_id = own.account_id
    JOIN sizes AS other_size ON other_size.account_id = other.account_id
    WHERE own.account_id = ? AND other.actual_sales_usd > 0
    ORDER BY abs(ln(other_size.size) - ln(own_size.size)) NULLS LAST, other.account_id
    LIMIT 3
"""
# How good the models are, among the accounts of its segment where that is known.
_QUALITY = """
    SELECT * FROM kpi_score_quality
    WHERE (score_name, metric) IN (('potential', 'coverage_pct'), ('predicted_sales', 'is_fitted'))
      AND (group_kind = 'book' OR group_kind = 'segment' AND group_name = ?)
    ORDER BY group_kind
"""
_SOURCES = {
    "cycle": "won deals of its segment with both dates",
    "size": "employees or revenue",
    "offering": "products of its deals",
}


def score_lines(
    connection: duckdb.DuckDBPyConnection, account: Mapping[str, Any], scoring: Scoring
) -> Iterator[Line]:
    """The lines about the scores of `account`, a row of `dim_account`.

    Args:
        connection: an open release.
        scoring: the settings it was made with, for what would change.
    """
    account_id = account["account_id"]
    parts: dict[str, dict[str, dict[str, Any]]] = {}
    for part in records(connection, _PARTS, [account_id]):
        parts.setdefault(str(part["score_name"]), {})[str(part["part_name"])] = part
    yield (
        "Complexity",
        f"{account['complexity_score']:.2f} = "
        + " + ".join(
            f"{name} {part['contribution']:.2f}"
            + (" (unknown)" if part["is_missing"] else f" ({part['part_value']:.2f} × the book)")
            for name, part in parts["complexity"].items()
        ),
    )
    yield "Hours", _waterfall(parts["service_hours"], "h")
    yield "Potential", f"{_waterfall(parts['potential'], 'USD')} [{account['potential_basis']}]"
    yield from _model_lines(connection, account, scoring.potential.quantile)
    others = records(connection, _COMPARABLE, [account_id])
    for other in others:
        yield (
            "Comparable",
            f"{other['account_name']}: "
            + ("" if other["size"] is None else f"size {other['size']:.2f} × the book, ")
            + f"sales {other['actual_sales_usd']:,.0f} USD, potential "
            f"{other['potential_usd']:,.0f} USD, {other['service_hours']:,.1f} h",
        )
    for change in _changes(account, parts, scoring):
        yield "Would change", change


def _model_lines(
    connection: duckdb.DuckDBPyConnection, account: Mapping[str, Any], quantile: float
) -> Iterator[Line]:
    """What models say of the account, and how far they are to be trusted."""
    facts = {
        (str(row["score_name"]), str(row["metric"])): row
        for row in records(connection, _QUALITY, [account.get("segment")])
    }
    covered = facts.get(("potential", "coverage_pct"))
    if account["potential_basis"] == "fitted model" and covered:
        yield (
            "Trust",
            f"potential is what {100 * (1 - quantile):.0f} % of comparable customers exceed; "
            f"{covered['metric_value']:.0f} % of {covered['row_count']:,} customers "
            + ("" if covered["group_kind"] == "book" else f"of {covered['group_name']} ")
            + f"stay below a potential set without them ({covered['lower_value']:.0f} to "
            f"{covered['upper_value']:.0f} %)",
        )
    if account.get("predicted_sales_usd") is None:
        return
    told = f"{account['predicted_sales_usd']:,.0f} USD of sales are likely"
    if account.get("predicted_sales_high_usd") is not None:
        told += (
            f", {account['buying_probability_pct']:.0f} % to buy anything; "
            f"{100 * quantile:.0f} % of accounts like it stay at or below "
            f"{account['predicted_sales_high_usd']:,.0f} USD"
        )
    yield "Next year", told
    model = facts.get(("predicted_sales", "is_fitted"))
    if model:
        yield "Model", str(model["statement"])


def _waterfall(parts: Mapping[str, Mapping[str, Any]], unit: str) -> str:
    total = sum(float(part["contribution"]) for part in parts.values())
    steps = [f"{name} {part['contribution']:+,.1f}" for name, part in parts.items()]
    return f"{total:,.1f} {unit} = " + ", ".join(steps).removeprefix("+")


def _changes(
    account: Mapping[str, Any],
    parts: Mapping[str, Mapping[str, Mapping[str, Any]]],
    scoring: Scoring,
) -> Iterator[str]:
    """What would move the scores most, one sentence each."""
    for name, part in parts["complexity"].items():
        if part["is_missing"]:
            yield f"{_SOURCES[name]}: unknown, so complexity rests on the other factors"
    hours, potential = float(account["service_hours"]), float(account["potential_usd"])
    exponent = scoring.value_index.exponent
    if potential > 0:
        more = hours * (1.1**exponent - 1)
        yield f"10 % more potential: {more:+,.1f} h (hours follow value at power {exponent:g})"
    if hours > 0:
        more = hours * 0.1
        yield f"10 % longer sales cycles than its segment's, over many deals: {more:+,.1f} h"
    cap = parts["potential"]["market cap"]
    if float(cap["contribution"]) < -0.5:
        yield (
            f"a larger market: its state and sector hold only {100 * cap['part_value']:.0f} % of "
            f"what their accounts could buy more, which takes {-cap['contribution']:,.0f} USD"
        )
    comparable = parts["potential"]["comparable customers"]
    if comparable["is_missing"]:
        yield "comparable customers: there are none, so its potential is its own sales"
    elif float(comparable["contribution"]) == 0:
        yield (
            "its own sales: they are above what comparable customers spend, so each dollar more or "
            "less moves the potential by one"
        )
