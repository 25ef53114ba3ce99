"""A release of any size made of SQL alone, with the tables the report reads.

Nothing is planned: loads, moves and reasons follow from numbers, so that a page can be measured at
sizes and with names that no planned company has.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

PLAN = "plan_synthetic"
AS_OF = "2026-06-30"

_TABLES = """
CREATE TABLE dim_rep AS
SELECT 'default' AS scenario, 'r' || i AS rep_id,
  coalesce(list_extract($names, (i % 7 + 1)::INTEGER), 'Rep ' || i) AS rep_name,
  'm' || i % 9 AS manager_id, 'Manager ' || i % 9 AS manager_name, 'Region ' || i % 5 AS region,
  ['junior', 'mid', 'senior'][i % 3 + 1] AS experience_level, i % 40 = 39 AS is_vacant,
  CASE WHEN i % 50 <> 49 THEN 30.0 + (i * 37 % 170) / 10.0 END AS latitude,
  CASE WHEN i % 50 <> 49 THEN -120.0 + (i * 83 % 450) / 10.0 END AS longitude
FROM range($reps) AS rows(i);

CREATE TABLE dim_owner AS
SELECT rep_id, rep_name, false AS has_left, true AS is_in_plan FROM dim_rep
UNION ALL SELECT 'left 7', coalesce(list_extract($names, 1), 'Lee Left'), true, false;

CREATE TABLE dim_territory AS
SELECT scenario, 'T-' || rep_id AS territory_id, rep_name AS territory_name, rep_id, region
FROM dim_rep;

CREATE TABLE dim_account AS
SELECT 'a' || i AS account_id,
  coalesce(list_extract($names, (i % 11 + 1)::INTEGER), 'Account number ' || i) AS account_name,
  'Industry ' || i % 12 AS industry, ['Enterprise', 'Mid-market', 'Small business'][i % 3 + 1]
  AS segment, 'TX' AS state, 'Town ' || i % 500 AS city,
  CASE WHEN i % 97 <> 0 THEN 27.0 + hash(i) % 2100 / 100.0 END AS latitude,
  CASE WHEN i % 97 <> 0 THEN -122.0 + hash(i + 1000000007) % 5000 / 100.0 END AS longitude,
  (hash(i) % 90000000 / 100.0)::DECIMAL(18,2) AS potential_usd,
  (hash(i) % 40000000 / 100.0)::DECIMAL(18,2) AS actual_sales_usd
FROM range($accounts) AS rows(i);

CREATE TABLE fct_assignment AS
SELECT account_id, 'r' || hash(account_id) % $reps AS rep_id,
  CASE i % 10 WHEN 3 THEN 'r' || (hash(account_id) + 1) % $reps WHEN 4 THEN NULL
    WHEN 5 THEN 'left 7' ELSE 'r' || hash(account_id) % $reps END AS previous_rep_id,
  previous_rep_id AS incumbent_rep_id, i % 10 = 3 AS is_moved, i % 10 = 5 AS is_forced_move,
  i % 10 = 4 AS is_new_assignment, i % 25 = 0 AS is_locked, false AS is_unassigned,
  10.0 + i % 90 AS service_hours, i % 40 / 2.0 AS travel_hours, 'travel' AS reason_code,
  'Moves from one rep to another: travel costs less. Travel gains USD ' || i || ', fit USD 0, '
  || 'balance USD 12; change of owner costs USD 345 a year. Worth USD 6,789 a year.' AS reason,
  'r' || (hash(account_id) + 2) % $reps AS runner_up_rep_id,
  (i % 5000)::DECIMAL(18,2) AS runner_up_delta_usd,
  CASE WHEN i % 10 = 3 THEN 150 ELSE 0 END::DECIMAL(18,2) AS expected_disruption_loss_usd
FROM (SELECT *, substr(account_id, 2)::BIGINT AS i FROM dim_account);

