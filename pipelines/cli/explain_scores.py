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
    SELECT other.account_name, other.actual_sales_usd, other.potential_usd, other.service_hours
    FROM dim_account AS own
    JOIN dim_account AS other
      ON other.industry IS NOT DISTINCT FROM own.industry AND other.account_id <> own.account_id
    JOIN sizes AS own_size ON own_size.account_id = own.account_id
    JOIN sizes AS other_size ON other_size.account_id = other.account_id
    WHERE own.account_id = ? AND other.actual_sales_usd > 0
    ORDER BY abs(ln(other_size.size) - ln(own_size.size)) NULLS LAST, other.account_id
    LIMIT 3
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
    if account.get("predicted_sales_usd") is not None:
        yield "Next year", f"{account['predicted_sales_usd']:,.0f} USD of sales are likely"
    others = records(connection, _COMPARABLE, [account_id])
    for other in others:
        yield (
            "Comparable",
            f"{other['account_name']}: sales {other['actual_sales_usd']:,.0f} USD, potential "
            f"{other['potential_usd']:,.0f} USD, {other['service_hours']:,.1f} h",
        )
    for change in _changes(account, parts, scoring):
        yield "Would change", change


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
