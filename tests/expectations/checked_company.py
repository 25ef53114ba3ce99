"""A small, faultless company in a DuckDB file, with the columns and types of the contract.

Ten accounts, three reps, one plan in its two versions. Every suite passes on it, so that each
fault the tests put in shows up alone.
"""

from pathlib import Path

import duckdb

# Every raw column is text; the row's place is added.
RAW_TABLES = {
    "raw_crm__account": """account_id account_name parent_account_id industry segment
        annual_revenue_usd employee_count street city state postal_code country latitude longitude
        owner_rep_id is_customer created_date owner_since_date
        renewal_date is_strategic""",
    "raw_crm__rep": """rep_id rep_name manager_id manager_name region role hire_date end_date
        is_active fte_share capacity_hours experience_level skill_industries city state
        postal_code country latitude longitude hourly_cost_usd""",
    "raw_crm__product": "product_id product_name product_line list_price_usd complexity_rating",
    "raw_crm__opportunity": """opportunity_id account_id rep_id product_id stage status
        opened_date closed_date amount_usd probability_pct""",
    "raw_crm__opportunity_line": "opportunity_id line_number product_id quantity unit_price_usd",
    "raw_crm__activity": """activity_id account_id rep_id activity_type activity_date
        duration_hours""",
    "raw_crm__account_team": "account_id rep_id team_role member_id",
    "raw_plan__override": "account_id action rep_id reason expires_date group_id",
    "raw_market__county_business": """county_fips naics establishments employment
        annual_payroll_usd""",
    "raw_market__county_employment": """county_fips employment establishments avg_weekly_wage_usd
        is_suppressed year quarter""",
    "raw_market__county_population": """county_fips county_name state_fips state_name population
        population_change population_change_pct""",
    "raw_market__postal_code": "postal_code city state county_fips latitude longitude",
}