CREATE TABLE kpi_territory AS
SELECT $plan AS plan_id, 'default' AS scenario, plan_version, 'T-' || rep_id AS territory_id,
  count(*) AS account_count, sum(service_hours) AS service_hours, sum(travel_hours)
  AS travel_hours, sum(service_hours) / 1500 AS workload_ratio,
  sum(potential_usd)::DECIMAL(18,2) AS potential_usd,
  sum(actual_sales_usd)::DECIMAL(18,2) AS actual_sales_usd,
  100.0 * sum(actual_sales_usd) / sum(potential_usd) AS market_penetration_pct,
  12345.67::DECIMAL(18,2) AS cost_to_serve_usd, 12.5 AS cost_to_serve_pct, 31.0 AS win_rate_pct,
  987.65::DECIMAL(18,2) AS sales_velocity_usd_per_day, 88.0 AS coverage_pct
FROM (
  SELECT 'proposed' AS plan_version, * FROM fct_assignment JOIN dim_account USING (account_id)
  UNION ALL BY NAME
  SELECT 'current' AS plan_version, * REPLACE (previous_rep_id AS rep_id)
  FROM fct_assignment JOIN dim_account USING (account_id) WHERE previous_rep_id LIKE 'r%'
)
GROUP BY plan_version, rep_id;

CREATE TABLE kpi_territory_balance AS
SELECT $plan AS plan_id, 'default' AS scenario, plan_version, territory_id, metric,
  CASE metric WHEN 'hours' THEN 'hours' ELSE 'potential' END AS measure,
  1000.0 AS target_amount, 950.0 AS lower_limit_amount, 1050.0 AS upper_limit_amount,
  CASE plan_version WHEN 'current' THEN 10.0 * (hash(territory_id) % 300)
    ELSE 950.0 + hash(territory_id) % 101 END AS load_amount,
  load_amount / 10 - 100 AS deviation_pct, 0.0 AS giant_excess_amount
FROM dim_territory, (VALUES ('current'), ('proposed')) AS versions(plan_version),
  (VALUES ('hours'), ('potential')) AS metrics(metric);

CREATE TABLE kpi_balance AS
SELECT $plan AS plan_id, 'default' AS scenario, plan_version, metric, 5.0 AS tolerance_pct,
  max(abs(deviation_pct)) AS max_deviation_pct,
  max(abs(deviation_pct)) AS max_deviation_without_giants_pct
FROM kpi_territory_balance GROUP BY plan_version, metric;

CREATE TABLE kpi_plan AS
SELECT $plan AS plan_id, 'default' AS scenario, plan_version, $accounts AS account_count,
  $reps AS rep_count, 5.0 AS workload_max_deviation_pct, 5.0 AS potential_max_deviation_pct,
  12000.0 AS travel_hours, $accounts // 10 AS moved_accounts, 87.5 AS retained_accounts_pct,
  123456.78::DECIMAL(18,2) AS moved_sales_usd, 2345.67::DECIMAL(18,2)
  AS expected_disruption_loss_usd, 987654.32::DECIMAL(18,2) AS expected_value_usd,
  5000.00::DECIMAL(18,2) AS objective_usd, 4990.00::DECIMAL(18,2) AS bound_usd,
  10.00::DECIMAL(18,2) AS regret_usd, 0.2 AS optimality_gap_pct, false AS is_proved_optimal,
  true AS is_repeatable
FROM (VALUES ('current'), ('proposed')) AS versions(plan_version);

CREATE TABLE dim_scenario AS
SELECT 'default' AS scenario, $plan AS plan_id, true AS is_chosen, 'As it is' AS description;

CREATE TABLE kpi_scenario AS
SELECT 'default' AS scenario, 'expected_value_usd' AS kpi_name, $plan AS plan_id,
  true AS is_chosen, 'kpi_plan' AS table_name, 'higher' AS good_direction,
  987654.32 AS kpi_value, 987654.32 AS chosen_value, 0.0 AS difference,
  0.0 AS difference_pct, 'chosen' AS comparison;

