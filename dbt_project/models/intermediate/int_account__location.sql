with accounts as (
    select * from {{ ref('stg_crm__account') }}
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
        on
            accounts.postal_code = postal_codes.postal_code
            and coalesce(accounts.country, 'United States') = 'United States'
)

select
    completed.account_id,
    completed.city,
    completed.state,
    completed.postal_code,
    completed.country,
    {{ place_columns('completed') }},
    completed.county_fips,
    case when completed.country = 'United States' then states.state end as market_state,
    coalesce(
        completed.county_fips,
        case when completed.country = 'United States' then states.state end,
        completed.country
    ) as market_area_id
from completed
left join states
    on completed.state = states.state
{{ join_places('completed') }}
