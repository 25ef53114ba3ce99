with assignments as (
    select * from {{ ref('fct_assignment') }}
    where is_moved or is_forced_move or is_new_assignment or is_unassigned
),

accounts as (
    select * from {{ ref('dim_account') }}
),

reps as (
    select * from {{ ref('dim_rep') }}
),

history as (
    select * from {{ ref('int_account__history') }}
)

select
    assignments.plan_id,
    assignments.scenario,
    assignments.account_id,
    case
        when assignments.is_unassigned then 'unassigned'
        when assignments.is_moved then 'move'
        when assignments.is_forced_move then 'forced move'
        else 'new assignment'
    end as change,
    assignments.previous_rep_id as from_rep_id,
    assignments.rep_id as to_rep_id,
    losing.manager_id as from_manager_id,
    gaining.manager_id as to_manager_id,
    losing.region as from_region,
    gaining.region as to_region,
    accounts.is_customer,
    assignments.actual_sales_usd as sales_at_stake_usd,
    assignments.expected_disruption_loss_usd,
    assignments.service_hours,
    round(assignments.travel_hours - coalesce(assignments.current_travel_hours, 0), 4)
        as travel_change_hours,
    history.open_opportunities,
    assignments.reason_code,
    assignments.reason,
    assignments.runner_up_rep_id,
    assignments.runner_up_delta_usd
from assignments
inner join accounts
    on assignments.account_id = accounts.account_id
inner join history
    on assignments.account_id = history.account_id
left join reps as losing
    on assignments.previous_rep_id = losing.rep_id and assignments.scenario = losing.scenario
left join reps as gaining
    on assignments.rep_id = gaining.rep_id and assignments.scenario = gaining.scenario
