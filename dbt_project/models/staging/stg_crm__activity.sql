select
    activity_id,
    account_id,
    {{ text('rep_id') }} as rep_id,
    {{ text('activity_type') }} as activity_type,
    cast(activity_date as date) as activity_date,
    cast(duration_hours as double) as duration_hours
from {{ source('raw', 'raw_crm__activity') }}
