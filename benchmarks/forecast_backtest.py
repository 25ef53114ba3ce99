"""Quarterly forecasts against what came, and against the same quarter of the year before.

At the end of each past quarter with a year known before it, every series is forecast with what was
known then, the choice of the method included. Territories are those of today's owners.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from pipelines.scoring.forecast import AHEAD_MONTHS, SEASON_MONTHS, forecast_quarter

Floats = npt.NDArray[np.float64]

_MONTHLY = """
    WITH deals AS (
        SELECT account_id, amount_usd, closed_date FROM int_crm__opportunity
        WHERE status = 'won' AND closed_date <= $until AND amount_usd IS NOT NULL
    ),
    months AS (
        SELECT number AS months_ago FROM range(1, 61) AS numbers(number)
        WHERE ($until::DATE - to_months(number::INTEGER))::DATE
          >= (SELECT min(closed_date) FROM deals) - 2
    ),
    groups AS (
        SELECT account_id, 'book' AS kind, 'all' AS name FROM stg_crm__account
        UNION ALL
        SELECT account_id, 'territory', owner_rep_id FROM int_account__owner
        WHERE owner_rep_id IS NOT NULL
        UNION ALL
        SELECT owners.account_id, 'region', reps.region FROM int_account__owner AS owners
        JOIN stg_crm__rep AS reps ON owners.owner_rep_id = reps.rep_id WHERE region IS NOT NULL
        UNION ALL
        SELECT account_id, 'segment', segment FROM int_account__profile
    ),
    sales AS (
        SELECT kind, name, months_ago, sum(amount_usd)::DOUBLE AS sales_usd
        FROM deals JOIN groups USING (account_id)
        JOIN months ON closed_date > $until::DATE - to_months(months_ago::INTEGER)
          AND closed_date <= $until::DATE - to_months(months_ago::INTEGER - 1)
        GROUP BY ALL
    )
    SELECT kind, name, list(coalesce(sales_usd, 0) ORDER BY months_ago DESC) AS monthly_usd
    FROM (SELECT DISTINCT kind, name FROM groups) CROSS JOIN months
    LEFT JOIN sales USING (kind, name, months_ago)
    GROUP BY ALL ORDER BY 1, 2
"""


def forecast_backtest(connection: duckdb.DuckDBPyConnection, until: Any) -> list[dict[str, Any]]:
    """Per kind of group (book, region, segment, territory) the errors of its forecasts.

    Args:
        connection: a working database with deals up to `until`, a date.
    """
    kinds: dict[str, list[Floats]] = {}
    for kind, _, monthly in connection.execute(_MONTHLY, {"until": until}).fetchall():
        kinds.setdefault(kind, []).append(np.array(monthly, dtype=np.float64))
    found = {kind: forecast_errors(series) for kind, series in kinds.items()}
    return [{"group_kind": kind, **errors} for kind, errors in found.items() if errors is not None]


def forecast_errors(series: Sequence[Floats]) -> Mapping[str, Any] | None:
    """Errors of `forecast_quarter` and of the seasonal naive over all series and past quarters.

    Args:
        series: monthly totals, oldest first, all of one length.

    Returns:
        None where no quarter has a year before it. Errors are Σ |missed| ÷ Σ sold, %.
    """
    rows = []
    for monthly in series:
        last = monthly.size - AHEAD_MONTHS
        for origin in range(last, SEASON_MONTHS - 1, -AHEAD_MONTHS):
            actual = float(monthly[origin : origin + AHEAD_MONTHS].sum())
            before = origin - SEASON_MONTHS
            naive = float(monthly[before : before + AHEAD_MONTHS].sum())
            told = forecast_quarter(monthly[:origin])
            low, high = told.lower_usd, told.upper_usd
            is_held = None if low is None or high is None else low <= actual <= high
            rows.append((actual, told.forecast_usd, naive, is_held))
    sold = sum(row[0] for row in rows)
    if sold <= 0:
        return None
    held = [row[3] for row in rows if row[3] is not None]
    return {
        "series": len(series),
        "quarters": len(rows),
        "error_pct": 100 * sum(abs(row[1] - row[0]) for row in rows) / sold,
        "naive_error_pct": 100 * sum(abs(row[2] - row[0]) for row in rows) / sold,
        "interval_coverage_pct": 100 * sum(held) / len(held) if held else None,
    }
