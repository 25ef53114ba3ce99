with accounts as (
    select * from {{ ref('stg_crm__account') }}
),

profiles as (
    select * from {{ ref('int_account__profile') }}
),

locations as (
    select * from {{ ref('int_account__location') }}
),

families as (
    select * from {{ ref('int_account__family') }}
),

opportunities as (
    select * from {{ ref('int_crm__opportunity') }}
),

-- Months of history, and how many of them the outcome takes: the last 12, or half of a shorter one.
spans as (
    select
        coalesce(
            round(date_diff('day', min(closed_date), {{ as_of() }}) / 30.4375), 0
        )::integer as history_months
    from opportunities
    where closed_date <= {{ as_of() }}
),

-- Each account twice: as it stood before the outcome, to learn from, and as it stands today.
moments as (
    select
        'training' as moment,
        history_months,
        least(12, history_months // 2) as window_months,
        ({{ as_of() }} - to_months(least(12, history_months // 2)))::date as feature_date,
        least(12, history_months // 2) as lookback_months
    from spans
    where history_months >= 2

    union all

    select
        'today' as moment,
        history_months,
        least(12, history_months // 2) as window_months,
        {{ as_of() }} as feature_date,
        least(12, greatest(history_months, 1)) as lookback_months
    from spans
),

-- Only dates decide, because the status of a deal is that of today.
deals as (
    select
        moments.moment,
        opportunities.account_id,
        sum(opportunities.amount_usd) filter (
            where opportunities.status = 'won' and is_before
        ) as past_sales_usd,
        count(*) filter (where opportunities.status = 'won' and is_before) as past_won_deals,
        count(*) filter (where opportunities.status = 'lost' and is_before) as past_lost_deals,
        sum(opportunities.amount_usd) filter (where is_before) as past_asked_usd,
        count(distinct opportunities.product_id) filter (where is_before) as past_products,
        count(*) filter (
            where
            opportunities.opened_date <= moments.feature_date
            and coalesce(opportunities.closed_date > moments.feature_date, true)
        ) as open_deals,
        sum(opportunities.amount_usd) filter (
            where
            opportunities.status = 'won'
            and opportunities.closed_date > moments.feature_date
            and opportunities.closed_date <= {{ as_of() }}
        ) as outcome_usd
    from opportunities
    cross join moments
    cross join lateral (
        select coalesce(
            opportunities.closed_date > moments.feature_date - to_months(moments.lookback_months)
            and opportunities.closed_date <= moments.feature_date,
            false
        ) as is_before
    ) as placed
    where opportunities.account_id is not null
    group by moments.moment, opportunities.account_id
),

calls as (
    select
        moments.moment,
        activities.account_id,
        {{ exact_sum(
            'coalesce(activities.duration_hours, ' ~ var('workload_default_activity_hours') ~ ')'
        ) }} as logged_hours
    from {{ ref('stg_crm__activity') }} as activities
    inner join moments
        on
            activities.activity_date <= moments.feature_date
            and activities.activity_date
            > moments.feature_date - to_months(moments.lookback_months)
    group by moments.moment, activities.account_id
),

catalogue as (
    select count(*) as product_count from {{ ref('stg_crm__product') }}
),

markets as (
    select * from {{ ref('int_market__employment') }}
),

regions as (
    select * from {{ ref('int_market__region') }}
)

select
    accounts.account_id,
    moments.moment,
    families.family_id,
    {{ fold_of('families.family_id') }} as fold,
    moments.feature_date,
    moments.history_months,
    moments.window_months,
    moments.lookback_months,
    -- A category spelt in another case is the same category.
    lower(profiles.industry) as industry,
    profiles.segment,
    locations.country,
    locations.market_state,
    profiles.employee_count::double as employee_count,
    profiles.annual_revenue_usd::double as annual_revenue_usd,
    markets.employment::double as market_employment,
    markets.establishments::double as market_establishments,
    markets.pay_usd as market_pay_usd,
    regions.avg_weekly_wage_usd as region_weekly_wage_usd,
    regions.population_change_pct as region_population_change_pct,
    {{ usd('coalesce(deals.past_sales_usd, 0)') }} as past_sales_usd,
    coalesce(deals.past_won_deals, 0) as past_won_deals,
    coalesce(deals.past_lost_deals, 0) as past_lost_deals,
    {{ usd('coalesce(deals.past_asked_usd, 0)') }} as past_asked_usd,
    coalesce(deals.past_products, 0) as past_products,
    greatest(catalogue.product_count - coalesce(deals.past_products, 0), 0) as unbought_products,
    coalesce(deals.open_deals, 0) as open_deals,
    coalesce(calls.logged_hours, 0)::double as logged_hours,
    case
        when moments.moment = 'training' then {{ usd('coalesce(deals.outcome_usd, 0)') }}
    end as outcome_usd
from accounts
cross join moments
cross join catalogue
inner join profiles
    on accounts.account_id = profiles.account_id
inner join locations
    on accounts.account_id = locations.account_id
inner join families
    on accounts.account_id = families.account_id
left join deals
    on accounts.account_id = deals.account_id and moments.moment = deals.moment
left join calls
    on accounts.account_id = calls.account_id and moments.moment = calls.moment
left join markets
    on
        locations.country = markets.country
        and profiles.naics_sector = markets.naics_sector
        and locations.market_state is not distinct from markets.state
left join regions
    on locations.market_state = regions.state
