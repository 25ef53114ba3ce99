{#- Days of deals and calls, from the first of a year to the last of one; a mistyped year far away
must not make a calendar of centuries. -#}
with known as (
    select opened_date as day from {{ ref('stg_crm__opportunity') }}
    union all
    select closed_date as day from {{ ref('stg_crm__opportunity') }}
    union all
    select activity_date as day from {{ ref('stg_crm__activity') }}
    union all
    select renewal_date as day from {{ ref('stg_crm__account') }}
),

bounds as (
    select
        date_trunc('year', coalesce(min(day), {{ as_of() }})) as first_day,
        date_trunc('year', greatest(coalesce(max(day), {{ as_of() }}), {{ as_of() }}))
        + interval 1 year - interval 1 day as last_day
    from known
    where day between {{ as_of() }} - interval 20 year and {{ as_of() }} + interval 5 year
),

days as (
    select cast(unnest(generate_series(first_day, last_day, interval 1 day)) as date) as day
    from bounds
)

select
    day as calendar_date,
    year(day)::integer as calendar_year,
    quarter(day)::integer as quarter_number,
    month(day)::integer as month_number,
    year(day)::varchar || '-Q' || quarter(day)::varchar as quarter_name,
    strftime(day, '%Y-%m') as month_name,
    isodow(day)::integer as weekday_number,
    cast(date_trunc('week', day) as date) as week_start_date,
    isodow(day) > 5 as is_weekend,
    {{ in_trailing_year('day') }} as is_trailing_year,
    day = {{ as_of() }} as is_as_of
from days
