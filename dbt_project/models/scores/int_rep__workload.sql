with accounts as (
    select
        owners.owner_rep_id as rep_id,
        history.logged_standard_hours,
        workload.service_hours
    from {{ ref('int_account__owner') }} as owners
    inner join {{ ref('int_account__history') }} as history
        on owners.account_id = history.account_id
    inner join {{ ref('int_account__workload') }} as workload
        on owners.account_id = workload.account_id
    where owners.owner_rep_id is not null
),

books as (
    select
        rep_id,
        count(*) as account_count,
        {{ exact_sum('service_hours') }} as predicted_hours,
        {{ exact_sum('logged_standard_hours') }} as logged_hours
    from accounts
    group by rep_id
),

capacity as (
    select * from {{ ref('int_rep__capacity') }}
    where is_in_plan and not is_vacant
),

own as (
    select
        activities.rep_id,
        {{ exact_sum(
            'coalesce(activities.duration_hours, ' ~ var('workload_default_activity_hours') ~ ')'
        ) }} as clock_hours
    from {{ ref('stg_crm__activity') }} as activities
    where {{ in_trailing_year('activities.activity_date') }}
    group by activities.rep_id
)

select
    capacity.rep_id,
    coalesce(books.account_count, 0) as account_count,
    coalesce(books.predicted_hours, 0) as predicted_hours,
    coalesce(books.logged_hours, 0) as logged_hours,
    coalesce(own.clock_hours, 0) as own_clock_hours,
    capacity.capacity_hours
from capacity
left join books
    on capacity.rep_id = books.rep_id
left join own
    on capacity.rep_id = own.rep_id
