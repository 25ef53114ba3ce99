with employment as (
    select * from {{ ref('int_market__employment') }}
    where employment > 0
),

-- What the market spends per employee, where a sector has a figure of its own.
sector_spend as (
    {{ mapping_rows(var('potential_market_spend_by_sector_usd')) }}
)

select
    employment.country,
    employment.state,
    employment.naics_sector,
    employment.employment,
    (
        employment.employment
        * coalesce(
            cast(sector_spend.meaning as double),
            {{ var('potential_market_spend_per_employee_usd') }}
        )
    )::decimal(38, 2) as market_usd
from employment
left join sector_spend
    on employment.naics_sector = sector_spend.spelling
