{#
  What scenarios are compared by: each column of `kpi_plan`, or of the company's row of
  `kpi_rollup`, with the direction that is good, as in pipelines/metadata/metrics.yaml (a test
  compares them).
#}
{% macro scenario_kpis() -%}
    {%- set kpis = {} -%}
    {%- for good, names in {
        'higher': ['expected_value_usd', 'retained_accounts_pct'],
        'lower': [
            'objective_usd', 'regret_usd', 'optimality_gap_pct', 'workload_max_deviation_pct',
            'workload_cv', 'workload_gini', 'potential_max_deviation_pct', 'potential_cv',
            'potential_gini', 'sales_max_deviation_pct', 'account_count_max_deviation_pct',
            'travel_hours', 'moved_accounts', 'moved_sales_usd', 'expected_disruption_loss_usd',
            'travel_cost_usd', 'disruption_cost_usd', 'handover_cost_usd',
            'fit_cost_usd', 'deviation_cost_usd', 'overtime_cost_usd', 'unassigned_cost_usd',
        ],
        'none': [
            'account_count', 'rep_count', 'unassigned_accounts', 'bound_usd', 'forced_moves',
            'new_assignments',
            'workload_floor_pct', 'potential_floor_pct', 'sales_floor_pct',
            'account_count_floor_pct',
        ],
    }.items() -%}
        {%- for name in names -%}
            {%- do kpis.update({name: {'table': 'kpi_plan', 'good': good}}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for name in ['cost_to_serve_usd', 'cost_to_serve_pct'] -%}
        {%- do kpis.update({name: {'table': 'kpi_rollup', 'good': 'lower'}}) -%}
    {%- endfor -%}
    {{ return(kpis) }}
{%- endmacro %}
