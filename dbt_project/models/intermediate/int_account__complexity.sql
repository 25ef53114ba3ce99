with profiles as (
    select * from {{ ref('int_account__profile') }}
),

segments as (
    select * from {{ ref('int_segment__cycle') }}
),

opportunities as (
    select * from {{ ref('int_crm__opportunity') }}
    where is_won_ever or is_open
),

products as (
    select * from {{ ref('int_product__rating') }}
),

-- What the account bought, or has in an open opportunity, once each.
offered as (
    select account_id, product_id
    from opportunities
    where product_id is not null

    union

    select opportunities.account_id, lines.product_id
    from {{ ref('stg_crm__opportunity_line') }} as lines
    inner join opportunities
        on lines.opportunity_id = opportunities.opportunity_id
    where lines.product_id is not null
),

offerings as (
    select
        profiles.account_id,
        count(*) as product_count,
        {{ exact_mean('products.rating') }} as mean_rating
    from profiles
    inner join offered
        on profiles.account_id = offered.account_id
    left join products
        on offered.product_id = products.product_id
    group by profiles.account_id
),

typical as (
    select
        {{ geometric_mean('employee_count') }} as employee_count,
        {{ geometric_mean('annual_revenue_usd') }} as annual_revenue_usd
    from profiles
),

typical_offering as (
    select
        {{ exact_mean('product_count') }} as product_count,
        {{ exact_mean('mean_rating') }} as mean_rating
    from offerings
),

relative as (
    select
        profiles.account_id,
        segments.own_median_cycle_days / nullif(segments.book_median_cycle_days, 0)
            as cycle_ratio,
        pow(
            exp(
                coalesce(
                    (
                        ln(profiles.employee_count / typical.employee_count)
                        + ln(profiles.annual_revenue_usd / typical.annual_revenue_usd)
                    ) / 2,
                    ln(profiles.employee_count / typical.employee_count),
                    ln(profiles.annual_revenue_usd / typical.annual_revenue_usd)
                )
            ),
            {{ var('complexity_size_exponent') }}
        ) as size_ratio,
        coalesce(
            (
                offerings.product_count / typical_offering.product_count
                + offerings.mean_rating / nullif(typical_offering.mean_rating, 0)
            ) / 2,
            offerings.product_count / typical_offering.product_count
        ) as offering_ratio
    from profiles
    inner join segments
        on profiles.segment = segments.segment
    left join offerings
        on profiles.account_id = offerings.account_id
    cross join typical
    cross join typical_offering
),

{{ complexity_score('account_id') }}