# The publication contract, and what else the publication suites read.
TYPED_TABLES = {
    "meta_load": """source_table VARCHAR, source_file VARCHAR, file_role VARCHAR,
        file_sha256 VARCHAR,
        rows_read BIGINT, rows_loaded BIGINT, rows_quarantined BIGINT, rows_duplicate BIGINT,
        rows_excluded BIGINT, excluded_by_json VARCHAR, run_id VARCHAR""",
    "meta_drift": """table_name VARCHAR, column_name VARCHAR, rule VARCHAR, severity VARCHAR,
        last_value DOUBLE, value DOUBLE, change DOUBLE, threshold DOUBLE, message VARCHAR,
        run_id VARCHAR""",
    "int_plan__account": "account_id VARCHAR, family_id VARCHAR",
    "dim_account": """account_id VARCHAR, account_name VARCHAR, parent_account_id VARCHAR,
        industry VARCHAR, segment VARCHAR, market_area_id VARCHAR, country VARCHAR, state VARCHAR,
        postal_code VARCHAR, latitude DOUBLE, longitude DOUBLE, location_precision VARCHAR,
        owner_rep_id VARCHAR, is_customer BOOLEAN, complexity_score DOUBLE, value_index DOUBLE,
        cycle_index DOUBLE, service_hours DOUBLE, potential_usd DECIMAL(18,2),
        actual_sales_usd DECIMAL(18,2), whitespace_usd DECIMAL(18,2)""",
    "dim_rep": """scenario VARCHAR, rep_id VARCHAR, rep_name VARCHAR, manager_id VARCHAR,
        region VARCHAR, experience_level VARCHAR, experience_multiplier DOUBLE,
        capacity_hours DOUBLE, effective_capacity_hours DOUBLE, latitude DOUBLE, longitude DOUBLE,
        is_vacant BOOLEAN""",
    "dim_territory": """scenario VARCHAR, territory_id VARCHAR, territory_name VARCHAR,
        rep_id VARCHAR, region VARCHAR""",
    "fct_assignment": """plan_id VARCHAR, scenario VARCHAR, account_id VARCHAR,
        territory_id VARCHAR, rep_id VARCHAR, previous_rep_id VARCHAR, is_moved BOOLEAN,
        is_forced_move BOOLEAN, is_new_assignment BOOLEAN, is_locked BOOLEAN,
        service_hours DOUBLE, travel_hours DOUBLE, reason_code VARCHAR, reason VARCHAR,
        runner_up_rep_id VARCHAR, runner_up_delta_usd DECIMAL(18,2)""",
    "kpi_territory": """plan_id VARCHAR, scenario VARCHAR, plan_version VARCHAR,
        territory_id VARCHAR, account_count BIGINT, service_hours DOUBLE, travel_hours DOUBLE,
        workload_hours DOUBLE, effective_capacity_hours DOUBLE, service_workload_ratio DOUBLE,
        workload_ratio DOUBLE, potential_usd DECIMAL(18,2), actual_sales_usd DECIMAL(18,2),
        market_penetration_pct DOUBLE, cost_to_serve_usd DECIMAL(18,2), cost_to_serve_pct DOUBLE,
        open_opportunities BIGINT, avg_deal_usd DECIMAL(18,2), win_rate_pct DOUBLE,
        sales_cycle_days DOUBLE, sales_velocity_usd_per_day DOUBLE, coverage_pct DOUBLE,
        whitespace_usd DECIMAL(18,2)""",
    "kpi_plan": """plan_id VARCHAR, scenario VARCHAR, plan_version VARCHAR, account_count BIGINT,
        rep_count BIGINT, workload_max_deviation_pct DOUBLE, workload_cv DOUBLE,
        workload_gini DOUBLE, potential_max_deviation_pct DOUBLE, potential_cv DOUBLE,
        potential_gini DOUBLE, account_count_max_deviation_pct DOUBLE, travel_hours DOUBLE,
        moved_accounts BIGINT, moved_sales_usd DECIMAL(18,2), retained_accounts_pct DOUBLE,
        expected_disruption_loss_usd DECIMAL(18,2), expected_value_usd DECIMAL(18,2),
        objective_usd DECIMAL(18,2), bound_usd DECIMAL(18,2), regret_usd DECIMAL(18,2),
        optimality_gap_pct DOUBLE, is_proved_optimal BOOLEAN, is_repeatable BOOLEAN,
        solver_status VARCHAR, seed BIGINT, forced_moves BIGINT, new_assignments BIGINT,
        unassigned_accounts BIGINT, sales_max_deviation_pct DOUBLE, workload_floor_pct DOUBLE,
        potential_floor_pct DOUBLE, sales_floor_pct DOUBLE, account_count_floor_pct DOUBLE,
        travel_cost_usd DECIMAL(18,2), disruption_cost_usd DECIMAL(18,2),
        handover_cost_usd DECIMAL(18,2), fit_cost_usd DECIMAL(18,2),
        deviation_cost_usd DECIMAL(18,2), overtime_cost_usd DECIMAL(18,2),
        unassigned_cost_usd DECIMAL(18,2)""",
    "kpi_balance": """plan_id VARCHAR, scenario VARCHAR, plan_version VARCHAR, metric VARCHAR,
        tolerance_pct DOUBLE, max_deviation_pct DOUBLE, max_deviation_without_giants_pct DOUBLE,
        cv DOUBLE, gini DOUBLE, max_min_ratio DOUBLE, floor_pct DOUBLE""",
    "kpi_territory_balance": """plan_id VARCHAR, scenario VARCHAR, plan_version VARCHAR,
        territory_id VARCHAR, metric VARCHAR, rep_id VARCHAR, measure VARCHAR,
        target_amount DOUBLE, load_amount DOUBLE, deviation_pct DOUBLE, lower_limit_amount DOUBLE,
        upper_limit_amount DOUBLE, giant_excess_amount DOUBLE""",
    "kpi_level_balance": """plan_id VARCHAR, scenario VARCHAR, plan_version VARCHAR,
        level VARCHAR, member_id VARCHAR, member_name VARCHAR, metric VARCHAR, measure VARCHAR,
        rep_count BIGINT, target_amount DOUBLE, load_amount DOUBLE, deviation_pct DOUBLE,
        lower_limit_amount DOUBLE, upper_limit_amount DOUBLE, tolerance_pct DOUBLE,
        soft_tolerance_pct DOUBLE,
        relaxation_pct DOUBLE, is_binding BOOLEAN, shadow_price_below_usd DECIMAL(18,2),
        shadow_price_above_usd DECIMAL(18,2)""",
    "plan_binding": """plan_id VARCHAR, scenario VARCHAR, constraint_kind VARCHAR,
        constraint_name VARCHAR, rep_id VARCHAR, metric VARCHAR, unit VARCHAR, limit_amount DOUBLE,
        used_amount DOUBLE, slack_amount DOUBLE, shadow_price_usd DOUBLE, statement VARCHAR""",
    "fct_account_score_part": """account_id VARCHAR, score_name VARCHAR, part_number INTEGER,
        part_name VARCHAR, part_value DOUBLE, part_weight DOUBLE, contribution DOUBLE,
        unit VARCHAR, is_missing BOOLEAN""",
    "fct_opportunity_score": """opportunity_id VARCHAR, account_id VARCHAR, rep_id VARCHAR,
        status VARCHAR, is_open BOOLEAN, amount_usd DECIMAL(18,2), complexity_score DOUBLE,
        cycle_factor DOUBLE, size_factor DOUBLE, offering_factor DOUBLE,
        missing_complexity_factors VARCHAR, win_probability_pct DOUBLE""",
    "dim_scenario": "scenario VARCHAR, plan_id VARCHAR, is_chosen BOOLEAN, description VARCHAR",
    "kpi_scenario": """scenario VARCHAR, kpi_name VARCHAR, plan_id VARCHAR, is_chosen BOOLEAN,
        table_name VARCHAR, good_direction VARCHAR, kpi_value DOUBLE, chosen_value DOUBLE,
        difference DOUBLE, difference_pct DOUBLE, comparison VARCHAR""",
    "kpi_frontier": """plan_id VARCHAR, scenario VARCHAR, point_name VARCHAR, curve VARCHAR,
        band_factor DOUBLE, move_limit BIGINT, band_use_pct DOUBLE, band_excess_pct DOUBLE,
        max_deviation_pct DOUBLE, moved_accounts BIGINT, moved_sales_usd DECIMAL(18,2),
        expected_value_usd DECIMAL(18,2), objective_usd DECIMAL(18,2), bound_usd DECIMAL(18,2),
        optimality_gap_pct DOUBLE, is_proved_optimal BOOLEAN, solver_status VARCHAR,
        relaxed_limits BIGINT, price_of_fairness_usd DECIMAL(18,2), price_of_stability_usd
        DECIMAL(18,2)""",
    "kpi_headcount": """plan_id VARCHAR, scenario VARCHAR, option_number BIGINT,
        option_kind VARCHAR, seats_change BIGINT, seat_count BIGINT, rep_id VARCHAR,
        rep_name VARCHAR, is_best BOOLEAN, base_account_id VARCHAR, base_city VARCHAR,
        base_state VARCHAR,
        base_country VARCHAR, base_latitude DOUBLE, base_longitude DOUBLE, capacity_hours
        DOUBLE, workload_hours DOUBLE, overtime_hours DOUBLE, value_usd DECIMAL(18,2),
        most_value_usd DECIMAL(18,2), value_change_usd DECIMAL(18,2), seat_value_usd
        DECIMAL(18,2), least_seat_value_usd DECIMAL(18,2), most_seat_value_usd
        DECIMAL(18,2), seat_cost_usd DECIMAL(18,2), value_change_after_seat_cost_usd
        DECIMAL(18,2), objective_usd DECIMAL(18,2), bound_usd DECIMAL(18,2),
        optimality_gap_pct DOUBLE, worst_band_pct DOUBLE, worst_band_metric VARCHAR,
        worst_band_rep_id VARCHAR, relaxed_limits BIGINT, moved_accounts BIGINT,
        handed_over_accounts BIGINT, disruption_loss_usd DECIMAL(18,2), tried_candidates
        BIGINT, possible_candidates BIGINT, statement VARCHAR""",
    "fct_overlay_assignment": """plan_id VARCHAR, scenario VARCHAR,
        overlay_role VARCHAR, account_id VARCHAR,
        primary_rep_id VARCHAR, overlay_rep_id VARCHAR, overlay_rep_name VARCHAR,
        incumbent_overlay_rep_id VARCHAR, incumbent_member_id VARCHAR,
        is_moved BOOLEAN, is_new_assignment
        BOOLEAN, service_hours DOUBLE, visits_per_year DOUBLE, travel_hours DOUBLE,
        distance_km DOUBLE, travel_cost_usd DECIMAL(18,2), disruption_loss_usd
        DECIMAL(18,2), handover_usd DECIMAL(18,2), reason_code VARCHAR, reason
        VARCHAR, runner_up_rep_id VARCHAR, runner_up_delta_usd DECIMAL(18,2)""",
    "kpi_overlay": """plan_id VARCHAR, scenario VARCHAR,
        overlay_role VARCHAR, coverage_unit VARCHAR,
        seat_source VARCHAR, ratio_measure VARCHAR, ratio_per_seat DOUBLE,
        seat_count BIGINT, seats_needed BIGINT, primary_rep_count BIGINT,
        account_count BIGINT, service_hours DOUBLE, travel_hours DOUBLE,
        capacity_hours DOUBLE, workload_ratio DOUBLE, hours_max_deviation_pct
        DOUBLE, hours_floor_pct DOUBLE, relaxed_limits BIGINT, moved_accounts
        BIGINT, kept_accounts BIGINT, new_accounts BIGINT, objective_usd
        DECIMAL(18,2), bound_usd DECIMAL(18,2), optimality_gap_pct DOUBLE,
        is_proved_optimal BOOLEAN, is_repeatable BOOLEAN, solver_status VARCHAR,
        travel_cost_usd DECIMAL(18,2), disruption_cost_usd DECIMAL(18,2),
        handover_cost_usd DECIMAL(18,2), deviation_cost_usd DECIMAL(18,2),
        overtime_cost_usd DECIMAL(18,2), statement VARCHAR""",
    "kpi_overlay_balance": """plan_id VARCHAR, scenario VARCHAR,
        overlay_role VARCHAR, overlay_rep_id VARCHAR,
        overlay_rep_name VARCHAR, is_vacant BOOLEAN, region VARCHAR, base_rep_id
        VARCHAR, base_latitude DOUBLE, base_longitude DOUBLE, metric VARCHAR,
        target_amount DOUBLE, load_amount DOUBLE, deviation_pct DOUBLE,
        lower_limit_amount DOUBLE, upper_limit_amount DOUBLE, tolerance_pct DOUBLE,
        relaxation_pct DOUBLE, shadow_price_below_usd DECIMAL(18,2),
        shadow_price_above_usd DECIMAL(18,2), statement VARCHAR""",
    "kpi_forecast": """plan_id VARCHAR, scenario VARCHAR, group_kind VARCHAR, group_name VARCHAR,
        period_start_date DATE, period_end_date DATE, history_months BIGINT,
        forecast_usd DECIMAL(18,2), lower_usd DECIMAL(18,2), upper_usd DECIMAL(18,2),
        method VARCHAR, reason VARCHAR, error_pct DOUBLE, naive_error_pct DOUBLE,
        pipeline_usd DECIMAL(18,2), weighted_pipeline_usd DECIMAL(18,2)""",
    "kpi_market": """market_id VARCHAR, country VARCHAR, state VARCHAR, naics_sector VARCHAR,
        establishments BIGINT, employment BIGINT, pay_usd DOUBLE, population_change_pct DOUBLE,
        market_usd DECIMAL(18,2), account_count BIGINT, customer_count BIGINT,
        covered_accounts BIGINT, actual_sales_usd DECIMAL(18,2), sales_growth_pct DOUBLE,
        potential_usd DECIMAL(18,2), market_share_pct DOUBLE, untapped_usd DECIMAL(18,2),
        untapped_rank BIGINT, is_uncovered BOOLEAN""",
    "kpi_rep_workload": """scenario VARCHAR, rep_id VARCHAR, rep_name VARCHAR, region VARCHAR,
        account_count BIGINT, predicted_hours DOUBLE, logged_hours DOUBLE,
        prediction_error_pct DOUBLE, own_clock_hours DOUBLE, logged_capacity_pct DOUBLE""",
    "kpi_seat_base": """scenario VARCHAR, rep_id VARCHAR, rep_name VARCHAR, region VARCHAR,
        base_city VARCHAR, base_state VARCHAR, base_country VARCHAR, base_latitude DOUBLE,
        base_longitude DOUBLE, account_count BIGINT, mean_distance_km DOUBLE,
        current_mean_distance_km DOUBLE""",
    "kpi_score_quality": """score_name VARCHAR, metric VARCHAR, group_kind VARCHAR,
        group_name VARCHAR, metric_value DOUBLE, lower_value DOUBLE, upper_value DOUBLE,
        row_count BIGINT, unit VARCHAR, statement VARCHAR""",
    "dim_date": """
        calendar_date DATE, calendar_year INTEGER, quarter_number INTEGER, month_number INTEGER,
        quarter_name VARCHAR, month_name VARCHAR, weekday_number INTEGER, week_start_date DATE,
        is_weekend BOOLEAN, is_trailing_year BOOLEAN, is_as_of BOOLEAN""",
    "dim_owner": """
        rep_id VARCHAR, rep_name VARCHAR, manager_id VARCHAR, manager_name VARCHAR,
        region VARCHAR, role VARCHAR, has_left BOOLEAN, is_in_plan BOOLEAN, end_date DATE""",
    "dim_product": """
        product_id VARCHAR, product_name VARCHAR, product_line VARCHAR, list_price_usd
        DECIMAL(18,2), complexity_rating DOUBLE, offering_rating DOUBLE""",
    "fct_opportunity": """
        opportunity_id VARCHAR, account_id VARCHAR, rep_id VARCHAR, product_id VARCHAR,
        territory_id VARCHAR, stage VARCHAR, status VARCHAR, opened_date DATE, closed_date DATE,
        amount_usd DECIMAL(18,2), probability_pct DOUBLE, cycle_days BIGINT, is_won_trailing
        BOOLEAN, is_lost_trailing BOOLEAN, is_open BOOLEAN, is_open_qualified BOOLEAN""",
    "fct_move": """
        plan_id VARCHAR, scenario VARCHAR, account_id VARCHAR, change VARCHAR, from_rep_id
        VARCHAR, to_rep_id VARCHAR, from_manager_id VARCHAR, to_manager_id VARCHAR, from_region
        VARCHAR, to_region VARCHAR, is_customer BOOLEAN, sales_at_stake_usd DECIMAL(18,2),
        expected_disruption_loss_usd DECIMAL(18,2), service_hours DOUBLE, travel_change_hours
        DOUBLE, open_opportunities BIGINT, reason_code VARCHAR, reason VARCHAR, runner_up_rep_id
        VARCHAR, runner_up_delta_usd DECIMAL(18,2)""",
    "fct_coverage": """
        account_id VARCHAR, owner_rep_id VARCHAR, last_activity_date DATE, silence_days BIGINT,
        activity_count BIGINT, logged_hours DOUBLE, service_hours DOUBLE, is_covered BOOLEAN""",
    "kpi_rollup": """
        plan_id VARCHAR, scenario VARCHAR, plan_version VARCHAR, level VARCHAR, member_id VARCHAR,
        member_name VARCHAR, account_count BIGINT, rep_count BIGINT, unowned_accounts BIGINT,
        service_hours DOUBLE, travel_hours DOUBLE, workload_hours DOUBLE, potential_usd
        DECIMAL(18,2), actual_sales_usd DECIMAL(18,2), whitespace_usd DECIMAL(18,2),
        market_penetration_pct DOUBLE, cost_to_serve_usd DECIMAL(18,2), cost_to_serve_pct DOUBLE,
        open_opportunities BIGINT, avg_deal_usd DECIMAL(18,2), win_rate_pct DOUBLE,
        sales_cycle_days DOUBLE, sales_velocity_usd_per_day DECIMAL(18,2), coverage_pct DOUBLE,
        capacity_hours DOUBLE, workload_ratio DOUBLE""",
    "kpi_sales_operations": """
        plan_id VARCHAR, scenario VARCHAR, territory_id VARCHAR, rep_id VARCHAR, rep_name VARCHAR,
        region VARCHAR, manager_name VARCHAR, is_vacant BOOLEAN, capacity_hours DOUBLE,
        current_workload_ratio DOUBLE, proposed_workload_ratio DOUBLE, current_hours_deviation_pct
        DOUBLE, proposed_hours_deviation_pct DOUBLE, current_potential_deviation_pct DOUBLE,
        proposed_potential_deviation_pct DOUBLE, current_account_count BIGINT,
        proposed_account_count BIGINT, gained_accounts BIGINT, lost_accounts BIGINT,
        gained_sales_usd DECIMAL(18,2), lost_sales_usd DECIMAL(18,2)""",
    "kpi_marketing": """
        plan_id VARCHAR, scenario VARCHAR, country VARCHAR, state VARCHAR, industry VARCHAR,
        account_count BIGINT, customer_count BIGINT, potential_usd DECIMAL(18,2), actual_sales_usd
        DECIMAL(18,2), whitespace_usd DECIMAL(18,2), market_penetration_pct DOUBLE,
        open_opportunities BIGINT, silent_accounts BIGINT, silent_whitespace_usd DECIMAL(18,2),
        unowned_accounts BIGINT""",
    "kpi_customer_success": """
        plan_id VARCHAR, scenario VARCHAR, territory_id VARCHAR, rep_id VARCHAR, territory_name
        VARCHAR, region VARCHAR, customer_count BIGINT, moved_customers BIGINT, orphaned_customers
        BIGINT, sales_at_risk_usd DECIMAL(18,2), expected_disruption_loss_usd DECIMAL(18,2),
        service_hours DOUBLE, silent_customers BIGINT, customer_coverage_pct DOUBLE""",
    "kpi_finance": """
        plan_id VARCHAR, scenario VARCHAR, territory_id VARCHAR, rep_id VARCHAR, territory_name
        VARCHAR, region VARCHAR, current_actual_sales_usd DECIMAL(18,2), proposed_actual_sales_usd
        DECIMAL(18,2), current_cost_to_serve_usd DECIMAL(18,2), proposed_cost_to_serve_usd
        DECIMAL(18,2), current_cost_to_serve_pct DOUBLE, proposed_cost_to_serve_pct DOUBLE,
        expected_sales_usd DECIMAL(18,2), travel_cost_usd DECIMAL(18,2),
        expected_disruption_loss_usd DECIMAL(18,2), expected_value_usd DECIMAL(18,2)""",
}

