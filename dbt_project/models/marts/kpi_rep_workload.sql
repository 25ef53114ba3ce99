with workload as (
    select * from {{ ref('int_rep__workload') }}
),

reps as (
    select * from {{ ref('dim_rep') }}
)

select
    reps.scenario,
    workload.rep_id,
    reps.rep_name,
    reps.region,
    workload.account_count::bigint as account_count,
    round(workload.predicted_hours, 4) as predicted_hours,
    round(workload.logged_hours, 4) as logged_hours,
    {{ percent('workload.predicted_hours - workload.logged_hours', 'workload.logged_hours') }}
        as prediction_error_pct,
    round(workload.own_clock_hours, 4) as own_clock_hours,
    {{ percent('workload.own_clock_hours', 'workload.capacity_hours') }} as logged_capacity_pct
from workload
inner join reps
    on workload.rep_id = reps.rep_id
