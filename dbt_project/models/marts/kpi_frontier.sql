with points as (
    select * from {{ source('plan', 'plan_frontier') }}
)

select
    cast(points.plan_id as varchar) as plan_id,
    cast(points.scenario as varchar) as scenario,
    cast(points.point_name as varchar) as point_name,
    cast(points.curve as varchar) as curve,
    round(cast(points.band_factor as double), 4) as band_factor,
    cast(points.move_limit as bigint) as move_limit,
    round(cast(points.band_use_pct as double), 4) as band_use_pct,
    round(cast(points.band_excess_pct as double), 4) as band_excess_pct,
    round(cast(points.max_deviation_pct as double), 4) as max_deviation_pct,
    cast(points.moved_accounts as bigint) as moved_accounts,
    cast(points.moved_sales_usd as decimal(18,2)) as moved_sales_usd,
    cast(points.expected_value_usd as decimal(18,2)) as expected_value_usd,
    cast(points.objective_usd as decimal(18,2)) as objective_usd,
    cast(points.bound_usd as decimal(18,2)) as bound_usd,
    round(cast(points.optimality_gap_pct as double), 4) as optimality_gap_pct,
    cast(points.is_proved_optimal as boolean) as is_proved_optimal,
    cast(points.solver_status as varchar) as solver_status,
    cast(points.relaxed_limits as bigint) as relaxed_limits,
    cast(points.price_of_fairness_usd as decimal(18,2)) as price_of_fairness_usd,
    cast(points.price_of_stability_usd as decimal(18,2)) as price_of_stability_usd
from points