# `i` runs from 0; rep r0 owns accounts a0, a3, …; the plan moves a0 from r0 to r1.
_RAW_ROWS = """
    INSERT INTO raw_crm__account BY NAME
    SELECT 'a' || i AS account_id, 'Account ' || i AS account_name,
      CASE WHEN i = 4 THEN 'a1' END AS parent_account_id, (1000000 * (i + 1))::VARCHAR
      AS annual_revenue_usd, '250' AS employee_count, 'Technology' AS industry, 'Boston' AS city,
      'MA' AS state,
      '0210' || i AS postal_code, 'United States' AS country, '42.36' AS latitude,
      '-71.06' AS longitude, 'r' || (i % 3) AS owner_rep_id, 'true' AS is_customer,
      '2020-01-31' AS created_date, '2021-01-31' AS owner_since_date
    FROM range({accounts}) AS rows(i);
    INSERT INTO raw_crm__rep BY NAME
    SELECT 'r' || i AS rep_id, 'Rep ' || i AS rep_name, 'm1' AS manager_id, '2019-05-01'
      AS hire_date, 'true' AS is_active, '1' AS fte_share, '1500' AS capacity_hours,
      '42.36' AS latitude, '-71.06' AS longitude, '61.5' AS hourly_cost_usd
    FROM range({reps}) AS rows(i);
    INSERT INTO raw_crm__product BY NAME
    SELECT 'p' || i AS product_id, 'Product ' || i AS product_name, '99.5' AS list_price_usd,
      '1.5' AS complexity_rating FROM range(3) AS rows(i);
    INSERT INTO raw_crm__opportunity BY NAME
    SELECT 'o' || i AS opportunity_id, 'a' || (i % {accounts}) AS account_id,
      'r' || (i % {reps}) AS rep_id,
      'p' || (i % 3) AS product_id, 'Closed' AS stage,
      ['won', 'lost', 'won', 'open'][i % 4 + 1] AS status, (DATE '2025-03-01' + i::INTEGER)::VARCHAR
      AS opened_date,
      CASE WHEN i % 4 < 3 THEN '2025-06-30' END AS closed_date, '200.00' AS amount_usd,
      ['100', '0', '100', '40'][i % 4 + 1] AS probability_pct
    FROM range(2 * {accounts}) AS rows(i);
    INSERT INTO raw_crm__opportunity_line BY NAME
    SELECT 'o' || i AS opportunity_id, line::VARCHAR AS line_number, 'p0' AS product_id,
      '2' AS quantity, '50.00' AS unit_price_usd
    FROM range(2 * {accounts}) AS rows(i), range(1, 3) AS lines(line);
    INSERT INTO raw_crm__activity BY NAME
    SELECT 'v' || i AS activity_id, 'a' || (i % {accounts}) AS account_id,
      'r' || (i % {reps}) AS rep_id, '2025-05-02' AS activity_date, '1.5' AS duration_hours
    FROM range(2 * {accounts}) AS rows(i);
    INSERT INTO raw_crm__account_team BY NAME
    SELECT 'a' || i AS account_id, 'r1' AS rep_id, 'Sales Engineer' AS team_role
    FROM range(3) AS rows(i);
    INSERT INTO raw_plan__override BY NAME
    SELECT 'a2' AS account_id, 'lock' AS action, NULL AS rep_id, '2026-01-01' AS expires_date
    UNION ALL SELECT 'a3', 'assign', 'r0', NULL;
    INSERT INTO raw_plan__override BY NAME
    SELECT 'a' || i AS account_id, 'separate' AS action, 'rivals' AS group_id
    FROM range(6, 8) AS rows(i);
    INSERT INTO raw_market__county_business BY NAME
    SELECT '0100' || i AS county_fips, ['00', '31-33'][j + 1] AS naics, '12' AS establishments,
      '340' AS employment, '5600000' AS annual_payroll_usd
    FROM range(1, 6) AS counties(i), range(2) AS sectors(j);
    INSERT INTO raw_market__county_employment BY NAME
    SELECT '0100' || i AS county_fips, '340' AS employment, '12' AS establishments,
      '1100' AS avg_weekly_wage_usd, 'false' AS is_suppressed FROM range(1, 6) AS rows(i);
    INSERT INTO raw_market__county_population BY NAME
    SELECT '0100' || i AS county_fips, 'County ' || i AS county_name, '59000' AS population,
      '-0.4' AS population_change_pct FROM range(1, 6) AS rows(i);
    INSERT INTO raw_market__postal_code BY NAME
    SELECT '0210' || i AS postal_code, 'Boston' AS city, 'MA' AS state, '25025' AS county_fips,
      '42.36' AS latitude, '-71.06' AS longitude FROM range(5) AS rows(i);
    INSERT INTO meta_load
    SELECT 'raw_crm__account', 'accounts.csv', 'records', 'ab', 14, 10, 1, 2, 1, '{{}}', 'run';
"""

