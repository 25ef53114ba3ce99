select
    opportunity_id,
    {{ text('account_id') }} as account_id,
    {{ text('rep_id') }} as rep_id,
    {{ text('product_id') }} as product_id,
    stage,
    lower(status) as status,
    cast(opened_date as date) as opened_date,
    cast(closed_date as date) as closed_date,
    cast(amount_usd as decimal(18, 2)) as amount_usd,
    cast(probability_pct as double) as probability_pct
from {{ source('raw', 'raw_crm__opportunity') }}
