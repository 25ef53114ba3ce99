"""The planner's tables for a company whose planning tables are built, without the planner.

Accounts go to the seats in turn; what is published of them follows from the rows written here.
"""

from pathlib import Path

import duckdb
import polars as pl

from pipelines.stages.plan_tables import study_schemas

# The proposed plan gives the accounts to the seats in turn; "without owner" is left over.
_ASSIGNMENT = """
    CREATE OR REPLACE TABLE plan_assignment AS
    WITH placed AS (
        SELECT
            *,
            CASE WHEN account_id <> 'without owner' THEN
                ['R1', 'R2', 'R3', 'R4'][(row_number() OVER (ORDER BY account_id) - 1) % 4 + 1]
            END AS rep_id
        FROM int_plan__account
    )
    SELECT
        'plan_1' AS plan_id, 'default' AS scenario, account_id, family_id AS unit_id, rep_id,
        owner_rep_id AS previous_rep_id, incumbent_rep_id,
        coalesce(incumbent_rep_id <> rep_id, false) AS is_moved,
        owner_rep_id IS NOT NULL AND incumbent_rep_id IS NULL AS is_forced_move,
        owner_rep_id IS NULL AS is_new_assignment, false AS is_locked,
        rep_id IS NULL AS unassigned,
        service_hours, visits_per_year, CASE WHEN rep_id IS NOT NULL THEN 10.0 END AS travel_hours,
        CASE WHEN rep_id IS NOT NULL THEN 600.0 END AS distance_km,
        CASE WHEN incumbent_rep_id IS NOT NULL THEN 5.0 END AS current_travel_hours,
        CASE WHEN incumbent_rep_id IS NOT NULL THEN 300.0 END AS current_distance_km,
        actual_sales_usd AS expected_sales_usd, actual_sales_usd AS current_expected_sales_usd,
        1.5 AS travel_cost_usd,
        CASE WHEN is_moved THEN 0.15 * actual_sales_usd ELSE 0 END AS disruption_loss_usd,
        0.0 AS fit_loss_usd, CASE WHEN is_moved THEN 25.0 ELSE 0 END AS handover_usd,
        actual_sales_usd AS value_usd, 'balance' AS reason_code,
        'Evens out the hours' AS reason, NULL AS runner_up_rep_id,
        NULL::DOUBLE AS runner_up_delta_usd
    FROM placed
"""

_SUMMARY = """
    CREATE OR REPLACE TABLE plan_summary AS SELECT
        'plan_1' AS plan_id, 'default' AS scenario, 'As it is' AS description,
        DATE '2026-06-30' AS as_of,
        200.0 AS objective_usd, 199.0 AS bound_usd, 1.0 AS regret_usd, 0.5 AS optimality_gap_pct,
        false AS is_proved_optimal, true AS is_repeatable, 'gap reached' AS solver_status,
        7 AS seed,
        5000.0 AS expected_value_usd, 4000.0 AS current_expected_value_usd,
        300.0 AS current_objective_usd, 20.0 AS travel_cost_usd, 30.0 AS disruption_cost_usd,
        25.0 AS handover_cost_usd, 40.0 AS fit_cost_usd, 0.0 AS deviation_cost_usd,
        45.0 AS overtime_cost_usd, 40.0 AS unassigned_cost_usd
"""

# Every seat shares the totals equally.
_TARGET = """
    CREATE OR REPLACE TABLE plan_target AS
    WITH totals AS (
        SELECT 'hours' AS metric, sum(service_hours) AS total FROM int_plan__account
        UNION ALL SELECT 'potential', sum(potential_usd) FROM int_plan__account
        UNION ALL SELECT 'account_count', count(*) FROM int_plan__account
        UNION ALL SELECT 'retail', count(*) FROM int_plan__account WHERE industry = 'Retail'
    )
    SELECT
        'plan_1' AS plan_id, 'default' AS scenario, rep_id, metric, total / 4 AS target,
        0.95 * total / 4 AS lower_limit, 1.05 * total / 4 AS upper_limit,
        0.0 AS relaxation_pct, 0.0 AS shadow_price_usd, 0.0 AS shadow_price_below_usd,
        0.0 AS shadow_price_above_usd, 0.0 AS giant_excess
    FROM totals CROSS JOIN int_plan__rep
"""

