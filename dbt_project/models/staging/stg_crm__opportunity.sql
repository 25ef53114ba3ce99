with opportunities as (
    select * from {{ source('raw', 'raw_crm__opportunity') }}
),

products as (
    select product_id from {{ source('raw', 'raw_crm__product') }}
),

-- A code that only one product has, whatever its case, blanks and punctuation.
product_codes as (
    select {{ folded_code('product_id') }} as folded, min(product_id) as product_id
    from products
    where {{ folded_code('product_id') }} is not null
    group by folded
    having count(*) = 1
)

select
    opportunities.opportunity_id,
    {{ text('opportunities.account_id') }} as account_id,
    {{ text('opportunities.rep_id') }} as rep_id,
    coalesce(
        products.product_id, product_codes.product_id, {{ text('opportunities.product_id') }}
    ) as product_id,
    opportunities.stage,
    lower(opportunities.status) as status,
    cast(opportunities.opened_date as date) as opened_date,
    cast(opportunities.closed_date as date) as closed_date,
    cast(opportunities.amount_usd as decimal(18, 2)) as amount_usd,
    cast(opportunities.probability_pct as double) as probability_pct
from opportunities
left join products
    on {{ text('opportunities.product_id') }} = products.product_id
left join product_codes
    on {{ folded_code('opportunities.product_id') }} = product_codes.folded
