with plan_summary as (
    select * from {{ source('plan', 'plan_summary') }}
)

select
    cast(scenario as varchar) as scenario,
    cast(plan_id as varchar) as plan_id,
    cast(scenario as varchar) = {{ literal(var('scenario')) }} as is_chosen,
    cast(description as varchar) as description
from plan_summary
