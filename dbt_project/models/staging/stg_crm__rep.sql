with reps as (
    select * from {{ source('raw', 'raw_crm__rep') }}
),

places as (
    {{ places_of('reps', 'rep_id') }}
)

select
    reps.rep_id,
    reps.rep_name,
    {{ text('reps.manager_id') }} as manager_id,
    {{ text('reps.manager_name') }} as manager_name,
    {{ text('reps.region') }} as region,
    {{ text('reps.role') }} as role,
    lower({{ text('reps.experience_level') }}) as experience_level,
    {{ text('reps.skill_industries') }} as skill_industries,
    places.city,
    places.state,
    places.postal_code,
    places.country,
    places.latitude,
    places.longitude,
    cast(reps.fte_share as double) as fte_share,
    cast(reps.capacity_hours as double) as selling_hours,
    cast(reps.is_active as boolean) as is_active,
    cast(reps.hire_date as date) as hire_date,
    cast(reps.end_date as date) as end_date
from reps
inner join places
    on reps.rep_id = places.rep_id
