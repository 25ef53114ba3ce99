with loads as (
    select * from {{ ref('int_territory__metric_load') }}
),

metrics as (
    select
        cast(plan_id as varchar) as plan_id,
        cast(metric as varchar) as metric,
        cast(tolerance_pct as double) as tolerance_pct,
        cast(soft_tolerance_pct as double) as soft_tolerance_pct,
        cast(floor_pct as double) as floor_pct
    from {{ source('plan', 'plan_metric') }}
),

ratios as (
    select
        plan_id,
        scenario,
        plan_version,
        metric,
        measure,
        metric_load / target as ratio,
        (metric_load - giant_excess) / target as ratio_without_giants,
        row_number() over (
            partition by plan_id, plan_version, metric
            order by metric_load / target, territory_id
        ) as ratio_rank,
        {{ exact_mean('metric_load / target', 12) }} over (
            partition by plan_id, plan_version, metric
        ) as mean_ratio
    from loads
),

spreads as (
    select
        plan_id,
        scenario,
        plan_version,
        metric,
        measure,
        mean_ratio,
        count(*) as territory_count,
        max(abs(ratio - 1)) as max_deviation,
        max(abs(ratio_without_giants - 1)) as max_deviation_without_giants,
        min(ratio) as min_ratio,
        max(ratio) as max_ratio,
        sqrt({{ exact_mean('(ratio - mean_ratio) * (ratio - mean_ratio)', 12) }}) as spread,
        {{ exact_sum('ratio * ratio_rank', 12) }} as ranked_sum
    from ratios
    group by plan_id, scenario, plan_version, metric, measure, mean_ratio
)

select
    spreads.plan_id,
    spreads.scenario,
    spreads.plan_version,
    spreads.metric,
    round(metrics.tolerance_pct, 4) as tolerance_pct,
    round(100 * spreads.max_deviation, 4) as max_deviation_pct,
    round(100 * spreads.max_deviation_without_giants, 4) as max_deviation_without_giants_pct,
    round(spreads.spread / nullif(spreads.mean_ratio, 0), 6) as cv,
    -- Gini of sorted values x: (2 Σ rank·x ÷ Σ x − n − 1) ÷ n.
    case
        when spreads.mean_ratio > 0
            then
                round(
                    greatest(
                        2 * spreads.ranked_sum / (spreads.territory_count * spreads.mean_ratio)
                        - spreads.territory_count - 1,
                        0
                    ) / spreads.territory_count,
                    6
                )
    end as gini,
    round(spreads.max_ratio / nullif(spreads.min_ratio, 0), 4) as max_min_ratio,
    round(metrics.floor_pct, 4) as floor_pct,
    spreads.territory_count,
    spreads.measure,
    round(metrics.soft_tolerance_pct, 4) as soft_tolerance_pct
from spreads
left join metrics
    on spreads.plan_id = metrics.plan_id and spreads.metric = metrics.metric
