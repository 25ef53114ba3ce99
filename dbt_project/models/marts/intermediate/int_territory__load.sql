with ownership as (
    select * from {{ ref('int_plan__ownership') }}
),

plan_summary as (
    select * from {{ source('plan', 'plan_summary') }}
),

territories as (
    select * from {{ ref('dim_territory') }}
),

reps as (
    select * from {{ ref('dim_rep') }}
),

seats as (
    select
        territories.scenario,
        territories.territory_id,
        territories.rep_id,
        reps.experience_multiplier,
        reps.capacity_hours,
        reps.effective_capacity_hours
    from territories
    inner join reps
        on territories.rep_id = reps.rep_id and territories.scenario = reps.scenario
),

versions as (
    select
        cast(plan_summary.plan_id as varchar) as plan_id,
        cast(plan_summary.scenario as varchar) as scenario,
        named.plan_version
    from plan_summary
    cross join (values ('current'), ('proposed')) as named (plan_version)
),

-- Every seat has a row in both versions; accounts nobody owns stand in a row of their own.
grain as (
    select
        versions.plan_id,
        versions.scenario,
        versions.plan_version,
        seats.territory_id,
        seats.rep_id,
        seats.experience_multiplier,
        seats.capacity_hours,
        seats.effective_capacity_hours
    from versions
    inner join seats
        on versions.scenario = seats.scenario

    union all

    select
        plan_id,
        scenario,
        plan_version,
        'UNASSIGNED' as territory_id,
        null as rep_id,
        null as experience_multiplier,
        null as capacity_hours,
        null as effective_capacity_hours
    from versions
    where
        plan_version = 'current'
        or exists (
            select 1 from ownership
            where
                ownership.plan_id = versions.plan_id
                and ownership.plan_version = versions.plan_version
                and ownership.territory_id = 'UNASSIGNED'
        )
),

loads as (
    select
        ownership.plan_id,
        ownership.plan_version,
        ownership.territory_id,
        count(*) as account_count,
        {{ exact_sum('ownership.service_hours') }} as service_hours,
        {{ exact_sum('ownership.travel_hours') }} as travel_hours,
        {{ exact_sum('ownership.distance_km') }} as distance_km,
        sum(ownership.potential_usd) as potential_usd,
        sum(ownership.actual_sales_usd) as actual_sales_usd,
        count(*) filter (where history.activity_count > 0) as covered_accounts,
        sum(history.won_deals)::bigint as won_deals,
        sum(history.lost_deals)::bigint as lost_deals,
        sum(history.won_cycle_days)::bigint as won_cycle_days,
        sum(history.won_deals_with_cycle)::bigint as won_deals_with_cycle,
        sum(history.open_opportunities)::bigint as open_opportunities,
        sum(history.unqualified_opportunities)::bigint as unqualified_opportunities
    from ownership
    inner join {{ ref('int_account__history') }} as history
        on ownership.account_id = history.account_id
    group by ownership.plan_id, ownership.plan_version, ownership.territory_id
)

select
    grain.plan_id,
    grain.scenario,
    grain.plan_version,
    grain.territory_id,
    grain.rep_id,
    grain.capacity_hours,
    grain.effective_capacity_hours,
    coalesce(loads.account_count, 0) as account_count,
    coalesce(loads.service_hours, 0) as service_hours,
    coalesce(loads.travel_hours, 0) as travel_hours,
    -- Hours nobody works yet stay junior-standard hours.
    coalesce(loads.service_hours, 0) / coalesce(grain.experience_multiplier, 1)
    + coalesce(loads.travel_hours, 0) as workload_hours,
    coalesce(loads.distance_km, 0) as distance_km,
    coalesce(loads.potential_usd, 0) as potential_usd,
    coalesce(loads.actual_sales_usd, 0) as actual_sales_usd,
    coalesce(loads.covered_accounts, 0) as covered_accounts,
    coalesce(loads.won_deals, 0) as won_deals,
    coalesce(loads.lost_deals, 0) as lost_deals,
    coalesce(loads.won_cycle_days, 0) as won_cycle_days,
    coalesce(loads.won_deals_with_cycle, 0) as won_deals_with_cycle,
    coalesce(loads.open_opportunities, 0) as open_opportunities,
    coalesce(loads.unqualified_opportunities, 0) as unqualified_opportunities
from grain
left join loads
    on
        grain.plan_id = loads.plan_id
        and grain.plan_version = loads.plan_version
        and grain.territory_id = loads.territory_id
