with reps as (
    select * from {{ ref('stg_crm__rep') }}
),

capacity as (
    select * from {{ ref('int_rep__capacity') }}
    where is_overlay and (is_active or is_vacant) and capacity_hours > 0
),

locations as (
    select * from {{ ref('int_rep__location') }}
)

select
    reps.rep_id,
    reps.rep_name,
    reps.role,
    coalesce(reps.manager_id, reps.manager_name) as manager_id,
    reps.region,
    reps.country,
    capacity.experience_level,
    reps.skill_industries,
    locations.latitude,
    locations.longitude,
    capacity.experience_multiplier,
    capacity.capacity_hours,
    capacity.effective_capacity_hours,
    capacity.fte_share,
    capacity.ramp_share,
    capacity.is_vacant,
    reps.state,
    reps.postal_code
from reps
inner join capacity
    on reps.rep_id = capacity.rep_id
inner join locations
    on reps.rep_id = locations.rep_id
