with counties as (
    select
        county_fips,
        trim(naics) as naics,
        cast(establishments as bigint) as establishments,
        cast(employment as bigint) as employment,
        cast(annual_payroll_usd as decimal(18, 2)) as annual_payroll_usd
    from {{ source('raw', 'raw_market__county_business') }}
)

select
    county_fips,
    left(county_fips, 2) as state_fips,
    -- Three sectors span several two-digit codes.
    case
        when naics in ('31', '32', '33') then '31-33'
        when naics in ('44', '45') then '44-45'
        when naics in ('48', '49') then '48-49'
        else naics
    end as naics_sector,
    sum(establishments)::bigint as establishments,
    sum(employment)::bigint as employment,
    sum(annual_payroll_usd)::decimal(18, 2) as annual_payroll_usd
from counties
group by county_fips, state_fips, naics_sector
