with assignments as (
    select * from {{ source('plan', 'plan_assignment') }}
),

accounts as (
    select * from {{ ref('dim_account') }}
),

territories as (
    select * from {{ ref('dim_territory') }}
)

select
    cast(assignments.plan_id as varchar) as plan_id,
    cast(assignments.scenario as varchar) as scenario,
    assignments.account_id,
    coalesce(territories.territory_id, 'UNASSIGNED') as territory_id,
    cast(assignments.rep_id as varchar) as rep_id,
    cast(assignments.previous_rep_id as varchar) as previous_rep_id,
    cast(assignments.is_moved as boolean) as is_moved,
    cast(assignments.is_forced_move as boolean) as is_forced_move,
    cast(assignments.is_new_assignment as boolean) as is_new_assignment,
    cast(assignments.is_locked as boolean) as is_locked,
    accounts.service_hours,
    round(coalesce(cast(assignments.travel_hours as double), 0), 4) as travel_hours,
    cast(assignments.reason_code as varchar) as reason_code,
    cast(assignments.reason as varchar) as reason,
    cast(assignments.runner_up_rep_id as varchar) as runner_up_rep_id,
    {{ usd('assignments.runner_up_delta_usd') }} as runner_up_delta_usd,
    cast(assignments.unit_id as varchar) as unit_id,
    cast(assignments.incumbent_rep_id as varchar) as incumbent_rep_id,
    round(cast(assignments.visits_per_year as double), 4) as visits_per_year,
    round(coalesce(cast(assignments.distance_km as double), 0), 4) as distance_km,
    round(cast(assignments.current_travel_hours as double), 4) as current_travel_hours,
    round(cast(assignments.current_distance_km as double), 4) as current_distance_km,
    accounts.potential_usd,
    accounts.actual_sales_usd,
    {{ usd('assignments.expected_sales_usd') }} as expected_sales_usd,
    {{ usd('assignments.current_expected_sales_usd') }} as current_expected_sales_usd,
    {{ usd('assignments.travel_cost_usd') }} as travel_cost_usd,
    {{ usd('coalesce(assignments.disruption_loss_usd, 0)') }} as expected_disruption_loss_usd,
    {{ usd('assignments.fit_loss_usd') }} as fit_loss_usd,
    {{ usd('assignments.value_usd') }} as value_usd,
    {{ usd('coalesce(assignments.handover_usd, 0)') }} as handover_usd,
    assignments.rep_id is null as is_unassigned
from assignments
inner join accounts
    on assignments.account_id = accounts.account_id
left join territories
    on assignments.rep_id = territories.rep_id and assignments.scenario = territories.scenario
