with capacity as (
    select * from {{ ref('int_rep__capacity') }}
    where is_in_plan and not is_vacant
),

pay as (
    select * from {{ ref('stg_crm__rep_pay') }}
    where hourly_cost_usd is not null
),

known as (
    select
        count(*) as rep_count,
        sum(pay.hourly_cost_usd * capacity.capacity_hours::decimal(18, 4))::double
        / sum(capacity.capacity_hours::decimal(18, 4))::double as mean_hourly_cost_usd
    from capacity
    inner join pay
        on capacity.rep_id = pay.rep_id
)

-- One figure for the whole team, so that no cost published can be traced to one person's pay.
select
    rep_count,
    case
        when rep_count >= {{ var('economics_minimum_reps_for_mean') }}
            then round(mean_hourly_cost_usd, 2)
        else {{ var('economics_hourly_cost_usd') }}
    end::decimal(18, 2) as team_hourly_cost_usd
from known
