with loads as (
    select * from {{ ref('int_territory__load') }}
    where territory_id <> 'UNASSIGNED'
),

targets as (
    select
        cast(plan_id as varchar) as plan_id,
        cast(rep_id as varchar) as rep_id,
        cast(metric as varchar) as metric,
        cast(target as double) as target,
        cast(giant_excess as double) as giant_excess
    from {{ source('plan', 'plan_target') }}
    where target > 0
),

metrics as (
    select
        cast(plan_id as varchar) as plan_id,
        cast(metric as varchar) as metric,
        cast(tolerance_pct as double) as tolerance_pct,
        cast(floor_pct as double) as floor_pct
    from {{ source('plan', 'plan_metric') }}
),

ownership as (
    select * from {{ ref('int_plan__ownership') }}
),

metric_loads as (
    select plan_id, scenario, plan_version, territory_id, rep_id, 'hours' as metric,
        service_hours as metric_load
    from loads
    union all
    select plan_id, scenario, plan_version, territory_id, rep_id, 'potential' as metric,
        potential_usd::double as metric_load
    from loads
    union all
    select plan_id, scenario, plan_version, territory_id, rep_id, 'sales' as metric,
        actual_sales_usd::double as metric_load
    from loads
    union all
    select plan_id, scenario, plan_version, territory_id, rep_id, 'account_count' as metric,
        account_count::double as metric_load
    from loads
),

-- A unit that alone is above its owner's band: what lies above the band. For the proposed plan
-- the planner says so; today's ownership is held against the same bands.
units as (
    select
        territory_id,
        unit_id,
        {{ exact_sum('service_hours') }} as service_hours,
        {{ exact_sum('potential_usd') }} as potential_usd,
        {{ exact_sum('actual_sales_usd') }} as actual_sales_usd
    from ownership
    where plan_version = 'current'
    group by territory_id, unit_id
),

current_giants as (
    select
        metric_loads.territory_id,
        metric_loads.metric,
        {{ exact_sum(
            "greatest(
                case metric_loads.metric
                    when 'hours' then units.service_hours
                    when 'potential' then units.potential_usd
                    when 'sales' then units.actual_sales_usd
                    else 0
                end - targets.target * (1 + metrics.tolerance_pct / 100),
                0
            )"
        ) }} as giant_excess
    from metric_loads
    inner join targets
        on metric_loads.rep_id = targets.rep_id and metric_loads.metric = targets.metric
    inner join metrics
        on metric_loads.metric = metrics.metric
    inner join units
        on metric_loads.territory_id = units.territory_id
    where metric_loads.plan_version = 'current'
    group by metric_loads.territory_id, metric_loads.metric
),

ratios as (
    select
        metric_loads.plan_id,
        metric_loads.scenario,
        metric_loads.plan_version,
        metric_loads.metric,
        metrics.tolerance_pct,
        metrics.floor_pct,
        metric_loads.metric_load / targets.target as ratio,
        (
            metric_loads.metric_load
            - coalesce(
                case metric_loads.plan_version
                    when 'proposed' then targets.giant_excess
                    else current_giants.giant_excess
                end,
                0
            )
        ) / targets.target as ratio_without_giants,
        row_number() over (
            partition by metric_loads.plan_version, metric_loads.metric
            order by metric_loads.metric_load / targets.target, metric_loads.territory_id
        ) as ratio_rank,
        {{ exact_mean('metric_loads.metric_load / targets.target', 12) }} over (
            partition by metric_loads.plan_version, metric_loads.metric
        ) as mean_ratio
    from metric_loads
    inner join targets
        on metric_loads.rep_id = targets.rep_id and metric_loads.metric = targets.metric
    left join metrics
        on metric_loads.metric = metrics.metric
    left join current_giants
        on
            metric_loads.territory_id = current_giants.territory_id
            and metric_loads.metric = current_giants.metric
),

spreads as (
    select
        plan_id,
        scenario,
        plan_version,
        metric,
        tolerance_pct,
        floor_pct,
        mean_ratio,
        count(*) as territory_count,
        max(abs(ratio - 1)) as max_deviation,
        max(abs(ratio_without_giants - 1)) as max_deviation_without_giants,
        min(ratio) as min_ratio,
        max(ratio) as max_ratio,
        sqrt({{ exact_mean('(ratio - mean_ratio) * (ratio - mean_ratio)', 12) }}) as spread,
        {{ exact_sum('ratio * ratio_rank', 12) }} as ranked_sum
    from ratios
    group by plan_id, scenario, plan_version, metric, tolerance_pct, floor_pct, mean_ratio
)

select
    plan_id,
    scenario,
    plan_version,
    metric,
    round(tolerance_pct, 4) as tolerance_pct,
    round(100 * max_deviation, 4) as max_deviation_pct,
    round(100 * max_deviation_without_giants, 4) as max_deviation_without_giants_pct,
    round(spread / nullif(mean_ratio, 0), 6) as cv,
    -- Gini of sorted values x: (2 Σ rank·x ÷ Σ x − n − 1) ÷ n.
    case
        when mean_ratio > 0
            then
                round(
                    greatest(
                        2 * ranked_sum / (territory_count * mean_ratio) - territory_count - 1, 0
                    ) / territory_count,
                    6
                )
    end as gini,
    round(max_ratio / nullif(min_ratio, 0), 4) as max_min_ratio,
    round(floor_pct, 4) as floor_pct,
    territory_count
from spreads
