with reps as (
    select * from {{ ref('stg_crm__rep') }}
)

select
    reps.rep_id,
    {{ place_columns('reps') }}
from reps
{{ join_places('reps') }}
