with overlays as (
    select * from {{ source('plan', 'plan_overlay_balance') }}
)

select
    cast(overlays.plan_id as varchar) as plan_id,
    cast(overlays.scenario as varchar) as scenario,
    cast(overlays.overlay_role as varchar) as overlay_role,
    cast(overlays.overlay_rep_id as varchar) as overlay_rep_id,
    cast(overlays.overlay_rep_name as varchar) as overlay_rep_name,
    cast(overlays.is_vacant as boolean) as is_vacant,
    cast(overlays.region as varchar) as region,
    cast(overlays.base_rep_id as varchar) as base_rep_id,
    round(cast(overlays.base_latitude as double), 6) as base_latitude,
    round(cast(overlays.base_longitude as double), 6) as base_longitude,
    cast(overlays.metric as varchar) as metric,
    round(cast(overlays.target_amount as double), 4) as target_amount,
    round(cast(overlays.load_amount as double), 4) as load_amount,
    round(cast(overlays.deviation_pct as double), 4) as deviation_pct,
    round(cast(overlays.lower_limit_amount as double), 4) as lower_limit_amount,
    round(cast(overlays.upper_limit_amount as double), 4) as upper_limit_amount,
    round(cast(overlays.tolerance_pct as double), 4) as tolerance_pct,
    round(cast(overlays.relaxation_pct as double), 4) as relaxation_pct,
    {{ usd('overlays.shadow_price_below_usd') }} as shadow_price_below_usd,
    {{ usd('overlays.shadow_price_above_usd') }} as shadow_price_above_usd,
    cast(overlays.statement as varchar) as statement
from overlays
