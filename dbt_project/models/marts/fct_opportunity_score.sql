with opportunities as (
    select * from {{ ref('int_crm__opportunity') }}
),

complexity as (
    select * from {{ ref('int_opportunity__complexity') }}
),

wins as (
    select * from {{ source('score', 'int_opportunity__win') }}
)

select
    opportunities.opportunity_id,
    opportunities.account_id,
    opportunities.rep_id,
    opportunities.status,
    opportunities.is_open,
    opportunities.amount_usd::decimal(18, 2) as amount_usd,
    complexity.complexity_score,
    complexity.cycle_factor,
    complexity.size_factor,
    complexity.offering_factor,
    complexity.missing_factors as missing_complexity_factors,
    round(wins.win_probability_pct::double, 4) as win_probability_pct
from opportunities
inner join complexity
    on opportunities.opportunity_id = complexity.opportunity_id
left join wins
    on opportunities.opportunity_id = wins.opportunity_id
