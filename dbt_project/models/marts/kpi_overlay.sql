with overlays as (
    select * from {{ source('plan', 'plan_overlay_summary') }}
)

select
    cast(overlays.plan_id as varchar) as plan_id,
    cast(overlays.scenario as varchar) as scenario,
    cast(overlays.overlay_role as varchar) as overlay_role,
    cast(overlays.coverage_unit as varchar) as coverage_unit,
    cast(overlays.seat_source as varchar) as seat_source,
    cast(overlays.ratio_measure as varchar) as ratio_measure,
    round(cast(overlays.ratio_per_seat as double), 4) as ratio_per_seat,
    cast(overlays.seat_count as bigint) as seat_count,
    cast(overlays.seats_needed as bigint) as seats_needed,
    cast(overlays.primary_rep_count as bigint) as primary_rep_count,
    cast(overlays.account_count as bigint) as account_count,
    round(cast(overlays.service_hours as double), 4) as service_hours,
    round(cast(overlays.travel_hours as double), 4) as travel_hours,
    round(cast(overlays.capacity_hours as double), 4) as capacity_hours,
    round(cast(overlays.workload_ratio as double), 4) as workload_ratio,
    round(cast(overlays.hours_max_deviation_pct as double), 4) as hours_max_deviation_pct,
    round(cast(overlays.hours_floor_pct as double), 4) as hours_floor_pct,
    cast(overlays.relaxed_limits as bigint) as relaxed_limits,
    cast(overlays.moved_accounts as bigint) as moved_accounts,
    cast(overlays.kept_accounts as bigint) as kept_accounts,
    cast(overlays.new_accounts as bigint) as new_accounts,
    {{ usd('overlays.objective_usd') }} as objective_usd,
    {{ usd('overlays.bound_usd') }} as bound_usd,
    round(cast(overlays.optimality_gap_pct as double), 4) as optimality_gap_pct,
    cast(overlays.is_proved_optimal as boolean) as is_proved_optimal,
    cast(overlays.is_repeatable as boolean) as is_repeatable,
    cast(overlays.solver_status as varchar) as solver_status,
    {{ usd('overlays.travel_cost_usd') }} as travel_cost_usd,
    {{ usd('overlays.disruption_cost_usd') }} as disruption_cost_usd,
    {{ usd('overlays.handover_cost_usd') }} as handover_cost_usd,
    {{ usd('overlays.deviation_cost_usd') }} as deviation_cost_usd,
    {{ usd('overlays.overtime_cost_usd') }} as overtime_cost_usd,
    cast(overlays.statement as varchar) as statement
from overlays
