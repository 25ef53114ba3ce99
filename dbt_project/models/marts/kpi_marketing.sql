with accounts as (
    select * from {{ ref('dim_account') }}
),

assignments as (
    select * from {{ ref('fct_assignment') }}
),

coverage as (
    select * from {{ ref('fct_coverage') }}
),

history as (
    select * from {{ ref('int_account__history') }}
)

select
    assignments.plan_id,
    assignments.scenario,
    coalesce(accounts.country, 'unknown') as country,
    coalesce(accounts.state, 'unknown') as state,
    coalesce(accounts.industry, 'unknown') as industry,
    count(*) as account_count,
    count(*) filter (where accounts.is_customer) as customer_count,
    {{ usd('sum(accounts.potential_usd)') }} as potential_usd,
    {{ usd('sum(accounts.actual_sales_usd)') }} as actual_sales_usd,
    {{ usd('sum(accounts.whitespace_usd)') }} as whitespace_usd,
    {{ percent('sum(accounts.actual_sales_usd)', 'sum(accounts.potential_usd)') }}
        as market_penetration_pct,
    sum(history.open_opportunities)::bigint as open_opportunities,
    count(*) filter (where not coverage.is_covered) as silent_accounts,
    -- Demand that nobody works: no call in a year.
    {{ usd('coalesce(sum(accounts.whitespace_usd) filter (where not coverage.is_covered), 0)') }}
        as silent_whitespace_usd,
    count(*) filter (where assignments.incumbent_rep_id is null) as unowned_accounts
from assignments
inner join accounts
    on assignments.account_id = accounts.account_id
inner join coverage
    on assignments.account_id = coverage.account_id
inner join history
    on assignments.account_id = history.account_id
group by all
