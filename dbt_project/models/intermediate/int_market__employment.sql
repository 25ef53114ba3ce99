with county_business as (
    select * from {{ ref('stg_market__county_business') }}
    where naics_sector <> '00'
),

states as (
    select * from {{ ref('stg_market__us_state') }}
)

-- By state, because counties change: Connecticut's eight became nine planning regions in 2022, so
-- statistics of 2021 meet addresses of today only here.
select
    'United States' as country,
    states.state,
    county_business.naics_sector,
    sum(county_business.employment)::bigint as employment,
    sum(county_business.establishments)::bigint as establishments,
    round(
        sum(county_business.annual_payroll_usd)::double / nullif(sum(county_business.employment), 0),
        2
    ) as pay_usd
from county_business
inner join states
    on county_business.state_fips = states.state_fips
group by states.state, county_business.naics_sector

union all

select
    'United States' as country,
    null as state,
    naics_sector,
    sum(employment)::bigint as employment,
    sum(establishments)::bigint as establishments,
    round(sum(annual_payroll_usd)::double / nullif(sum(employment), 0), 2) as pay_usd
from county_business
group by naics_sector
