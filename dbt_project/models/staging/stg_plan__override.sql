with overrides as (
    select
        account_id,
        lower(action) as action,
        {{ text('rep_id') }} as rep_id,
        {{ text('reason') }} as reason,
        cast(expires_date as date) as expires_date,
        {{ text('group_id') }} as group_id
    from {{ source('raw', 'raw_plan__override') }}
)

select
    account_id,
    action,
    rep_id,
    reason,
    expires_date,
    group_id
from overrides
where expires_date is null or expires_date >= {{ as_of() }}
