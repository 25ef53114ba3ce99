with scenarios as (
    select * from {{ ref('dim_scenario') }}
),

plans as (
    select * from {{ ref('kpi_plan') }}
    where plan_version = 'proposed'
),

companies as (
    select * from {{ ref('kpi_rollup') }}
    where plan_version = 'proposed' and level = 'company'
),

measured as (
    {% for name, kpi in scenario_kpis().items() -%}
    select
        plan_id,
        '{{ kpi.table }}' as table_name,
        '{{ name }}' as kpi_name,
        '{{ kpi.good }}' as good_direction,
        cast({{ name }} as double) as kpi_value
    from {{ 'plans' if kpi.table == 'kpi_plan' else 'companies' }}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    scenarios.scenario,
    scenarios.plan_id,
    scenarios.is_chosen,
    measured.table_name,
    measured.kpi_name,
    measured.good_direction,
    measured.kpi_value
from scenarios
inner join measured
    on scenarios.plan_id = measured.plan_id
