select
    product_id,
    product_name,
    {{ text('product_line') }} as product_line,
    cast(list_price_usd as decimal(18, 2)) as list_price_usd,
    cast(complexity_rating as double) as complexity_rating
from {{ source('raw', 'raw_crm__product') }}
