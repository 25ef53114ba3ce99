select
    county_fips,
    county_name,
    left(county_fips, 2) as state_fips,
    cast(population as bigint) as population,
    cast(population_change_pct as double) as population_change_pct
from {{ source('raw', 'raw_market__county_population') }}
