with accounts as (
    select
        *,
        case
            when coalesce(country, 'United States') = 'United States' then postal_code
        end as postal_code_key
    from {{ ref('stg_crm__account') }}
),

postal_codes as (
    select * from {{ ref('stg_market__postal_code') }}
),

states as (
    select * from {{ ref('stg_market__us_state') }}
),

-- The postal code names state and county where the account does not.
completed as (
    select
        accounts.account_id,
        accounts.city,
        coalesce(accounts.state, postal_codes.state) as state,
        accounts.postal_code,
        coalesce(
            accounts.country,
            case when postal_codes.postal_code is not null then 'United States' end
        ) as country,
        accounts.latitude,
        accounts.longitude,
        postal_codes.county_fips
    from accounts
    left join postal_codes
        on accounts.postal_code_key = postal_codes.postal_code
),

located as (
    {{ located('completed', 'account_id') }}
),

in_markets as (
    select
        completed.*,
        case when completed.country = 'United States' then states.state end as market_state
    from completed
    left join states
        on completed.state = states.state
)

select
    in_markets.account_id,
    in_markets.city,
    in_markets.state,
    in_markets.postal_code,
    in_markets.country,
    located.latitude,
    located.longitude,
    located.location_precision,
    in_markets.county_fips,
    in_markets.market_state,
    coalesce(
        in_markets.county_fips, in_markets.market_state, in_markets.country
    ) as market_area_id
from in_markets
inner join located
    on in_markets.account_id = located.account_id
