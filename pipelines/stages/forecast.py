"""Forecast stage: next quarter's sales and pipeline per territory, region and segment.

After the plan, because a territory's history is that of the accounts the plan gives it.
"""

import duckdb
import numpy as np
import polars as pl

from pipelines.progress import report
from pipelines.scoring.forecast import AHEAD_MONTHS, Forecast, forecast_quarter
from pipelines.settings.loader import Settings
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.stages.score import write_table
from pipelines.warehouse import session

FORECAST_TABLE = "int_sales__forecast"
# Fitting a series takes about 0.1 s at all its origins.
MOST_FITTED_SERIES = 60

# Months count back from the planning date, so that the last one is whole; up to five years.
_MONTHLY = """
    WITH deals AS (
        SELECT account_id, amount_usd, closed_date FROM int_crm__opportunity
        WHERE status = 'won' AND closed_date <= $as_of AND amount_usd IS NOT NULL
    ),
    months AS (
        SELECT number AS months_ago FROM range(1, 61) AS numbers(number)
        WHERE ($as_of::DATE - to_months(number::INTEGER))::DATE
          >= (SELECT min(closed_date) FROM deals) - 2
    ),
    assigned AS (
        SELECT account_id, rep_id FROM plan_assignment WHERE scenario = $scenario
    ),
    groups AS (
        SELECT account_id, 'book' AS group_kind, 'all' AS group_name FROM assigned
        UNION ALL
        SELECT account_id, 'territory', coalesce('T-' || rep_id, 'UNASSIGNED') FROM assigned
        UNION ALL
        SELECT account_id, 'region', coalesce(region, 'no region')
        FROM assigned LEFT JOIN int_plan__rep USING (rep_id)
        UNION ALL
        SELECT account_id, 'segment', segment FROM int_account__profile
    ),
    grid AS (
        SELECT group_kind, group_name, months_ago
        FROM (SELECT DISTINCT group_kind, group_name FROM groups), months
    ),
    sales AS (
        SELECT groups.group_kind, groups.group_name, months.months_ago,
               sum(deals.amount_usd)::DOUBLE AS sales_usd
        FROM deals JOIN groups USING (account_id)
        JOIN months ON deals.closed_date > $as_of::DATE - to_months(months.months_ago::INTEGER)
          AND deals.closed_date <= $as_of::DATE - to_months(months.months_ago::INTEGER - 1)
        GROUP BY ALL
    ),
    pipeline AS (
        SELECT groups.group_kind, groups.group_name, sum(deals.amount_usd)::DOUBLE AS pipeline_usd,
               sum((deals.amount_usd * wins.win_probability_pct / 100)::DECIMAL(38, 4))::DOUBLE
                 AS weighted_pipeline_usd
        FROM int_crm__opportunity AS deals JOIN groups USING (account_id)
        LEFT JOIN int_opportunity__win AS wins USING (opportunity_id)
        WHERE deals.is_open GROUP BY ALL
    )
    SELECT names.group_kind, names.group_name, coalesce(pipeline_usd, 0) AS pipeline_usd,
           coalesce(weighted_pipeline_usd, 0) AS weighted_pipeline_usd,
           list(coalesce(sales_usd, 0) ORDER BY months_ago DESC)
             FILTER (WHERE months_ago IS NOT NULL) AS monthly_usd
    FROM (SELECT DISTINCT group_kind, group_name FROM groups) AS names
    LEFT JOIN grid USING (group_kind, group_name)
    LEFT JOIN sales USING (group_kind, group_name, months_ago)
    LEFT JOIN pipeline USING (group_kind, group_name)
    GROUP BY ALL
    ORDER BY 1, 2
"""

SCHEMA = {
    "scenario": pl.String,
    "group_kind": pl.String,
    "group_name": pl.String,
    "history_months": pl.Int64,
    "forecast_months": pl.Int64,
    "forecast_usd": pl.Float64,
    "lower_usd": pl.Float64,
    "upper_usd": pl.Float64,
    "method": pl.String,
    "reason": pl.String,
    "error_pct": pl.Float64,
    "naive_error_pct": pl.Float64,
    "pipeline_usd": pl.Float64,
    "weighted_pipeline_usd": pl.Float64,
}


def forecast(settings: Settings, context: RunContext) -> pl.DataFrame:
    """Write `FORECAST_TABLE`: of every scenario each territory, region, segment and the book."""
    report("Forecasting the next quarter")
    with session(WorkPaths(settings.data_dir).warehouse) as connection:
        table = forecast_groups(connection, context)
        write_table(connection, FORECAST_TABLE, table)
    return table


def forecast_groups(connection: duckdb.DuckDBPyConnection, context: RunContext) -> pl.DataFrame:
    """The forecasts of the database's plans: `SCHEMA`."""
    # What a scenario does not change, such as the book, is forecast once.
    known: dict[tuple[bytes, bool], Forecast] = {}
    return pl.concat(
        _forecast_scenario(connection, context, scenario, known) for scenario in context.plans
    )


def _forecast_scenario(
    connection: duckdb.DuckDBPyConnection,
    context: RunContext,
    scenario: str,
    known: dict[tuple[bytes, bool], Forecast],
) -> pl.DataFrame:
    rows = []
    # book, region, segment, territory: the alphabet has the coarse groups first.
    groups = connection.execute(_MONTHLY, {"as_of": context.as_of, "scenario": scenario}).pl()
    for number, group in enumerate(groups.to_dicts()):
        monthly = np.array(group.pop("monthly_usd") or [], dtype=np.float64)
        may_smooth = number < MOST_FITTED_SERIES
        key = monthly.tobytes(), may_smooth
        if key not in known:
            known[key] = forecast_quarter(monthly, may_smooth=may_smooth)
        found = known[key]
        rows.append(
            {
                "scenario": scenario,
                **group,
                "history_months": monthly.size,
                "forecast_months": AHEAD_MONTHS,
                "forecast_usd": round(found.forecast_usd, 2),
                "lower_usd": _rounded(found.lower_usd, 2),
                "upper_usd": _rounded(found.upper_usd, 2),
                "method": found.method,
                "reason": found.reason,
                "error_pct": _rounded(found.error_pct, 4),
                "naive_error_pct": _rounded(found.naive_error_pct, 4),
                "pipeline_usd": round(group["pipeline_usd"], 2),
                "weighted_pipeline_usd": round(group["weighted_pipeline_usd"], 2),
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
