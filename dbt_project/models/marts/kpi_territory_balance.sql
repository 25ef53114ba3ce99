with loads as (
    select * from {{ ref('int_territory__metric_load') }}
),

targets as (
    select
        cast(plan_id as varchar) as plan_id,
        cast(rep_id as varchar) as rep_id,
        cast(metric as varchar) as metric,
        cast(lower_limit as double) as lower_limit,
        cast(upper_limit as double) as upper_limit
    from {{ source('plan', 'plan_target') }}
)

select
    loads.plan_id,
    loads.scenario,
    loads.plan_version,
    loads.territory_id,
    loads.metric,
    loads.rep_id,
    loads.measure,
    round(loads.target, 4) as target_amount,
    round(loads.metric_load, 4) as load_amount,
    round(100 * (loads.metric_load / loads.target - 1), 4) + 0.0 as deviation_pct,
    -- The band with what was relaxed of it; a metric without a band has none.
    round(targets.lower_limit, 4) as lower_limit_amount,
    round(targets.upper_limit, 4) as upper_limit_amount,
    round(loads.giant_excess, 4) as giant_excess_amount
from loads
left join targets
    on
        loads.plan_id = targets.plan_id
        and loads.rep_id = targets.rep_id
        and loads.metric = targets.metric
