with complexity as (
    select * from {{ ref('int_account__complexity') }}
),

value_index as (
    select * from {{ ref('int_account__value_index') }}
),

cycle as (
    select * from {{ ref('int_account__cycle') }}
),

indexed as (
    select
        complexity.account_id,
        complexity.complexity_score * value_index.value_index * cycle.cycle_index as effort_index
    from complexity
    inner join value_index
        on complexity.account_id = value_index.account_id
    inner join cycle
        on complexity.account_id = cycle.account_id
),

book as (
    select {{ exact_sum('effort_index', 9) }} as effort_index
    from indexed
),

logged as (
    select {{ exact_sum('logged_standard_hours') }} as standard_hours
    from {{ ref('int_account__history') }}
),

team as (
    select {{ exact_sum('effective_capacity_hours') }} as effective_capacity_hours
    from {{ ref('int_rep__capacity') }}
    where is_in_plan
),

-- κ: junior-standard hours a year per unit of the effort index, the same for every scenario.
calibration as (
    select
        case
            when logged.standard_hours > 0 then 'logged hours'
            else 'share of capacity'
        end as calibration_basis,
        case
            when logged.standard_hours > 0 then logged.standard_hours
            else {{ var('workload_policy_share') }} * coalesce(team.effective_capacity_hours, 0)
        end / book.effort_index as hours_per_index
    from book
    cross join logged
    cross join team
)

select
    indexed.account_id,
    calibration.calibration_basis,
    calibration.hours_per_index,
    round(indexed.effort_index, 9) as effort_index,
    round(calibration.hours_per_index * indexed.effort_index, 4) as service_hours,
    round(
        least(
            calibration.hours_per_index * indexed.effort_index
            * {{ var('workload_visit_share') }} / {{ var('workload_hours_per_visit') }},
            {{ var('workload_maximum_visits') }}
        ),
        4
    )::double as visits_per_year
from indexed
cross join calibration
