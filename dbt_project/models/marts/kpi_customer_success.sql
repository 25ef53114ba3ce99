with customers as (
    select * from {{ ref('dim_account') }}
    where is_customer
),

assignments as (
    select * from {{ ref('fct_assignment') }}
),

coverage as (
    select * from {{ ref('fct_coverage') }}
),

territories as (
    select * from {{ ref('dim_territory') }}
),

owned as (
    select
        assignments.*,
        coverage.is_covered,
        coverage.silence_days
    from assignments
    inner join customers
        on assignments.account_id = customers.account_id
    inner join coverage
        on assignments.account_id = coverage.account_id
)

select
    owned.plan_id,
    owned.scenario,
    owned.territory_id,
    owned.rep_id,
    territories.territory_name,
    territories.region,
    count(*) as customer_count,
    count(*) filter (where owned.is_moved) as moved_customers,
    count(*) filter (where owned.is_forced_move) as orphaned_customers,
    {{ usd('coalesce(sum(owned.actual_sales_usd) filter (where owned.is_moved), 0)') }}
        as sales_at_risk_usd,
    {{ usd('sum(owned.expected_disruption_loss_usd)') }} as expected_disruption_loss_usd,
    round({{ exact_sum('owned.service_hours') }}, 4) as service_hours,
    count(*) filter (where not owned.is_covered) as silent_customers,
    {{ percent('count(*) filter (where owned.is_covered)', 'count(*)') }} as customer_coverage_pct
from owned
left join territories
    on owned.territory_id = territories.territory_id and owned.scenario = territories.scenario
group by
    owned.plan_id, owned.scenario, owned.territory_id, owned.rep_id, territories.territory_name,
    territories.region
