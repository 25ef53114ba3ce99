with accounts as (
    select * from {{ ref('stg_crm__account') }}
),

capacity as (
    select * from {{ ref('int_rep__capacity') }}
),

deals as (
    select
        account_id,
        coalesce(sum(amount_usd) filter (where is_won_trailing), 0)::decimal(18, 2)
            as actual_sales_usd,
        count(*) filter (where is_won_trailing) as won_deals,
        count(*) filter (where is_lost_trailing) as lost_deals,
        sum(cycle_days) filter (where is_won_trailing)::bigint as won_cycle_days,
        count(cycle_days) filter (where is_won_trailing) as won_deals_with_cycle,
        count(*) filter (where is_open and is_qualified) as open_opportunities,
        count(*) filter (where is_open and not is_qualified) as unqualified_opportunities,
        max(probability_pct) filter (where is_open) as open_deal_probability_pct
    from {{ ref('int_crm__opportunity') }}
    group by account_id
),

activities as (
    select
        account_id,
        rep_id,
        coalesce(duration_hours, {{ var('workload_default_activity_hours') }}) as logged_hours
    from {{ ref('stg_crm__activity') }}
    where {{ in_trailing_year('activity_date') }}
),

calls as (
    select
        activities.account_id,
        count(*) as activity_count,
        -- Hours of a second role are not the owner's work; its visits touch the account all the same.
        {{ exact_sum('case when capacity.is_overlay then 0 else activities.logged_hours end') }}
            as logged_hours,
        -- A rep who is not in the rep table counts as a junior.
        {{ exact_sum(
            'case when capacity.is_overlay then 0 else activities.logged_hours end'
            ~ ' * coalesce(capacity.experience_multiplier, 1)'
        ) }}
            as logged_standard_hours
    from activities
    left join capacity
        on activities.rep_id = capacity.rep_id
    group by activities.account_id
)

select
    accounts.account_id,
    coalesce(deals.actual_sales_usd, 0)::decimal(18, 2) as actual_sales_usd,
    coalesce(deals.won_deals, 0) as won_deals,
    coalesce(deals.lost_deals, 0) as lost_deals,
    coalesce(deals.won_cycle_days, 0) as won_cycle_days,
    coalesce(deals.won_deals_with_cycle, 0) as won_deals_with_cycle,
    coalesce(deals.open_opportunities, 0) as open_opportunities,
    coalesce(deals.unqualified_opportunities, 0) as unqualified_opportunities,
    deals.open_deal_probability_pct,
    coalesce(calls.activity_count, 0) as activity_count,
    coalesce(calls.logged_hours, 0) as logged_hours,
    coalesce(calls.logged_standard_hours, 0) as logged_standard_hours
from accounts
left join deals
    on accounts.account_id = deals.account_id
left join calls
    on accounts.account_id = calls.account_id
