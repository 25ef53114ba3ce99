select
    county_fips,
    county_name,
    left(county_fips, 2) as state_fips,
    cast(population as bigint) as population,
    coalesce(
        cast(population_change_pct as double),
        100.0 * cast(population_change as bigint)
        / nullif(cast(population as bigint) - cast(population_change as bigint), 0)
    ) as population_change_pct
from {{ source('raw', 'raw_market__county_population') }}
