with loads as (
    select * from {{ ref('int_territory__load') }}
),

team as (
    select * from {{ ref('int_team__hourly_cost') }}
),

logging as (
    select sum(activity_count) > 0 as has_activities
    from {{ ref('int_account__history') }}
),

measured as (
    select
        loads.*,
        logging.has_activities,
        case
            when loads.rep_id is not null
                then
                    loads.workload_hours * team.team_hourly_cost_usd::double
                    + loads.distance_km * {{ var('economics_cost_per_km_usd') }}
        end as cost_to_serve_usd,
        loads.actual_sales_usd::double / nullif(loads.won_deals, 0) as avg_deal_usd,
        loads.won_deals::double / nullif(loads.won_deals + loads.lost_deals, 0) as win_rate,
        loads.won_cycle_days::double / nullif(loads.won_deals_with_cycle, 0) as sales_cycle_days
    from loads
    cross join team
    cross join logging
)

select
    plan_id,
    scenario,
    plan_version,
    territory_id,
    account_count,
    round(service_hours, 4) as service_hours,
    round(travel_hours, 4) as travel_hours,
    round(workload_hours, 4) as workload_hours,
    round(effective_capacity_hours, 4) as effective_capacity_hours,
    round(service_hours / nullif(effective_capacity_hours, 0), 6) as service_workload_ratio,
    round(workload_hours / nullif(capacity_hours, 0), 6) as workload_ratio,
    {{ usd('potential_usd') }} as potential_usd,
    {{ usd('actual_sales_usd') }} as actual_sales_usd,
    {{ percent('actual_sales_usd', 'potential_usd') }} as market_penetration_pct,
    {{ usd('cost_to_serve_usd') }} as cost_to_serve_usd,
    {{ percent('cost_to_serve_usd', 'actual_sales_usd') }} as cost_to_serve_pct,
    open_opportunities,
    {{ usd('avg_deal_usd') }} as avg_deal_usd,
    round(100 * win_rate, 4) as win_rate_pct,
    round(sales_cycle_days, 4) as sales_cycle_days,
    {{ usd('open_opportunities * avg_deal_usd * win_rate / nullif(sales_cycle_days, 0)') }}
        as sales_velocity_usd_per_day,
    case when has_activities then {{ percent('covered_accounts', 'account_count') }} end
        as coverage_pct,
    {{ usd('potential_usd - actual_sales_usd') }} as whitespace_usd,
    rep_id,
    round(capacity_hours, 4) as capacity_hours,
    round(distance_km, 4) as distance_km,
    won_deals,
    lost_deals,
    unqualified_opportunities
from measured
