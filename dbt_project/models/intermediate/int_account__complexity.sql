with profiles as (
    select * from {{ ref('int_account__profile') }}
),

segments as (
    select * from {{ ref('int_segment__cycle') }}
),

opportunities as (
    select * from {{ ref('int_crm__opportunity') }}
    where is_won_ever or is_open
),

-- What the account bought, or has in an open opportunity, once each.
offered as (
    select opportunities.account_id, opportunities.product_id
    from opportunities
    inner join profiles
        on opportunities.account_id = profiles.account_id
    where opportunities.product_id is not null

    union

    select opportunities.account_id, lines.product_id
    from {{ ref('stg_crm__opportunity_line') }} as lines
    inner join opportunities
        on lines.opportunity_id = opportunities.opportunity_id
    inner join profiles
        on opportunities.account_id = profiles.account_id
    where lines.product_id is not null
),

{{ offerings('account_id') }},

typical as (
    select
        {{ geometric_mean('employee_count') }} as employee_count,
        {{ geometric_mean('annual_revenue_usd') }} as annual_revenue_usd
    from profiles
),

relative as (
    select
        profiles.account_id,
        {{ cycle_ratio('segments') }} as cycle_ratio,
        pow(
            exp(
                coalesce(
                    (
                        ln(profiles.employee_count / typical.employee_count)
                        + ln(profiles.annual_revenue_usd / typical.annual_revenue_usd)
                    ) / 2,
                    ln(profiles.employee_count / typical.employee_count),
                    ln(profiles.annual_revenue_usd / typical.annual_revenue_usd)
                )
            ),
            {{ var('complexity_size_exponent') }}
        ) as size_ratio,
        {{ offering_ratio() }} as offering_ratio
    from profiles
    inner join segments
        on profiles.segment = segments.segment
    left join offerings
        on profiles.account_id = offerings.account_id
    cross join typical
    cross join typical_offering
),

{{ complexity_score('account_id') }}
