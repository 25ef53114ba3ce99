with ownership as (
    select * from {{ ref('int_plan__ownership') }}
),

accounts as (
    select * from {{ ref('dim_account') }}
),

territories as (
    select * from {{ ref('dim_territory') }}
),

reps as (
    select * from {{ ref('dim_rep') }}
),

history as (
    select * from {{ ref('int_account__history') }}
),

team as (
    select * from {{ ref('int_team__hourly_cost') }}
),

logging as (
    select sum(activity_count) > 0 as has_activities
    from history
),

seats as (
    select
        territories.scenario,
        territories.territory_id,
        reps.rep_id,
        reps.rep_name,
        reps.manager_id,
        reps.manager_name,
        reps.region,
        reps.experience_multiplier,
        reps.capacity_hours
    from territories
    inner join reps
        on territories.rep_id = reps.rep_id and territories.scenario = reps.scenario
),

owned as (
    select
        ownership.plan_id,
        ownership.scenario,
        ownership.plan_version,
        ownership.account_id,
        seats.rep_id,
        seats.rep_name,
        seats.manager_id,
        seats.manager_name,
        seats.region,
        accounts.segment,
        accounts.industry,
        accounts.state,
        ownership.service_hours,
        ownership.travel_hours,
        ownership.distance_km,
        ownership.potential_usd,
        ownership.actual_sales_usd,
        -- Hours nobody works yet stay junior-standard hours, and cost nothing yet.
        ownership.service_hours / coalesce(seats.experience_multiplier, 1)
        + ownership.travel_hours as workload_hours,
        case
            when seats.rep_id is not null
                then
                    (
                        ownership.service_hours / seats.experience_multiplier
                        + ownership.travel_hours
                    ) * team.team_hourly_cost_usd::double
                    + ownership.distance_km * {{ var('economics_cost_per_km_usd') }}
        end as cost_to_serve_usd
    from ownership
    inner join accounts
        on ownership.account_id = accounts.account_id
    cross join team
    left join seats
        on ownership.territory_id = seats.territory_id and ownership.scenario = seats.scenario
),

-- All seats of a member count, also those without an account; accounts alone have no capacity.
capacity as (
    {% for level, member in [
        ('company', "'company'"),
        ('region', "coalesce(region, 'NONE')"),
        ('manager', "coalesce(manager_id, 'NONE')"),
        ('rep', 'rep_id'),
    ] -%}
    select
        scenario,
        '{{ level }}' as level,
        {{ member }} as member_id,
        {{ exact_sum('capacity_hours') }} as capacity_hours
    from seats
    group by all
    {{ "union all" if not loop.last }}
    {% endfor %}
),

-- What belongs to no member of a level stands in a row of its own, so each level adds up.
members as (
    {% for level, member, name in [
        ('company', "'company'", "'Whole company'"),
        ('region', "coalesce(region, 'NONE')", "coalesce(region, 'none')"),
        ('manager', "coalesce(manager_id, 'NONE')", "coalesce(manager_name, manager_id, 'none')"),
        ('rep', "coalesce(rep_id, 'NONE')", "coalesce(rep_name, 'none')"),
        ('segment', "coalesce(segment, 'NONE')", "coalesce(segment, 'unknown')"),
        ('industry', "coalesce(industry, 'NONE')", "coalesce(industry, 'unknown')"),
        ('state', "coalesce(state, 'NONE')", "coalesce(state, 'unknown')"),
    ] -%}
    select
        '{{ level }}' as level,
        {{ member }} as member_id,
        {{ name }} as member_name,
        owned.*
    from owned
    {{ "union all" if not loop.last }}
    {% endfor %}
),

summed as (
    select
        members.plan_id,
        members.scenario,
        members.plan_version,
        members.level,
        members.member_id,
        -- Two spellings of one manager's name must not split the manager.
        min(members.member_name) as member_name,
        count(*) as account_count,
        count(distinct members.rep_id) as rep_count,
        {{ exact_sum('members.service_hours') }} as service_hours,
        {{ exact_sum('members.travel_hours') }} as travel_hours,
        {{ exact_sum('members.workload_hours') }} as workload_hours,
        sum(members.potential_usd) as potential_usd,
        sum(members.actual_sales_usd) as actual_sales_usd,
        {{ exact_sum('members.cost_to_serve_usd') }} as cost_to_serve_usd,
        count(*) filter (where history.activity_count > 0) as covered_accounts,
        count(*) filter (where members.rep_id is null) as unowned_accounts,
        sum(history.won_deals)::bigint as won_deals,
        sum(history.lost_deals)::bigint as lost_deals,
        sum(history.won_cycle_days)::double
        / nullif(sum(history.won_deals_with_cycle), 0) as sales_cycle_days,
        sum(history.open_opportunities)::bigint as open_opportunities
    from members
    inner join history
        on members.account_id = history.account_id
    group by
        members.plan_id, members.scenario, members.plan_version, members.level, members.member_id
),

rated as (
    select
        *,
        actual_sales_usd::double / nullif(won_deals, 0) as avg_deal_usd,
        won_deals::double / nullif(won_deals + lost_deals, 0) as win_rate
    from summed
)

select
    rated.plan_id,
    rated.scenario,
    rated.plan_version,
    rated.level,
    rated.member_id,
    rated.member_name,
    rated.account_count,
    rated.rep_count,
    rated.unowned_accounts,
    round(rated.service_hours, 4) as service_hours,
    round(rated.travel_hours, 4) as travel_hours,
    round(rated.workload_hours, 4) as workload_hours,
    {{ usd('rated.potential_usd') }} as potential_usd,
    {{ usd('rated.actual_sales_usd') }} as actual_sales_usd,
    {{ usd('rated.potential_usd - rated.actual_sales_usd') }} as whitespace_usd,
    {{ percent('rated.actual_sales_usd', 'rated.potential_usd') }} as market_penetration_pct,
    {{ usd('rated.cost_to_serve_usd') }} as cost_to_serve_usd,
    {{ percent('rated.cost_to_serve_usd', 'rated.actual_sales_usd') }} as cost_to_serve_pct,
    rated.open_opportunities,
    {{ usd('rated.avg_deal_usd') }} as avg_deal_usd,
    round(100 * rated.win_rate, 4) as win_rate_pct,
    round(rated.sales_cycle_days, 4) as sales_cycle_days,
    {{ usd(
        'rated.open_opportunities * rated.avg_deal_usd * rated.win_rate '
        ~ '/ nullif(rated.sales_cycle_days, 0)'
    ) }} as sales_velocity_usd_per_day,
    case
        when logging.has_activities
            then {{ percent('rated.covered_accounts', 'rated.account_count') }}
    end as coverage_pct,
    round(capacity.capacity_hours, 4) as capacity_hours,
    round(rated.workload_hours / nullif(capacity.capacity_hours, 0), 6) as workload_ratio
from rated
cross join logging
left join capacity
    on
        rated.scenario = capacity.scenario
        and rated.level = capacity.level
        and rated.member_id = capacity.member_id
