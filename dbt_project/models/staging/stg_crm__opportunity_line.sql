select
    opportunity_id,
    cast(line_number as bigint) as line_number,
    {{ text('product_id') }} as product_id,
    cast(quantity as decimal(18, 4)) as quantity,
    cast(unit_price_usd as decimal(18, 4)) as unit_price_usd
from {{ source('raw', 'raw_crm__opportunity_line') }}
