with opportunities as (
    select * from {{ ref('int_crm__opportunity') }}
),

-- A deal has one row, so its territory is that of the chosen plan.
assignments as (
    select * from {{ ref('fct_assignment') }}
    where scenario = {{ literal(var('scenario')) }}
),

products as (
    select * from {{ ref('dim_product') }}
),

accounts as (
    select * from {{ ref('dim_account') }}
)

select
    opportunities.opportunity_id,
    -- Keys of rows that are not there would break a star join.
    accounts.account_id,
    opportunities.rep_id,
    products.product_id,
    assignments.territory_id,
    opportunities.stage,
    opportunities.status,
    opportunities.opened_date,
    opportunities.closed_date,
    opportunities.amount_usd::decimal(18, 2) as amount_usd,
    opportunities.probability_pct,
    opportunities.cycle_days::bigint as cycle_days,
    opportunities.is_won_trailing,
    opportunities.is_lost_trailing,
    opportunities.is_open,
    opportunities.is_open and opportunities.is_qualified as is_open_qualified
from opportunities
left join accounts
    on opportunities.account_id = accounts.account_id
left join assignments
    on accounts.account_id = assignments.account_id
left join products
    on opportunities.product_id = products.product_id