CREATE TABLE plan_binding AS
SELECT 'capacity' AS constraint_kind, 'clock_hours' AS constraint_name, rep_id,
  'clock_hours' AS metric, 'hours' AS unit, 1500.0 AS limit_amount, 1600.0 AS used_amount,
  -100.0 AS slack_amount, 90.0 AS shadow_price_usd, 'One more hour is worth USD 90.' AS statement
FROM dim_rep;

CREATE TABLE kpi_frontier AS
SELECT $plan AS plan_id, 'default' AS scenario, name AS point_name, curve, factor AS band_factor,
  moves AS move_limit, used AS band_use_pct,
  greatest(used - 100, 0) AS band_excess_pct, used / 20 AS max_deviation_pct,
  moved AS moved_accounts, 1234.5 * moved::DECIMAL(18,2) AS moved_sales_usd,
  (9000000 - cost)::DECIMAL(18,2) AS expected_value_usd, cost::DECIMAL(18,2) AS objective_usd,
  (cost - 9000)::DECIMAL(18,2) AS bound_usd, 900000.0 / cost AS optimality_gap_pct,
  false AS is_proved_optimal, 'within_gap' AS solver_status, 0 AS relaxed_limits,
  CASE WHEN curve <> 'stability' THEN cost - 4000000 END::DECIMAL(18,2) AS price_of_fairness_usd,
  CASE WHEN curve <> 'fairness' THEN cost - 4100000 END::DECIMAL(18,2) AS price_of_stability_usd
FROM (VALUES ('bands x 0.5', 'fairness', 0.5, NULL, 50.0, 510, 4190000),
  ('policy', 'policy', 1.0, NULL, 100.0, 480, 4100000),
  ('bands x 2', 'fairness', 2.0, NULL, 200.0, 440, 4040000),
  ('bands x 4', 'fairness', 4.0, NULL, 398.7, 420, 4000000),
  ('at most 120 moves', 'stability', 1.0, 120, 99.9, 120, 4400000),
  ('at most 240 moves', 'stability', 1.0, 240, 99.9, 240, 4230000),
  ('at most 360 moves', 'stability', 1.0, 360, 99.9, 360, 4145000))
  AS points(name, curve, factor, moves, used, moved, cost);

CREATE TABLE kpi_headcount AS
SELECT $plan AS plan_id, 'default' AS scenario, row_number() OVER () AS option_number, option_kind,
  change AS seats_change, $reps + change AS seat_count, rep_id,
  coalesce(list_extract($names, seat), 'Seat ' || seat) AS rep_name, is_best,
  base AS base_account_id, coalesce(list_extract($names, seat), 'Akron') AS base_city,
  'OH' AS base_state, 'United States' AS base_country, 41.1 AS base_latitude,
  -81.5 AS base_longitude, 1500.0 * ($reps + change) AS capacity_hours,
  1875.0 * $reps AS workload_hours, 375.0 * $reps AS overtime_hours,
  (1000000 + gained)::DECIMAL(18,2) AS value_usd, (1009000 + gained)::DECIMAL(18,2)
  AS most_value_usd, gained::DECIMAL(18,2) AS value_change_usd,
  seat_value::DECIMAL(18,2) AS seat_value_usd, (seat_value - 9000)::DECIMAL(18,2)
  AS least_seat_value_usd, (seat_value + 9000)::DECIMAL(18,2) AS most_seat_value_usd,
  150000::DECIMAL(18,2) AS seat_cost_usd, (gained - 150000 * change)::DECIMAL(18,2)
  AS value_change_after_seat_cost_usd, 5.0 AS worst_band_pct, 0 AS relaxed_limits,
  10 * seat AS moved_accounts, 20 AS handed_over_accounts, 2 AS tried_candidates,
  $reps AS possible_candidates, 'What it says.' AS statement
