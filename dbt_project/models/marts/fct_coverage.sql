with accounts as (
    select * from {{ ref('dim_account') }}
),

history as (
    select * from {{ ref('int_account__history') }}
),

calls as (
    select
        account_id,
        max(activity_date) as last_activity_date
    from {{ ref('stg_crm__activity') }}
    where activity_date <= {{ as_of() }}
    group by account_id
)

select
    accounts.account_id,
    accounts.owner_rep_id,
    calls.last_activity_date,
    date_diff('day', calls.last_activity_date, {{ as_of() }})::bigint as silence_days,
    history.activity_count::bigint as activity_count,
    round(history.logged_hours, 4) as logged_hours,
    accounts.service_hours,
    history.activity_count > 0 as is_covered
from accounts
inner join history
    on accounts.account_id = history.account_id
left join calls
    on accounts.account_id = calls.account_id
