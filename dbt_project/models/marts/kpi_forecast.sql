with forecasts as (
    select * from {{ source('score', 'int_sales__forecast') }}
),

plans as (
    select
        plan_id,
        scenario
    from {{ source('plan', 'plan_summary') }}
)

select
    plans.plan_id::varchar as plan_id,
    plans.scenario::varchar as scenario,
    forecasts.group_kind::varchar as group_kind,
    forecasts.group_name::varchar as group_name,
    ({{ as_of() }} + 1)::date as period_start_date,
    ({{ as_of() }} + to_months(forecasts.forecast_months::integer))::date as period_end_date,
    forecasts.history_months::bigint as history_months,
    {{ usd('forecasts.forecast_usd') }} as forecast_usd,
    {{ usd('forecasts.lower_usd') }} as lower_usd,
    {{ usd('forecasts.upper_usd') }} as upper_usd,
    forecasts.method::varchar as method,
    forecasts.reason::varchar as reason,
    forecasts.error_pct::double as error_pct,
    forecasts.naive_error_pct::double as naive_error_pct,
    {{ usd('forecasts.pipeline_usd') }} as pipeline_usd,
    {{ usd('forecasts.weighted_pipeline_usd') }} as weighted_pipeline_usd
from forecasts
inner join plans
    on forecasts.scenario = plans.scenario