FROM (VALUES ('today', 0, NULL, 1, true, NULL, 0, NULL),
  ('fewer', -1, 'r1', 2, true, NULL, -76600, 76600),
  ('fewer', -1, 'r2', 3, false, NULL, -181608, 181608),
  ('more', 1, 'new 1', 4, true, 'a1', 190345, 190345),
  ('more', 1, 'new 2', 5, false, 'a2', 172572, 172572),
  ('backfill', 0, 'r3', 6, false, 'a3', -40000, NULL),
  ('vacant', -1, 'r3', 6, false, NULL, -10000, NULL),
  ('redistribution', -1, 'r3', 6, true, NULL, -90000, NULL))
  AS options(option_kind, change, rep_id, seat, is_best, base, gained, seat_value);

CREATE TABLE kpi_level_balance AS
SELECT $plan AS plan_id, 'default' AS scenario, plan_version, level,
  CASE level WHEN 'region' THEN region ELSE manager_id END AS member_id,
  CASE level WHEN 'region' THEN region ELSE manager_name END AS member_name,
  metric, any_value(measure) AS measure, count(*) AS rep_count,
  sum(target_amount) AS target_amount, sum(load_amount) AS load_amount,
  100 * (sum(load_amount) / sum(target_amount) - 1) AS deviation_pct,
  CASE level WHEN 'region' THEN 0.98 * sum(target_amount) END AS lower_limit_amount,
  CASE level WHEN 'region' THEN 1.02 * sum(target_amount) END AS upper_limit_amount
FROM kpi_territory_balance JOIN (SELECT 'T-' || rep_id AS territory_id, * FROM dim_rep)
  USING (territory_id), (VALUES ('region'), ('manager')) AS levels(level)
GROUP BY plan_version, level, metric, member_id, member_name;

CREATE TABLE kpi_overlay AS
SELECT $plan AS plan_id, 'default' AS scenario, role AS overlay_role, 4 AS seat_count,
  4 AS seats_needed, $reps AS primary_rep_count, 600 AS account_count, 80 AS moved_accounts,
  20 AS new_accounts, 12.5 AS hours_max_deviation_pct, 4321.0 AS travel_hours,
  210638.19::DECIMAL(18,2) AS objective_usd, 0.0 AS optimality_gap_pct, 0 AS relaxed_limits,
  '4 of ' || role || ' for ' || $reps || ' primary reps and 600 accounts.' AS statement
FROM (VALUES ('Sales Engineer'), (coalesce(list_extract($names, 3), 'Specialist'))) AS roles(role);

CREATE TABLE kpi_overlay_balance AS
SELECT plan_id, scenario, overlay_role, 'e' || i AS overlay_rep_id,
  coalesce(list_extract($names, (i % 5 + 1)::INTEGER), 'Engineer ' || i) AS overlay_rep_name,
  metric, 640.0 + i AS target_amount, 650.0 AS load_amount, 100 * (650 / (640.0 + i) - 1)
  AS deviation_pct, CASE metric WHEN 'hours' THEN 'The maximum is reached.' END AS statement
FROM kpi_overlay, range(4) AS rows(i), (VALUES ('hours'), ('clock_hours'), ('primary_reps'),
  ('account_count')) AS metrics(metric);

CREATE TABLE kpi_rollup AS
SELECT $plan AS plan_id, 'default' AS scenario, plan_version, level, 'x' || i AS member_id,
  coalesce(list_extract($names, (i % 5 + 1)::INTEGER), 'Member ' || i) AS member_name,
  100 + i AS account_count, 1234.5::DOUBLE AS service_hours,
  98765.43::DECIMAL(18,2) AS potential_usd, 25.5::DOUBLE AS market_penetration_pct,
  1500.0 * $reps AS capacity_hours, 1875.0 * $reps AS workload_hours, 1.25 AS workload_ratio
FROM range(6) AS rows(i), (VALUES ('current'), ('proposed')) AS versions(plan_version),
  (VALUES ('company'), ('region'), ('manager'), ('segment'), ('industry'), ('state'))
  AS levels(level);

