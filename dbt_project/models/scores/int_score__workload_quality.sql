with calibration as (
    select * from {{ ref('int_book__calibration') }}
),

reps as (
    select * from {{ ref('int_rep__workload') }}
    where logged_hours > 0 and predicted_hours > 0
),

fit as (
    select
        count(*) as rep_count,
        median(abs(predicted_hours / logged_hours - 1)) * 100 as median_error_pct,
        corr(predicted_hours, logged_hours) as correlation
    from reps
)

select
    'service_hours' as score_name,
    'hours_per_index' as metric,
    hours_per_index as metric_value,
    hours_per_index - 1.96 * hours_per_index_standard_error as lower_value,
    hours_per_index + 1.96 * hours_per_index_standard_error as upper_value,
    account_count as row_count,
    'hours' as unit,
    'κ, fixed by ' || calibration_basis
    || coalesce(
        '; interval of 95 % over accounts', '; no hours are logged, so it has no interval'
    ) as statement
from calibration

union all

select
    'service_hours' as score_name,
    'predicted_over_logged_pct' as metric,
    100.0 * service_hours / nullif(logged_standard_hours, 0) as metric_value,
    null as lower_value,
    null as upper_value,
    logged_accounts as row_count,
    '%' as unit,
    'Σ service hours over Σ logged hours × experience multiplier' as statement
from calibration

union all

select
    'service_hours' as score_name,
    'median_rep_error_pct' as metric,
    median_error_pct as metric_value,
    null as lower_value,
    null as upper_value,
    rep_count as row_count,
    '%' as unit,
    'Median over reps of |predicted ÷ logged hours of their accounts − 1|' as statement
from fit
where rep_count > 0

union all

select
    'service_hours' as score_name,
    'rep_correlation' as metric,
    correlation as metric_value,
    null as lower_value,
    null as upper_value,
    rep_count as row_count,
    'ratio' as unit,
    'Correlation over reps of predicted and logged hours of their accounts' as statement
from fit
where rep_count > 2 and correlation is not null and not isnan(correlation)
