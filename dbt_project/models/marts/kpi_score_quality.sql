with workload as (
    select * from {{ ref('int_score__workload_quality') }}
),

fitted as (
    select * from {{ source('score', 'int_score__model_quality') }}
),

united as (
    select
        score_name,
        metric,
        'book' as group_kind,
        'all' as group_name,
        metric_value,
        lower_value,
        upper_value,
        row_count,
        unit,
        statement
    from workload

    union all

    select
        score_name,
        metric,
        group_kind,
        group_name,
        metric_value,
        lower_value,
        upper_value,
        row_count,
        unit,
        statement
    from fitted
)

select
    score_name::varchar as score_name,
    metric::varchar as metric,
    group_kind::varchar as group_kind,
    group_name::varchar as group_name,
    round(metric_value::double, 6) as metric_value,
    round(lower_value::double, 6) as lower_value,
    round(upper_value::double, 6) as upper_value,
    row_count::bigint as row_count,
    unit::varchar as unit,
    statement::varchar as statement
from united
