with overlays as (
    select * from {{ source('plan', 'plan_overlay_assignment') }}
)

select
    cast(overlays.plan_id as varchar) as plan_id,
    cast(overlays.scenario as varchar) as scenario,
    cast(overlays.overlay_role as varchar) as overlay_role,
    cast(overlays.account_id as varchar) as account_id,
    cast(overlays.primary_rep_id as varchar) as primary_rep_id,
    cast(overlays.overlay_rep_id as varchar) as overlay_rep_id,
    cast(overlays.overlay_rep_name as varchar) as overlay_rep_name,
    cast(overlays.incumbent_overlay_rep_id as varchar) as incumbent_overlay_rep_id,
    cast(overlays.incumbent_member_id as varchar) as incumbent_member_id,
    cast(overlays.is_moved as boolean) as is_moved,
    cast(overlays.is_new_assignment as boolean) as is_new_assignment,
    round(cast(overlays.service_hours as double), 4) as service_hours,
    round(cast(overlays.visits_per_year as double), 4) as visits_per_year,
    round(cast(overlays.travel_hours as double), 4) as travel_hours,
    round(cast(overlays.distance_km as double), 4) as distance_km,
    {{ usd('overlays.travel_cost_usd') }} as travel_cost_usd,
    {{ usd('overlays.disruption_loss_usd') }} as disruption_loss_usd,
    {{ usd('overlays.handover_usd') }} as handover_usd,
    cast(overlays.reason_code as varchar) as reason_code,
    cast(overlays.reason as varchar) as reason,
    cast(overlays.runner_up_rep_id as varchar) as runner_up_rep_id,
    {{ usd('overlays.runner_up_delta_usd') }} as runner_up_delta_usd
from overlays
