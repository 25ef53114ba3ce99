with reps as (
    select * from {{ ref('int_plan__rep') }}
),

locations as (
    select * from {{ ref('int_rep__location') }}
),

plan_summary as (
    select * from {{ source('plan', 'plan_summary') }}
)

select
    cast(plan_summary.scenario as varchar) as scenario,
    reps.rep_id,
    reps.rep_name,
    reps.manager_id,
    reps.region,
    reps.experience_level,
    reps.experience_multiplier,
    reps.capacity_hours,
    reps.effective_capacity_hours,
    reps.latitude,
    reps.longitude,
    reps.is_vacant,
    reps.manager_name,
    reps.country,
    locations.location_precision,
    reps.skill_industries,
    reps.fte_share,
    reps.ramp_share
from reps
inner join locations
    on reps.rep_id = locations.rep_id
cross join plan_summary
