with opportunities as (
    select * from {{ ref('stg_crm__opportunity') }}
),

line_totals as (
    select
        opportunity_id,
        -- A product no business can hold is unknown, not a failed run.
        try_cast(sum(quantity * unit_price_usd) as decimal(18, 2)) as amount_usd
    from {{ ref('stg_crm__opportunity_line') }}
    group by opportunity_id
),

stages as (
    select
        spelling as stage_key,
        cast(meaning as double) as probability_pct
    from ({{ mapping_rows(var('funnel_stage_probability_pct')) }}) as named
)

select
    opportunities.opportunity_id,
    opportunities.account_id,
    opportunities.rep_id,
    opportunities.product_id,
    opportunities.stage,
    opportunities.status,
    opportunities.opened_date,
    opportunities.closed_date,
    coalesce(opportunities.amount_usd, line_totals.amount_usd) as amount_usd,
    case
        when opportunities.closed_date >= opportunities.opened_date
            then date_diff('day', opportunities.opened_date, opportunities.closed_date)
    end as cycle_days,
    opportunities.status = 'won'
    and coalesce({{ in_trailing_year('opportunities.closed_date') }}, false) as is_won_trailing,
    opportunities.status = 'lost'
    and coalesce({{ in_trailing_year('opportunities.closed_date') }}, false) as is_lost_trailing,
    opportunities.status = 'open'
    and coalesce(opportunities.opened_date <= {{ as_of() }}, true) as is_open,
    lower(trim(opportunities.stage))
    not in {{ literal_list(var('funnel_unqualified_stages')) }} as is_qualified,
    opportunities.status = 'won'
    and coalesce(opportunities.closed_date <= {{ as_of() }}, false) as is_won_ever,
    case
        when opportunities.status = 'open'
            then coalesce(opportunities.probability_pct, stages.probability_pct)
    end as probability_pct
from opportunities
left join line_totals
    on opportunities.opportunity_id = line_totals.opportunity_id
left join stages
    on lower(trim(opportunities.stage)) = stages.stage_key
