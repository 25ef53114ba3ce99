with reps as (
    select * from {{ ref('stg_crm__rep') }}
),

capacity as (
    select * from {{ ref('int_rep__capacity') }}
    where is_in_plan
),

locations as (
    select * from {{ ref('int_rep__location') }}
)

select
    reps.rep_id,
    reps.rep_name,
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
    reps.postal_code,
    coalesce(reps.manager_name, managers.rep_name, reps.manager_id) as manager_name
from reps
inner join capacity
    on reps.rep_id = capacity.rep_id
inner join locations
    on reps.rep_id = locations.rep_id
left join reps as managers
    on reps.manager_id = managers.rep_id
