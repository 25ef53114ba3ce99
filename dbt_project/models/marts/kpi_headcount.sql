with options as (
    select * from {{ source('plan', 'plan_headcount') }}
),

locations as (
    select * from {{ ref('int_account__location') }}
)

select
    cast(options.plan_id as varchar) as plan_id,
    cast(options.scenario as varchar) as scenario,
    cast(options.option_number as bigint) as option_number,
    cast(options.option_kind as varchar) as option_kind,
    cast(options.seats_change as bigint) as seats_change,
    cast(options.seat_count as bigint) as seat_count,
    cast(options.rep_id as varchar) as rep_id,
    cast(options.rep_name as varchar) as rep_name,
    cast(options.is_best as boolean) as is_best,
    cast(options.base_account_id as varchar) as base_account_id,
    locations.city as base_city,
    locations.state as base_state,
    locations.country as base_country,
    cast(options.base_latitude as double) as base_latitude,
    cast(options.base_longitude as double) as base_longitude,
    round(cast(options.capacity_hours as double), 4) as capacity_hours,
    round(cast(options.workload_hours as double), 4) as workload_hours,
    round(cast(options.overtime_hours as double), 4) as overtime_hours,
    cast(options.value_usd as decimal(18,2)) as value_usd,
    cast(options.most_value_usd as decimal(18,2)) as most_value_usd,
    cast(options.value_change_usd as decimal(18,2)) as value_change_usd,
    cast(options.seat_value_usd as decimal(18,2)) as seat_value_usd,
    cast(options.least_seat_value_usd as decimal(18,2)) as least_seat_value_usd,
    cast(options.most_seat_value_usd as decimal(18,2)) as most_seat_value_usd,
    cast(options.seat_cost_usd as decimal(18,2)) as seat_cost_usd,
    cast(options.value_change_after_seat_cost_usd as decimal(18,2)) as value_change_after_seat_cost_usd,
    cast(options.objective_usd as decimal(18,2)) as objective_usd,
    cast(options.bound_usd as decimal(18,2)) as bound_usd,
    round(cast(options.optimality_gap_pct as double), 4) as optimality_gap_pct,
    round(cast(options.worst_band_pct as double), 4) as worst_band_pct,
    cast(options.worst_band_metric as varchar) as worst_band_metric,
    cast(options.worst_band_rep_id as varchar) as worst_band_rep_id,
    cast(options.relaxed_limits as bigint) as relaxed_limits,
    cast(options.moved_accounts as bigint) as moved_accounts,
    cast(options.handed_over_accounts as bigint) as handed_over_accounts,
    cast(options.disruption_loss_usd as decimal(18,2)) as disruption_loss_usd,
    cast(options.tried_candidates as bigint) as tried_candidates,
    cast(options.possible_candidates as bigint) as possible_candidates,
    cast(options.statement as varchar) as statement
from options
left join locations
    on options.base_account_id = locations.account_id
