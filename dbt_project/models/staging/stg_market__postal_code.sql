select
    postal_code,
    {{ text('city') }} as city,
    upper({{ text('state') }}) as state,
    {{ text('county_fips') }} as county_fips,
    cast(latitude as double) as latitude,
    cast(longitude as double) as longitude
from {{ source('raw', 'raw_market__postal_code') }}
