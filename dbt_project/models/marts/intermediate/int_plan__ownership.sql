with assignments as (
    select * from {{ ref('fct_assignment') }}
),

territories as (
    select * from {{ ref('dim_territory') }}
)

select
    plan_id,
    scenario,
    'proposed' as plan_version,
    account_id,
    unit_id,
    territory_id,
    service_hours,
    travel_hours,
    distance_km,
    potential_usd,
    actual_sales_usd
from assignments

union all

-- Where nobody works an account, nobody travels to it.
select
    assignments.plan_id,
    assignments.scenario,
    'current' as plan_version,
    assignments.account_id,
    assignments.unit_id,
    coalesce(territories.territory_id, 'UNASSIGNED') as territory_id,
    assignments.service_hours,
    coalesce(assignments.current_travel_hours, 0) as travel_hours,
    coalesce(assignments.current_distance_km, 0) as distance_km,
    assignments.potential_usd,
    assignments.actual_sales_usd
from assignments
left join territories
    on
        assignments.incumbent_rep_id = territories.rep_id
        and assignments.scenario = territories.scenario
