with loads as (
    select * from {{ ref('int_territory__load') }}
    where territory_id <> 'UNASSIGNED'
),

ownership as (
    select * from {{ ref('int_plan__ownership') }}
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

described as (
    select
        cast(plan_id as varchar) as plan_id,
        cast(metric as varchar) as metric,
        cast(measure as varchar) as measure,
        cast(is_whole_book as boolean) as is_whole_book,
        cast(tolerance_pct as double) as tolerance_pct
    from {{ source('plan', 'plan_metric') }}
),

-- A metric the planner only publishes is not described: it is a measure of the whole book. The
-- whole book is the tier without a name, which no metric of the policy can have.
metrics as (
    select
        named.plan_id,
        named.metric,
        coalesce(described.measure, named.metric) as measure,
        case when coalesce(described.is_whole_book, true) then '' else named.metric end as tier,
        described.tolerance_pct
    from (select distinct plan_id, metric from targets) as named
    left join described
        on named.plan_id = described.plan_id and named.metric = described.metric
),

members as (
    select
        cast(plan_id as varchar) as plan_id,
        cast(metric as varchar) as tier,
        cast(account_id as varchar) as account_id
    from {{ source('plan', 'plan_metric_account') }}
),

tier_accounts as (
    select
        '' as tier,
        ownership.*
    from ownership
    union all
    select
        members.tier,
        ownership.*
    from ownership
    inner join members
        on ownership.plan_id = members.plan_id and ownership.account_id = members.account_id
),

units as (
    select
        tier,
        plan_id,
        plan_version,
        territory_id,
        unit_id,
        {{ exact_sum('service_hours') }} as hours,
        {{ exact_sum('potential_usd') }} as potential,
        {{ exact_sum('actual_sales_usd') }} as sales,
        count(*)::double as account_count
    from tier_accounts
    group by tier, plan_id, plan_version, territory_id, unit_id
),

amounts as (
    select
        metrics.metric,
        units.plan_id,
        units.plan_version,
        units.territory_id,
        case metrics.measure
            when 'hours' then units.hours
            when 'potential' then units.potential
            when 'sales' then units.sales
            else units.account_count
        end as amount
    from units
    inner join metrics
        on units.plan_id = metrics.plan_id and units.tier = metrics.tier
),

-- Empty territories count, too.
grain as (
    select
        loads.plan_id,
        loads.scenario,
        loads.plan_version,
        loads.territory_id,
        loads.rep_id,
        metrics.metric,
        metrics.measure,
        metrics.tolerance_pct,
        targets.target,
        targets.giant_excess
    from loads
    inner join targets
        on loads.plan_id = targets.plan_id and loads.rep_id = targets.rep_id
    inner join metrics
        on targets.plan_id = metrics.plan_id and targets.metric = metrics.metric
)

select
    grain.plan_id,
    grain.scenario,
    grain.plan_version,
    grain.territory_id,
    grain.rep_id,
    grain.metric,
    grain.measure,
    grain.target,
    coalesce({{ exact_sum('amounts.amount') }}, 0) as metric_load,
    -- Of a unit that alone is above its owner's band: what lies above. The planner says so for its
    -- plan; today's ownership is held against the same bands.
    case grain.plan_version
        when 'proposed' then coalesce(grain.giant_excess, 0)
        when 'current' then coalesce(
            {{ exact_sum(
                "greatest(amounts.amount - grain.target * (1 + grain.tolerance_pct / 100), 0)"
            ) }},
            0
        )
    end as giant_excess
from grain
left join amounts
    on
        grain.plan_id = amounts.plan_id
        and grain.plan_version = amounts.plan_version
        and grain.territory_id = amounts.territory_id
        and grain.metric = amounts.metric
group by
    grain.plan_id,
    grain.scenario,
    grain.plan_version,
    grain.territory_id,
    grain.rep_id,
    grain.metric,
    grain.measure,
    grain.tolerance_pct,
    grain.target,
    grain.giant_excess
