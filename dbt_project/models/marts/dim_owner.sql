with reps as (
    select * from {{ ref('stg_crm__rep') }}
),

capacity as (
    select * from {{ ref('int_rep__capacity') }}
),

-- Managers of whom the CRM's list of users says nothing else.
managers as (
    select
        coalesce(reps.manager_id, reps.manager_name) as rep_id,
        min(coalesce(reps.manager_name, reps.manager_id)) as rep_name
    from reps
    anti join reps as known
        on coalesce(reps.manager_id, reps.manager_name) = known.rep_id
    where coalesce(reps.manager_id, reps.manager_name) is not null
    group by all
)

select
    reps.rep_id,
    coalesce(reps.rep_name, reps.rep_id) as rep_name,
    coalesce(reps.manager_id, reps.manager_name) as manager_id,
    coalesce(reps.manager_name, superiors.rep_name, reps.manager_id) as manager_name,
    reps.region,
    reps.role,
    not capacity.is_active and not capacity.is_vacant as has_left,
    capacity.is_in_plan,
    reps.end_date
from reps
inner join capacity
    on reps.rep_id = capacity.rep_id
left join reps as superiors
    on reps.manager_id = superiors.rep_id
union all
select
    rep_id,
    rep_name,
    null as manager_id,
    null as manager_name,
    null as region,
    null as role,
    false as has_left,
    false as is_in_plan,
    null as end_date
from managers
