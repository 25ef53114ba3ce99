with counties as (
    select
        county_fips,
        cast(employment as bigint) as employment,
        cast(establishments as bigint) as establishments,
        cast(avg_weekly_wage_usd as double) as avg_weekly_wage_usd,
        coalesce(cast(is_suppressed as boolean), false) as is_suppressed,
        year,
        quarter
    from {{ source('raw', 'raw_market__county_employment') }}
)

select
    county_fips,
    left(county_fips, 2) as state_fips,
    cast(year as integer) as statistics_year,
    cast(quarter as integer) as statistics_quarter,
    is_suppressed,
    -- A suppressed cell is published as 0; zero is not zero.
    case when not is_suppressed then employment end as employment,
    establishments,
    case when not is_suppressed then avg_weekly_wage_usd end as avg_weekly_wage_usd
from counties
