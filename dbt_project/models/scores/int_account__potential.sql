{%- set quantile = var('potential_quantile') -%}
{%- set minimum = var('potential_minimum_group_accounts') -%}
with profiles as (
    select * from {{ ref('int_account__profile') }}
),

history as (
    select * from {{ ref('int_account__history') }}
),

locations as (
    select * from {{ ref('int_account__location') }}
),

caps as (
    select * from {{ ref('int_market__cap') }}
),

fitted as (
    select * from {{ source('score', 'int_account__fitted') }}
),

accounts as (
    select
        profiles.account_id,
        fitted.comparable_spend_usd as fitted_spend_usd,
        -- A category spelt in another case is the same category.
        lower(profiles.industry) as industry,
        profiles.segment,
        profiles.size_band,
        profiles.naics_sector,
        locations.country,
        locations.market_state,
        history.actual_sales_usd,
        -- Spend is compared per unit of size; accounts of unknown size compare as a whole.
        pow(profiles.employee_count, {{ var('potential_employee_exponent') }}) as size_units
    from profiles
    inner join history
        on profiles.account_id = history.account_id
    inner join locations
        on profiles.account_id = locations.account_id
    left join fitted
        on profiles.account_id = fitted.account_id
),

customers as (
    select
        *,
        actual_sales_usd / size_units as spend_per_unit
    from accounts
    where actual_sales_usd > 0
),

-- What comparable customers spend, from the narrowest group that is large enough; it counts where
-- no model is fitted.
{% set by_size = {
    'industry_size': ['industry', 'size_band'],
    'industry_only': ['industry'],
    'size_only': ['size_band'],
} -%}
{% for name, columns in by_size.items() -%}
{{ name }} as (
    select
        {{ columns | join(', ') }},
        quantile_cont(spend_per_unit, {{ quantile }}) as spend
    from customers
    where size_units is not null
    group by {{ columns | join(', ') }}
    having count(*) >= {{ minimum }}
),

{% endfor -%}
sized_book as (
    select quantile_cont(spend_per_unit, {{ quantile }}) as spend
    from customers
    where size_units is not null
    having count(*) >= {{ minimum }}
),

{% set as_a_whole = {
    'industry_segment_whole': ['industry', 'segment'],
    'industry_whole': ['industry'],
    'segment_whole': ['segment'],
} -%}
{% for name, columns in as_a_whole.items() -%}
{{ name }} as (
    select
        {{ columns | join(', ') }},
        quantile_cont(actual_sales_usd::double, {{ quantile }}) as spend
    from customers
    group by {{ columns | join(', ') }}
    having count(*) >= {{ minimum }}
),

{% endfor -%}
whole_book as (
    select quantile_cont(actual_sales_usd::double, {{ quantile }}) as spend
    from customers
    having count(*) >= {{ minimum }}
),

estimates as (
    select
        accounts.*,
        coalesce(
            accounts.fitted_spend_usd,
            accounts.size_units
            * coalesce(
                industry_size.spend, industry_only.spend, size_only.spend, sized_book.spend
            ),
            industry_segment_whole.spend,
            industry_whole.spend,
            segment_whole.spend,
            whole_book.spend
        ) as comparable_spend_usd,
        case
            when accounts.fitted_spend_usd is not null then 'fitted model'
            when accounts.size_units is null
                then
                    case
                        when industry_segment_whole.spend is not null then 'industry and segment'
                        when industry_whole.spend is not null then 'industry'
                        when segment_whole.spend is not null then 'segment'
                        when whole_book.spend is not null then 'all customers'
                        else 'own sales'
                    end
            when industry_size.spend is not null then 'industry and size per employee'
            when industry_only.spend is not null then 'industry per employee'
            when size_only.spend is not null then 'size per employee'
            when sized_book.spend is not null then 'all customers per employee'
            when industry_segment_whole.spend is not null then 'industry and segment'
            when industry_whole.spend is not null then 'industry'
            when segment_whole.spend is not null then 'segment'
            when whole_book.spend is not null then 'all customers'
            else 'own sales'
        end as potential_basis
    from accounts
    left join industry_size
        on
            accounts.industry = industry_size.industry
            and accounts.size_band = industry_size.size_band
    left join industry_only
        on accounts.industry = industry_only.industry
    left join size_only
        on accounts.size_band = size_only.size_band
    left join sized_book
        on true
    left join industry_segment_whole
        on
            accounts.industry = industry_segment_whole.industry
            and accounts.segment = industry_segment_whole.segment
    left join industry_whole
        on accounts.industry = industry_whole.industry
    left join segment_whole
        on accounts.segment = segment_whole.segment
    left join whole_book
        on true
),

headroom as (
    select
        *,
        greatest(
            coalesce(comparable_spend_usd, 0)::decimal(38, 2) - actual_sales_usd, 0
        )::decimal(38, 2) as headroom_usd
    from estimates
),

-- Region × industry: state and sector, or country and sector where the state is unknown.
markets as (
    select
        country,
        market_state,
        naics_sector,
        sum(actual_sales_usd) as sales_usd,
        sum(headroom_usd) as headroom_usd
    from headroom
    where country is not null and naics_sector is not null
    group by country, market_state, naics_sector
),

shares as (
    select
        markets.country,
        markets.market_state,
        markets.naics_sector,
        caps.market_usd,
        markets.sales_usd > caps.market_usd as is_over_market,
        {{ clip(
            '(caps.market_usd - markets.sales_usd)::double'
            ~ ' / nullif(markets.headroom_usd, 0)::double',
            0,
            1
        ) }} as whitespace_share
    from markets
    inner join caps
        on
            markets.country = caps.country
            and markets.naics_sector = caps.naics_sector
            and markets.market_state is not distinct from caps.state
)

select
    headroom.account_id,
    headroom.actual_sales_usd,
    headroom.comparable_spend_usd::decimal(38, 2) as comparable_spend_usd,
    headroom.potential_basis,
    shares.market_usd,
    coalesce(shares.is_over_market, false) as is_over_market,
    -- Without market figures there is no cap.
    round(coalesce(shares.whitespace_share, 1), 9)::double as whitespace_share,
    -- Credits may exceed sales; potential does not go below 0.
    greatest(
        headroom.actual_sales_usd
        + headroom.headroom_usd::double * coalesce(shares.whitespace_share, 1),
        0
    )::decimal(18, 2) as potential_usd
from headroom
left join shares
    on
        headroom.country = shares.country
        and headroom.naics_sector = shares.naics_sector
        and headroom.market_state is not distinct from shares.market_state
