with products as (
    select * from {{ ref('stg_crm__product') }}
),

ratings as (
    select * from {{ ref('int_product__rating') }}
)

select
    products.product_id,
    products.product_name,
    products.product_line,
    products.list_price_usd,
    products.complexity_rating,
    ratings.rating as offering_rating
from products
inner join ratings
    on products.product_id = ratings.product_id
