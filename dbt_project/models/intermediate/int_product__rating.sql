with products as (
    select * from {{ ref('stg_crm__product') }}
),

catalogue as (
    select
        {{ geometric_mean('list_price_usd') }} as list_price_usd,
        count(complexity_rating) as rated_products
    from products
)

-- Where the catalogue rates nothing, list price stands in for the rating.
select
    products.product_id,
    coalesce(
        products.complexity_rating,
        case
            when products.list_price_usd > 0 and catalogue.rated_products = 0
                then
                    round(
                        pow(
                            products.list_price_usd / catalogue.list_price_usd,
                            {{ var('complexity_price_exponent') }}
                        ),
                        9
                    )
        end
    ) as rating
from products
cross join catalogue
