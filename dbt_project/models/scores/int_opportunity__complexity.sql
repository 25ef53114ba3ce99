with opportunities as (
    select * from {{ ref('int_crm__opportunity') }}
),

segments as (
    select
        profiles.account_id,
        {{ cycle_ratio('segments') }} as cycle_ratio
    from {{ ref('int_account__profile') }} as profiles
    inner join {{ ref('int_segment__cycle') }} as segments
        on profiles.segment = segments.segment
),

offered as (
    select opportunity_id, product_id
    from opportunities
    where product_id is not null

    union

    select lines.opportunity_id, lines.product_id
    from {{ ref('stg_crm__opportunity_line') }} as lines
    inner join opportunities
        on lines.opportunity_id = opportunities.opportunity_id
    where lines.product_id is not null
),

{{ offerings('opportunity_id') }},

typical as (
    select {{ geometric_mean('amount_usd') }} as amount_usd
    from opportunities
),

relative as (
    select
        opportunities.opportunity_id,
        segments.cycle_ratio,
        case
            when opportunities.amount_usd > 0
                then
                    pow(
                        opportunities.amount_usd / typical.amount_usd,
                        {{ var('complexity_size_exponent') }}
                    )
        end as size_ratio,
        {{ offering_ratio() }} as offering_ratio
    from opportunities
    left join segments
        on opportunities.account_id = segments.account_id
    left join offerings
        on opportunities.opportunity_id = offerings.opportunity_id
    cross join typical
    cross join typical_offering
),

{{ complexity_score('opportunity_id') }}