_PUBLISHED_ROWS = """
    INSERT INTO int_plan__account
    SELECT account_id, coalesce(parent_account_id, account_id) FROM raw_crm__account;
    INSERT INTO dim_account BY NAME
    SELECT account_id, account_name, parent_account_id, country, state, postal_code,
      latitude::DOUBLE AS latitude, longitude::DOUBLE AS longitude, 'account' AS location_precision,
      owner_rep_id, true AS is_customer, 1.0 AS complexity_score, 1.0 AS value_index,
      1.0 AS cycle_index, 30.25 AS service_hours, 1000.10 AS potential_usd,
      400.05 AS actual_sales_usd, 600.05 AS whitespace_usd
    FROM raw_crm__account;
    INSERT INTO dim_rep BY NAME
    SELECT 'base' AS scenario, rep_id, rep_name, 1.2 AS experience_multiplier,
      1500.0 AS capacity_hours, 1800.0 AS effective_capacity_hours, false AS is_vacant
    FROM raw_crm__rep;
    INSERT INTO dim_territory BY NAME
    SELECT 'base' AS scenario, 't-' || rep_id AS territory_id, 'Territory ' || rep_id
      AS territory_name, rep_id FROM raw_crm__rep;
    INSERT INTO fct_assignment BY NAME
    SELECT 'plan' AS plan_id, 'base' AS scenario, account_id,
      't-' || coalesce(target, owner_rep_id) AS territory_id, coalesce(target, owner_rep_id)
      AS rep_id, owner_rep_id AS previous_rep_id, target IS NOT NULL AS is_moved,
      false AS is_forced_move, false AS is_new_assignment, false AS is_locked, 30.25
      AS service_hours, 2.5 AS travel_hours, 'kept' AS reason_code, 'Kept with its owner.' AS reason
    FROM (SELECT *, CASE WHEN account_id = 'a0' THEN 'r1' END AS target FROM raw_crm__account);
    UPDATE fct_assignment SET runner_up_rep_id = 'r2', runner_up_delta_usd = 12.5
    WHERE rep_id <> 'r2';
    INSERT INTO kpi_territory BY NAME
    SELECT 'plan' AS plan_id, 'base' AS scenario, plan_version, 't-' || rep_id AS territory_id,
      count(*) AS account_count, sum(service_hours) AS service_hours,
      sum(travel_hours) AS travel_hours, 0.0 AS workload_hours, 1800.0 AS effective_capacity_hours,
      0.3 AS workload_ratio, sum(potential_usd) AS potential_usd,
      sum(actual_sales_usd) AS actual_sales_usd, 40.0 AS market_penetration_pct,
      120.0 AS cost_to_serve_usd, 33.3 AS win_rate_pct, 121.0 AS sales_cycle_days,
      100.0 AS coverage_pct
    FROM (
      SELECT 'proposed' AS plan_version, rep_id, assigned.account_id, assigned.service_hours,
        travel_hours, potential_usd, actual_sales_usd
      FROM fct_assignment AS assigned JOIN dim_account USING (account_id)
      UNION ALL
      SELECT 'current', previous_rep_id, assigned.account_id, assigned.service_hours,
        travel_hours, potential_usd, actual_sales_usd
      FROM fct_assignment AS assigned JOIN dim_account USING (account_id))
    GROUP BY plan_version, rep_id;
    INSERT INTO kpi_plan BY NAME
    SELECT 'plan' AS plan_id, 'base' AS scenario, plan_version, {accounts} AS account_count,
      {reps} AS rep_count, deviation AS workload_max_deviation_pct, 0.1 AS workload_gini,
      0.1 AS potential_gini, moves AS moved_accounts, 90.0 AS retained_accounts_pct,
      20.0 AS expected_disruption_loss_usd, cost AS objective_usd, cost - 1 AS bound_usd,
      CASE WHEN cost IS NOT NULL THEN 1.0 END AS regret_usd,
      CASE WHEN cost IS NOT NULL THEN 0.1 END AS optimality_gap_pct, cost IS NOT NULL
      AS is_proved_optimal, true AS is_repeatable, 0 AS unassigned_accounts,
      600.0 AS travel_cost_usd, 300.0 AS disruption_cost_usd, 25.0 AS handover_cost_usd,
      75.0 AS fit_cost_usd, 0.0 AS deviation_cost_usd, 0.0 AS overtime_cost_usd,
      0.0 AS unassigned_cost_usd
    FROM (VALUES ('current', 40.0, 0, NULL), ('proposed', 4.0, 1, 1000.0))
      AS versions(plan_version, deviation, moves, cost);
    INSERT INTO dim_scenario BY NAME
    SELECT 'base' AS scenario, 'plan' AS plan_id, true AS is_chosen;
    INSERT INTO kpi_scenario BY NAME
    SELECT 'base' AS scenario, 'moved_accounts' AS kpi_name, 1.0 AS kpi_value;
    INSERT INTO kpi_balance BY NAME
    SELECT 'plan' AS plan_id, 'base' AS scenario, plan_version, metric, 5.0 AS tolerance_pct,
      deviation AS max_deviation_pct, deviation AS max_deviation_without_giants_pct, 0.1 AS cv,
      0.1 AS gini, 1.2 AS max_min_ratio, 0.5 AS floor_pct
    FROM (VALUES ('current', 40.0), ('proposed', 4.0)) AS versions(plan_version, deviation),
      (VALUES ('hours'), ('potential')) AS metrics(metric);
    INSERT INTO kpi_territory_balance BY NAME
    SELECT 'plan' AS plan_id, 'base' AS scenario, plan_version, 't-r' || i AS territory_id, metric,
      'r' || i AS rep_id, metric AS measure, 100.0 AS target_amount, 104.0 AS load_amount,
      4.0 AS deviation_pct, 95.0 AS lower_limit_amount, 105.0 AS upper_limit_amount,
      0.0 AS giant_excess_amount
    FROM range({reps}) AS rows(i), (VALUES ('current'), ('proposed')) AS versions(plan_version),
      (VALUES ('hours'), ('potential')) AS metrics(metric);
    INSERT INTO kpi_level_balance BY NAME
    SELECT 'plan' AS plan_id, 'base' AS scenario, plan_version, 'manager' AS level,
      'm' || i AS member_id, 'hours' AS metric, 100.0 AS target_amount, 102.0 AS load_amount,
      98.0 AS lower_limit_amount, 102.0 AS upper_limit_amount
    FROM range(2) AS rows(i), (VALUES ('current'), ('proposed')) AS versions(plan_version);
    INSERT INTO plan_binding BY NAME
    SELECT 'plan' AS plan_id, 'base' AS scenario, kind AS constraint_kind, name AS constraint_name,
      rep_id, name AS metric, 'hours' AS unit, 100.0 AS limit_amount, used AS used_amount,
      slack AS slack_amount, 41.0 AS shadow_price_usd,
      'One more hour is worth USD 41 a year.' AS statement
    FROM (VALUES ('upper_band', 'hours', 'r0', 100.0, 0.0),
        ('lower_band', 'hours', 'r1', 104.0, 4.0), ('move_budget', 'sales', NULL, 101.0, -1.0))
      AS limits(kind, name, rep_id, used, slack);
    INSERT INTO fct_account_score_part BY NAME
    SELECT account_id, score_name, part_number, part_name, contribution
    FROM dim_account, (VALUES ('complexity', 1, 'size', 1.0), ('service_hours', 1, 'all', 30.25),
        ('potential', 1, 'own sales', 400.05), ('potential', 2, 'comparable customers', 600.05))
      AS parts(score_name, part_number, part_name, contribution);
    INSERT INTO fct_opportunity_score BY NAME
    SELECT opportunity_id, account_id, rep_id, status, false AS is_open, 1.0 AS complexity_score
    FROM raw_crm__opportunity;
    INSERT INTO kpi_forecast BY NAME
    SELECT 'plan' AS plan_id, 'base' AS scenario, kind AS group_kind, name AS group_name,
      amount AS forecast_usd, amount - 5 AS lower_usd, amount + 5 AS upper_usd,
      amount AS pipeline_usd
    FROM (VALUES ('book', 'all', 30.0), ('segment', 's', 30.0), ('territory', 't-r0', 10.0),
        ('territory', 't-r1', 20.0)) AS groups(kind, name, amount);
    INSERT INTO kpi_market BY NAME
    SELECT 'market ' || state AS market_id, state, 100000.0 AS market_usd,
      count(*) AS account_count, sum(actual_sales_usd) AS actual_sales_usd,
      50000.0 AS untapped_usd, 4.0 AS market_share_pct FROM dim_account GROUP BY state;
    INSERT INTO kpi_rep_workload BY NAME
    SELECT scenario, rep_id, 3 AS account_count, 90.0 AS predicted_hours, 100.0 AS logged_hours,
      80.0 AS own_clock_hours FROM dim_rep;
    INSERT INTO kpi_frontier BY NAME
    SELECT 'plan' AS plan_id, 'base' AS scenario, name AS point_name, curve, used AS band_use_pct,
      used - 100 AS band_excess_pct, 3 AS moved_accounts, cost AS objective_usd,
      cost - 10 AS bound_usd, 1000 / cost AS optimality_gap_pct,
      cost - 900 AS price_of_fairness_usd,
    FROM (VALUES ('policy', 'policy', 100.0, 950.0), ('bands x 2', 'fairness', 200.0, 900.0))
      AS points(name, curve, used, cost);
    INSERT INTO kpi_headcount BY NAME
    SELECT 'plan' AS plan_id, 'base' AS scenario, number AS option_number, kind AS option_kind,
      seats AS seats_change, true AS is_best, value AS value_usd, value + 5 AS most_value_usd,
      value - 1000 AS value_change_usd, worth AS seat_value_usd, worth - 5 AS least_seat_value_usd,
      worth + 5 AS most_seat_value_usd, 300.0 AS seat_cost_usd,
      value - 1000 - 300 * seats AS value_change_after_seat_cost_usd, 'What it says.' AS statement
    FROM (VALUES (1, 'today', 0, 1000.0, NULL), (2, 'fewer', -1, 900.0, 100.0))
      AS options(number, kind, seats, value, worth);
    INSERT INTO fct_overlay_assignment BY NAME
    SELECT plan_id, scenario, 'Sales Engineer' AS overlay_role, account_id,
      rep_id AS primary_rep_id, 'e1' AS overlay_rep_id, false AS is_moved,
    FROM fct_assignment WHERE plan_id = 'plan' LIMIT 3;
    INSERT INTO kpi_overlay BY NAME
    SELECT 'plan' AS plan_id, 'base' AS scenario, 'Sales Engineer' AS overlay_role,
      3 AS account_count, 0 AS moved_accounts, 0 AS kept_accounts, 3 AS new_accounts,
      90.0 AS objective_usd, 88.0 AS bound_usd;
    INSERT INTO kpi_overlay_balance BY NAME
    SELECT 'plan' AS plan_id, 'base' AS scenario, 'Sales Engineer' AS overlay_role,
      'e1' AS overlay_rep_id, metric, 3.0 AS load_amount
    FROM (VALUES ('account_count'), ('hours')) AS metrics(metric);
    INSERT INTO kpi_seat_base BY NAME
    SELECT scenario, rep_id, 42.0 AS base_latitude, -71.0 AS base_longitude, 3 AS account_count,
      12.0 AS mean_distance_km FROM dim_rep;
    INSERT INTO kpi_score_quality BY NAME
    SELECT 'service_hours' AS score_name, metric, 'book' AS group_kind, 'all' AS group_name,
      metric_value, lower_value, upper_value, 10 AS row_count, 'ratio' AS unit,
      'What it says.' AS statement
    FROM (VALUES ('hours_per_index', 10.0, 9.0, 11.0), ('rep_correlation', 0.9, NULL, NULL),
        ('predicted_over_logged_pct', 100.0, NULL, NULL))
      AS metrics(metric, metric_value, lower_value, upper_value);
"""

