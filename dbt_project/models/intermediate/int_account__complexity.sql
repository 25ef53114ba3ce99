{%- set low = var('complexity_factor_minimum') -%}
{%- set high = var('complexity_factor_maximum') -%}
{%- set weights = {
    'cycle': var('complexity_cycle_weight'),
    'size': var('complexity_size_weight'),
    'offering': var('complexity_offering_weight'),
} -%}
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

typical_price as (
    select {{ geometric_mean('list_price_usd') }} as list_price_usd
    from {{ ref('stg_crm__product') }}
),

products as (
    select
        products.product_id,
        coalesce(
            products.complexity_rating,
            case
                when products.list_price_usd > 0 and not exists (
                    select 1 from {{ ref('stg_crm__product') }} where complexity_rating is not null
                )
                    then
                        pow(
                            products.list_price_usd / typical_price.list_price_usd,
                            {{ var('complexity_price_exponent') }}
                        )
            end
        ) as rating
    from {{ ref('stg_crm__product') }} as products
    cross join typical_price
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

factors as (
    select
        account_id,
        {% for factor in weights -%}
        {{ clip(factor ~ '_ratio', low, high) }} as {{ factor }}_factor{{ "," if not loop.last }}
        {% endfor %}
    from relative
),

-- The weight of a missing factor goes to the others.
weighted as (
    select
        *,
        (
            {% for factor, weight in weights.items() -%}
            {{ "+ " if not loop.first }}coalesce({{ weight }} * {{ factor }}_factor, 0)
            {% endfor %}
        )
        / nullif(
            {% for factor, weight in weights.items() -%}
            {{ "+ " if not loop.first -}}
            case when {{ factor }}_factor is null then 0.0 else {{ weight }} end
            {% endfor %},
            0
        ) as weighted_mean
    from factors
),

bounded as (
    select
        *,
        {{ clip(
            'coalesce(weighted_mean, 1)', var('complexity_minimum'), var('complexity_maximum')
        ) }} as bounded_score
    from weighted
)

select
    account_id,
    round(cycle_factor, 6) as cycle_factor,
    round(size_factor, 6) as size_factor,
    round(offering_factor, 6) as offering_factor,
    nullif(
        concat_ws(
            ', ',
            {% for factor in weights -%}
            case when {{ factor }}_factor is null then '{{ factor }}' end{{ "," if not loop.last }}
            {% endfor %}
        ),
        ''
    ) as missing_factors,
    round(bounded_score / {{ exact_mean('bounded_score') }} over (), 9) as complexity_score
from bounded
