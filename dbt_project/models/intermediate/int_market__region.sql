with employment as (
    select * from {{ ref('stg_market__county_employment') }}
),

population as (
    select * from {{ ref('stg_market__county_population') }}
),

states as (
    select * from {{ ref('stg_market__us_state') }}
),

latest as (
    select *
    from employment
    qualify
        row_number() over (
            partition by county_fips order by statistics_year desc, statistics_quarter desc
        ) = 1
),

wages as (
    select
        state_fips,
        sum((avg_weekly_wage_usd * employment)::decimal(38, 4))::double
        / nullif(sum(employment) filter (where avg_weekly_wage_usd is not null), 0)
            as avg_weekly_wage_usd
    from latest
    group by state_fips
),

growth as (
    select
        state_fips,
        sum((population_change_pct * population)::decimal(38, 4))::double
        / nullif(sum(population) filter (where population_change_pct is not null), 0)
            as population_change_pct
    from population
    group by state_fips
)

-- Counties weighted by employment or people; suppressed cells left out.
select
    states.state,
    round(wages.avg_weekly_wage_usd, 4) as avg_weekly_wage_usd,
    round(growth.population_change_pct, 6) as population_change_pct
from states
left join wages
    on states.state_fips = wages.state_fips
left join growth
    on states.state_fips = growth.state_fips
where wages.state_fips is not null or growth.state_fips is not null
