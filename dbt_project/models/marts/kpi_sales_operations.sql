with figures as (
    select * from {{ ref('kpi_territory') }}
    where rep_id is not null
),

loads as (
    select * from {{ ref('kpi_territory_balance') }}
),

reps as (
    select * from {{ ref('dim_rep') }}
),

moves as (
    select * from {{ ref('fct_move') }}
),

gains as (
    select
        plan_id,
        to_rep_id as rep_id,
        count(*) as gained_accounts,
        sum(sales_at_stake_usd) as gained_sales_usd
    from moves
    where to_rep_id is not null
    group by plan_id, to_rep_id
),

losses as (
    select
        plan_id,
        from_rep_id as rep_id,
        count(*) as lost_accounts,
        sum(sales_at_stake_usd) as lost_sales_usd
    from moves
    where from_rep_id is not null
    group by plan_id, from_rep_id
),

deviations as (
    select
        plan_id,
        territory_id,
        {% for version in ['current', 'proposed'] -%}
        {% for metric in ['hours', 'potential'] -%}
        max(
            case
                when plan_version = '{{ version }}' and metric = '{{ metric }}' then deviation_pct
            end
        ) as {{ version }}_{{ metric }}_deviation_pct{{ "," if not (loop.last and version == 'proposed') }}
        {% endfor -%}
        {% endfor -%}
    from loads
    group by plan_id, territory_id
)

select
    proposed.plan_id,
    proposed.scenario,
    proposed.territory_id,
    proposed.rep_id,
    reps.rep_name,
    reps.region,
    reps.manager_name,
    reps.is_vacant,
    proposed.capacity_hours,
    today.workload_ratio as current_workload_ratio,
    proposed.workload_ratio as proposed_workload_ratio,
    deviations.current_hours_deviation_pct,
    deviations.proposed_hours_deviation_pct,
    deviations.current_potential_deviation_pct,
    deviations.proposed_potential_deviation_pct,
    today.account_count as current_account_count,
    proposed.account_count as proposed_account_count,
    coalesce(gains.gained_accounts, 0) as gained_accounts,
    coalesce(losses.lost_accounts, 0) as lost_accounts,
    {{ usd('coalesce(gains.gained_sales_usd, 0)') }} as gained_sales_usd,
    {{ usd('coalesce(losses.lost_sales_usd, 0)') }} as lost_sales_usd
from figures as proposed
inner join figures as today
    on
        proposed.plan_id = today.plan_id
        and proposed.territory_id = today.territory_id
        and today.plan_version = 'current'
inner join reps
    on proposed.rep_id = reps.rep_id and proposed.scenario = reps.scenario
left join deviations
    on proposed.plan_id = deviations.plan_id and proposed.territory_id = deviations.territory_id
left join gains
    on proposed.plan_id = gains.plan_id and proposed.rep_id = gains.rep_id
left join losses
    on proposed.plan_id = losses.plan_id and proposed.rep_id = losses.rep_id
where proposed.plan_version = 'proposed'
