select
    rep_id,
    cast(hourly_cost_usd as decimal(18, 2)) as hourly_cost_usd
from {{ source('raw', 'raw_crm__rep') }}
