with workload as (
    select * from {{ ref('int_score__workload_quality') }}
)

select
    score_name::varchar as score_name,
    metric::varchar as metric,
    'book' as group_kind,
    'all' as group_name,
    round(metric_value::double, 6) as metric_value,
    round(lower_value::double, 6) as lower_value,
    round(upper_value::double, 6) as upper_value,
    row_count::bigint as row_count,
    unit::varchar as unit,
    statement::varchar as statement
from workload