_METRIC = """
    CREATE OR REPLACE TABLE plan_metric AS SELECT
        'plan_1' AS plan_id, 'default' AS scenario, metric, measure, is_whole_book,
        5.0 AS tolerance_pct, NULL::DOUBLE AS soft_tolerance_pct, 1.25 AS floor_pct
    FROM (VALUES
        ('hours', 'hours', true), ('potential', 'potential', true),
        ('retail', 'account_count', false)
    ) AS banded (metric, measure, is_whole_book)
"""

_LEVEL = """
    CREATE OR REPLACE TABLE plan_level AS
    SELECT
        'plan_1' AS plan_id, 'default' AS scenario, 'region' AS level, region AS member_id,
        'hours' AS metric, sum(target) AS target, sum(target) AS metric_load,
        0.0 AS deviation_pct, 0.98 * sum(target) AS lower_limit, 1.02 * sum(target) AS upper_limit,
        2.0 AS tolerance_pct, NULL::DOUBLE AS soft_tolerance_pct, 0.0 AS relaxation_pct,
        0.0 AS shadow_price_below_usd, 0.0 AS shadow_price_above_usd, false AS is_binding
    FROM plan_target INNER JOIN int_plan__rep USING (rep_id)
    WHERE metric = 'hours' AND region IS NOT NULL
    GROUP BY region
"""

_METRIC_ACCOUNT = """
    CREATE OR REPLACE TABLE plan_metric_account AS
    SELECT 'plan_1' AS plan_id, 'default' AS scenario, 'retail' AS metric, account_id
    FROM int_plan__account WHERE industry = 'Retail'
"""

_SHADOW_PRICE = """
    CREATE OR REPLACE TABLE plan_shadow_price AS
    SELECT
        'plan_1' AS plan_id, 'default' AS scenario, kind AS constraint_kind,
        name AS constraint_name, rep_id, metric, unit, 100.0 AS limit_amount,
        90.0 AS used_amount, 10.0 AS slack_amount, 41.5 AS shadow_price_usd,
        'One more is worth USD 41.50 a year.' AS statement
    FROM (VALUES
        ('capacity', 'overtime', 'R1', 'clock_hours', 'hours'),
        ('upper_band', 'hours', 'R1', 'hours', 'hours'),
        ('move_budget', 'sales', NULL, 'sales', 'USD')
    ) AS limits (kind, name, rep_id, metric, unit)
"""


def write_plan_tables(warehouse: Path) -> None:
    """Create the `plan_*` tables the marts read, in the file `warehouse`."""
    with duckdb.connect(str(warehouse)) as connection:
        for statement in (
            *(_ASSIGNMENT, _SUMMARY, _TARGET, _METRIC, _LEVEL, _METRIC_ACCOUNT, _SHADOW_PRICE),
        ):
            connection.execute(statement)
        for table, schema in study_schemas().items():
            empty = pl.DataFrame(schema={"plan_id": pl.String, "scenario": pl.String, **schema})
            connection.register("empty", empty)
            connection.execute(f"CREATE OR REPLACE TABLE {table} AS FROM empty")
            connection.unregister("empty")


# Everybody's accounts go to the next seat, only hours and potential are banded, nobody is limited.
_SECOND = """
    INSERT INTO plan_assignment SELECT * REPLACE (
        'plan_2' AS plan_id, 'other' AS scenario,
        CASE rep_id WHEN 'R1' THEN 'R2' WHEN 'R2' THEN 'R3' WHEN 'R3' THEN 'R4'
            WHEN 'R4' THEN 'R1' END AS rep_id,
        travel_hours * 2 AS travel_hours
    ) FROM plan_assignment;
    INSERT INTO plan_summary SELECT * REPLACE (
        'plan_2' AS plan_id, 'other' AS scenario, 4500.0 AS expected_value_usd
    ) FROM plan_summary;
    INSERT INTO plan_target SELECT * REPLACE (
        'plan_2' AS plan_id, 'other' AS scenario, target * 1.25 AS target
    ) FROM plan_target WHERE metric <> 'retail';
    INSERT INTO plan_metric SELECT * REPLACE (
        'plan_2' AS plan_id, 'other' AS scenario, 8.0 AS tolerance_pct
    ) FROM plan_metric WHERE metric <> 'retail'
"""


def add_second_plan(warehouse: Path) -> None:
    """Put the plan of a second scenario, other in everything, beside the one that is there."""
    with duckdb.connect(str(warehouse)) as connection:
        for statement in _SECOND.split(";"):
            connection.execute(statement)