CREATE TABLE kpi_sales_operations AS
SELECT $plan AS plan_id, 'default' AS scenario, territory_id, rep_id, territory_name AS rep_name,
  region, 0.9::DOUBLE AS current_workload_ratio, 1.1::DOUBLE AS proposed_workload_ratio,
  5 AS gained_accounts, 7 AS lost_accounts
FROM dim_territory;

CREATE TABLE kpi_marketing AS
SELECT $plan AS plan_id, 'United States' AS country, 'S' || i % 50 AS state, industry,
  count(*) AS account_count, sum(potential_usd)::DECIMAL(18,2) AS whitespace_usd
FROM (SELECT *, hash(account_id) AS i FROM dim_account) GROUP BY ALL;

CREATE TABLE kpi_customer_success AS
SELECT $plan AS plan_id, territory_id, rep_id, territory_name, 10 AS customer_count,
  123.45::DECIMAL(18,2) AS sales_at_risk_usd FROM dim_territory;

CREATE TABLE kpi_finance AS
SELECT $plan AS plan_id, territory_id, rep_id, territory_name,
  123.45::DECIMAL(18,2) AS proposed_cost_to_serve_usd FROM dim_territory;

CREATE TABLE meta_kpi_history AS
SELECT as_of::DATE AS as_of, 'default' AS scenario, plan_version, level, level AS member_id,
  metric, (hash(as_of || metric || plan_version) % 1000)::DOUBLE / 10 AS metric_value
FROM (VALUES ('2026-03-31'), ('2026-06-30')) AS dates(as_of),
  (VALUES ('current'), ('proposed')) AS versions(plan_version),
  (VALUES ('plan', 'workload_max_deviation_pct'), ('plan', 'moved_accounts'),
    ('plan', 'travel_hours'), ('plan', 'potential_max_deviation_pct'),
    ('plan', 'expected_value_usd'), ('plan', 'optimality_gap_pct'),
    ('company', 'market_penetration_pct')) AS metrics(level, metric);

CREATE TABLE meta_finding AS
SELECT 'warning' AS severity, 'unknown_place' AS rule, 'raw_crm__account' AS table_name,
  'postal_code' AS column_name, 12 AS affected_rows,
  coalesce(list_extract($names, 1), 'accounts without a known place') AS message;

CREATE TABLE quarantined_row AS
SELECT 'raw_crm__account' AS source_table, 'accounts.csv' AS source_file, 'not_a_number' AS rule,
  'employee_count' AS column_name, coalesce(list_extract($names, 1), 'many') AS value;

CREATE TABLE meta_load AS
SELECT 'accounts.csv' AS source_file, 'raw_crm__account' AS source_table, 'records' AS file_role,
  $accounts + 1 AS rows_read, $accounts AS rows_loaded, 1 AS rows_quarantined,
  0 AS rows_duplicate, 0 AS rows_excluded;

CREATE TABLE meta_check_result AS
SELECT 'dbt' AS gate, 'error' AS severity, true AS passed;

CREATE TABLE meta_metric AS
SELECT 'Market penetration' AS metric_name, 'kpi_territory' AS table_name,
  'market_penetration_pct' AS column_name, 'sales ÷ potential × 100' AS formula, '%' AS unit,
  'territory' AS grain, 'higher' AS good_direction
"""


def write_release(folder: Path, accounts: int, reps: int, names: Sequence[str] = ()) -> Path:
    """Write `territory.duckdb` of a made-up plan into `folder` and return the folder.

    Args:
        names: put in place of every eleventh account's, every seventh rep's name and so on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "territory.duckdb"
    path.unlink(missing_ok=True)
    values = {"accounts": accounts, "reps": reps, "names": list(names), "plan": PLAN}
    with duckdb.connect(str(path)) as connection:
        for statement in _TABLES.split(";\n"):
            used = {name: value for name, value in values.items() if f"${name}" in statement}
            connection.execute(statement, used)
    return folder
