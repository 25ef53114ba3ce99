with reps as (
    select * from {{ ref('stg_crm__rep') }}
),

located as (
    {{ located('reps', 'rep_id') }}
)

select
    rep_id,
    latitude,
    longitude,
    location_precision
from located
