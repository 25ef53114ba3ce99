"""The unit of a column, read from its name as the naming rules of the project say."""

_BY_SUFFIX = {
    "_usd_per_day": "USD per day",
    "_usd": "USD",
    "_per_year": "per year",
    "_hours": "hours",
    "_km": "km",
    "_pct": "%",
    "_seconds": "seconds",
    "_days": "days",
    "_months": "months",
    "_ratio": "ratio",
    "_cv": "ratio",
    "_gini": "ratio 0 to 1",
    "_share": "ratio 0 to 1",
    "_count": "count",
    "_accounts": "count",
    "_opportunities": "count",
    "_rows": "count",
    "_date": "date",
    "as_of": "date",
    "_at": "instant, UTC",
    "_json": "JSON text",
    "latitude": "degrees north, WGS 84",
    "longitude": "degrees east, WGS 84",
}


def unit_of(column: str) -> str:
    """Such as `USD` for `potential_usd`; empty for ids, names and other texts."""
    if column.startswith(("is_", "has_")):
        return "true or false"
    for suffix, unit in _BY_SUFFIX.items():
        if column.endswith(suffix):
            return unit
    return ""
