with workload as (
    select * from {{ ref('int_account__workload') }}
),

history as (
    select * from {{ ref('int_account__history') }}
),

residuals as (
    select
        workload.calibration_basis,
        workload.hours_per_index,
        workload.effort_index,
        workload.service_hours,
        history.logged_standard_hours,
        history.logged_standard_hours - workload.service_hours as residual_hours
    from workload
    inner join history
        on workload.account_id = history.account_id
),

totals as (
    select
        max(calibration_basis) as calibration_basis,
        max(hours_per_index) as hours_per_index,
        count(*) as account_count,
        count(*) filter (where logged_standard_hours > 0) as logged_accounts,
        {{ exact_sum('effort_index', 9) }} as effort_index,
        {{ exact_sum('service_hours') }} as service_hours,
        {{ exact_sum('logged_standard_hours') }} as logged_standard_hours,
        {{ exact_sum('residual_hours * residual_hours') }} as squared_residual_hours
    from residuals
)

-- κ is a ratio estimate, Σ logged ÷ Σ index; its standard error is that of a ratio with accounts as
-- the independent units: Var κ = n ÷ (n − 1) × Σ (logged − κ × index)² ÷ (Σ index)².
-- (Cochran, Sampling Techniques, 3rd ed., section 6.4.) A policy share has none.
select
    calibration_basis,
    round(hours_per_index, 9) as hours_per_index,
    case
        when calibration_basis = 'logged hours' and account_count > 1
            then
                round(
                    sqrt(
                        account_count / (account_count - 1.0)
                        * squared_residual_hours
                    ) / nullif(effort_index, 0),
                    9
                )
    end as hours_per_index_standard_error,
    account_count,
    logged_accounts,
    round(service_hours, 4) as service_hours,
    round(logged_standard_hours, 4) as logged_standard_hours
from totals
