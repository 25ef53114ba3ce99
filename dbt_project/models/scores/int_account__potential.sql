{%- set quantile = var('potential_quantile') -%}
{%- set minimum = var('potential_minimum_group_accounts') -%}
{#- Narrowest first; per unit of size where the size of an account is known, else as a whole. -#}
{%- set groups = [] -%}
{%- for name, basis, columns in [
    ('industry_size', 'industry and size per employee', ['industry', 'size_band']),
    ('industry_only', 'industry per employee', ['industry']),
    ('size_only', 'size per employee', ['size_band']),
    ('sized_book', 'all customers per employee', []),
] -%}
{%- do groups.append({
    'name': name, 'basis': basis, 'columns': columns, 'is_per_unit': true,
    'spend': 'spend_per_unit',
}) -%}
{%- endfor -%}
{%- for name, basis, columns in [
    ('industry_segment_whole', 'industry and segment', ['industry', 'segment']),
    ('industry_whole', 'industry', ['industry']),
    ('segment_whole', 'segment', ['segment']),
    ('whole_book', 'all customers', []),
] -%}
{%- do groups.append({
    'name': name, 'basis': basis, 'columns': columns, 'is_per_unit': false,
    'spend': 'actual_sales_usd::double',
}) -%}
{%- endfor -%}
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
{% for group in groups -%}
{{ group.name }} as (
    select
        {% for column in group.columns %}{{ column }}, {% endfor -%}
        quantile_cont({{ group.spend }}, {{ quantile }}) as spend
    from customers
    {{ "where size_units is not null" if group.is_per_unit }}
    {{ "group by " ~ group.columns | join(", ") if group.columns }}
    having count(*) >= {{ minimum }}
),

{% endfor -%}
estimates as (
    select
        accounts.*,
        coalesce(
            accounts.fitted_spend_usd
            {% for group in groups -%}
            , {{ "accounts.size_units * " if group.is_per_unit }}{{ group.name }}.spend
            {% endfor %}
        ) as comparable_spend_usd,
        case
            when accounts.fitted_spend_usd is not null then 'fitted model'
            {% for group in groups -%}
            when
                {{ group.name }}.spend is not null
                {{ "and accounts.size_units is not null" if group.is_per_unit }}
                then '{{ group.basis }}'
            {% endfor -%}
            else 'own sales'
        end as potential_basis
    from accounts
    {% for group in groups -%}
    left join {{ group.name }}
        on
            true
            {% for column in group.columns -%}
            and accounts.{{ column }} = {{ group.name }}.{{ column }}
            {% endfor -%}
    {% endfor %}
),

-- Credits may exceed sales; potential stands on 0 then.
headroom as (
    select
        *,
        greatest(actual_sales_usd, 0) as floor_usd,
        greatest(
            coalesce(comparable_spend_usd, 0)::decimal(38, 2) - greatest(actual_sales_usd, 0), 0
        )::decimal(38, 2) as headroom_usd
    from estimates
),

-- Region × industry: state and sector, or country and sector where the state is unknown.
markets as (
    select
        country,
        market_state,
        naics_sector,
        concat_ws('|', country, coalesce(market_state, ''), naics_sector) as market_id,
        sum(floor_usd) as floor_usd,
        sum(headroom_usd) as headroom_usd
    from headroom
    where country is not null and naics_sector is not null
    group by country, market_state, naics_sector
),

shares as (
    select
        markets.market_id,
        markets.country,
        markets.market_state,
        markets.naics_sector,
        caps.market_usd,
        markets.floor_usd > caps.market_usd as is_over_market,
        {{ clip(
            '(caps.market_usd - markets.floor_usd)::double'
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
    headroom.headroom_usd,
    shares.market_id,
    shares.market_usd,
    coalesce(shares.is_over_market, false) as is_over_market,
    -- Without market figures there is no cap.
    round(coalesce(shares.whitespace_share, 1), 9)::double as whitespace_share,
    -- Whole cents, rounded down, so that a thousand accounts do not exceed their market by dollars.
    (
        headroom.floor_usd
        + case
            when shares.whitespace_share < 1
                then floor(100 * headroom.headroom_usd::double * shares.whitespace_share) / 100
            else headroom.headroom_usd
        end
    )::decimal(18, 2) as potential_usd
from headroom
left join shares
    on
        headroom.country = shares.country
        and headroom.naics_sector = shares.naics_sector
        and headroom.market_state is not distinct from shares.market_state
