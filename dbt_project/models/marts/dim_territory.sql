with reps as (
    select * from {{ ref('dim_rep') }}
)

select
    scenario,
    -- One territory a seat, so the id is the same in every scenario and run.
    'T-' || rep_id as territory_id,
    coalesce(region || ' / ', '') || rep_name as territory_name,
    rep_id,
    region,
    manager_id
from reps
