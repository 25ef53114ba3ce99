select
    account_id,
    rep_id,
    team_role,
    {{ text('member_id') }} as member_id
from {{ source('raw', 'raw_crm__account_team') }}