# One row each of the tables whose only rule is their key.
_KEYED_ROWS = """
    INSERT INTO dim_date BY NAME SELECT DATE '2026-06-30' AS calendar_date;
    INSERT INTO dim_product BY NAME SELECT 'p0' AS product_id;
    INSERT INTO dim_owner BY NAME SELECT 'r0' AS rep_id;
    INSERT INTO fct_opportunity BY NAME SELECT 'x' AS opportunity_id;
    INSERT INTO fct_move BY NAME SELECT 'plan' AS plan_id, 'a0' AS account_id;
    INSERT INTO fct_coverage BY NAME SELECT 'a0' AS account_id;
    INSERT INTO kpi_rollup BY NAME SELECT 'plan' AS plan_id, 'proposed' AS plan_version,
      'x' AS level, 'x' AS member_id;
    INSERT INTO kpi_sales_operations BY NAME SELECT 'plan' AS plan_id, 't-r0' AS territory_id;
    INSERT INTO kpi_marketing BY NAME SELECT 'plan' AS plan_id, 'x' AS country, 'x' AS state,
      'x' AS industry;
    INSERT INTO kpi_customer_success BY NAME SELECT 'plan' AS plan_id, 't-r0' AS territory_id;
    INSERT INTO kpi_finance BY NAME SELECT 'plan' AS plan_id, 't-r0' AS territory_id;
"""


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Every table of the contract, empty."""
    for table, names in RAW_TABLES.items():
        columns = ", ".join(f"{name} VARCHAR" for name in names.split())
        connection.execute(
            f"CREATE TABLE {table} ({columns}, source_file VARCHAR, row_number BIGINT)"
        )
    for table, columns in TYPED_TABLES.items():
        connection.execute(f"CREATE TABLE {table} ({columns})")


def build_company(path: Path, *faults: str, accounts: int = 10, reps: int = 3) -> Path:
    """Write the faultless company to the DuckDB file `path`, then run the statements `faults`."""
    with duckdb.connect(str(path)) as connection:
        create_tables(connection)
        for script in (_RAW_ROWS, _PUBLISHED_ROWS, _KEYED_ROWS):
            connection.execute(script.format(accounts=accounts, reps=reps))
        for fault in faults:
            connection.execute(fault)
    return path
