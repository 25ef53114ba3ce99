with postal_codes as (
    select * from {{ ref('stg_market__postal_code') }}
    where latitude is not null and longitude is not null
),

located as (
    select
        'postal_code' as place_precision,
        postal_code as place_key,
        latitude,
        longitude
    from postal_codes

    union all

    select
        'city' as place_precision,
        lower(city) || ', ' || state as place_key,
        latitude,
        longitude
    from postal_codes
    where city is not null and state is not null

    union all

    select
        'state' as place_precision,
        state as place_key,
        latitude,
        longitude
    from postal_codes
    where state is not null
)

select
    place_precision,
    place_key,
    round({{ exact_mean('latitude') }}, 6) as latitude,
    round({{ exact_mean('longitude') }}, 6) as longitude
from located
group by place_precision, place_key
