with bases as (
    select * from {{ source('score', 'int_rep__base') }}
),

seats as (
    select * from {{ ref('dim_rep') }}
    where is_vacant
),

locations as (
    select * from {{ ref('int_account__location') }}
)

select
    seats.scenario,
    seats.rep_id,
    seats.rep_name,
    seats.region,
    locations.city as base_city,
    locations.state as base_state,
    locations.country as base_country,
    locations.latitude as base_latitude,
    locations.longitude as base_longitude,
    bases.account_count::bigint as account_count,
    bases.mean_distance_km::double as mean_distance_km,
    bases.current_mean_distance_km::double as current_mean_distance_km
from bases
inner join seats
    on bases.rep_id = seats.rep_id
inner join locations
    on bases.base_account_id = locations.account_id
