with accounts as (
    select * from {{ ref('dim_account') }}
),

profiles as (
    select * from {{ ref('int_account__profile') }}
),

locations as (
    select * from {{ ref('int_account__location') }}
),

owners as (
    select distinct rep_id from {{ ref('dim_rep') }}
    where not is_vacant
),

caps as (
    select * from {{ ref('int_market__cap') }}
),

employment as (
    select * from {{ ref('int_market__employment') }}
),

regions as (
    select * from {{ ref('int_market__region') }}
),

-- Sales of the year before the trailing one, where the history reaches so far back.
spans as (
    select
        coalesce(
            min(closed_date) <= ({{ as_of() }} - interval 24 month)::date + 31, false
        ) as has_two_years
    from {{ ref('int_crm__opportunity') }}
    where closed_date <= {{ as_of() }}
),

earlier as (
    select
        account_id,
        sum(amount_usd) as sales_usd
    from {{ ref('int_crm__opportunity') }}
    where
        status = 'won'
        and closed_date > {{ as_of() }} - interval 24 month
        and closed_date <= {{ as_of() }} - interval 12 month
    group by account_id
),

placed as (
    select
        locations.country,
        locations.market_state as state,
        profiles.naics_sector,
        accounts.account_id,
        accounts.is_customer,
        accounts.actual_sales_usd,
        accounts.potential_usd,
        owners.rep_id as active_owner_id,
        coalesce(earlier.sales_usd, 0) as earlier_sales_usd
    from accounts
    inner join profiles
        on accounts.account_id = profiles.account_id
    inner join locations
        on accounts.account_id = locations.account_id
    left join owners
        on accounts.owner_rep_id = owners.rep_id
    left join earlier
        on accounts.account_id = earlier.account_id
),

books as (
    select
        country,
        state,
        naics_sector,
        count(*) as account_count,
        count(*) filter (where is_customer) as customer_count,
        count(active_owner_id) as covered_accounts,
        sum(actual_sales_usd) as actual_sales_usd,
        sum(earlier_sales_usd) as earlier_sales_usd,
        sum(potential_usd) as potential_usd
    from placed
    group by country, state, naics_sector
),

-- Every market of known size, and every market with an account. That of the whole country only
-- stands for accounts whose state is unknown.
markets as (
    select country, state, naics_sector
    from caps
    where state is not null

    union

    select country, state, naics_sector
    from books
),

joined as (
    select
        markets.country,
        markets.state,
        markets.naics_sector,
        employment.establishments,
        employment.employment,
        employment.pay_usd,
        regions.population_change_pct,
        caps.market_usd,
        coalesce(books.account_count, 0) as account_count,
        coalesce(books.customer_count, 0) as customer_count,
        coalesce(books.covered_accounts, 0) as covered_accounts,
        coalesce(books.actual_sales_usd, 0) as actual_sales_usd,
        coalesce(books.potential_usd, 0) as potential_usd,
        case when spans.has_two_years then coalesce(books.earlier_sales_usd, 0) end
            as earlier_sales_usd
    from markets
    cross join spans
    left join books
        on
            markets.country is not distinct from books.country
            and markets.state is not distinct from books.state
            and markets.naics_sector is not distinct from books.naics_sector
    left join caps
        on
            markets.country = caps.country
            and markets.state is not distinct from caps.state
            and markets.naics_sector = caps.naics_sector
    left join employment
        on
            markets.country = employment.country
            and markets.state is not distinct from employment.state
            and markets.naics_sector = employment.naics_sector
    left join regions
        on markets.state = regions.state
),

valued as (
    select
        *,
        -- Of an unknown market only the potential of known accounts can be tapped.
        greatest(coalesce(market_usd, potential_usd) - actual_sales_usd, 0) as untapped_usd
    from joined
)

select
    concat_ws(
        ' / ',
        coalesce(country, 'unknown country'),
        coalesce(state, 'unknown state'),
        coalesce(naics_sector, 'unknown sector')
    ) as market_id,
    country,
    state,
    naics_sector,
    establishments::bigint as establishments,
    employment::bigint as employment,
    pay_usd::double as pay_usd,
    population_change_pct::double as population_change_pct,
    {{ usd('least(market_usd, 9999999999999999)') }} as market_usd,
    account_count::bigint as account_count,
    customer_count::bigint as customer_count,
    covered_accounts::bigint as covered_accounts,
    {{ usd('actual_sales_usd') }} as actual_sales_usd,
    {{ percent('actual_sales_usd - earlier_sales_usd', 'earlier_sales_usd') }}
        as sales_growth_pct,
    {{ usd('potential_usd') }} as potential_usd,
    {{ percent('actual_sales_usd', 'market_usd') }} as market_share_pct,
    {{ usd('least(untapped_usd, 9999999999999999)') }} as untapped_usd,
    rank() over (order by untapped_usd desc)::bigint as untapped_rank,
    untapped_usd > 0 and covered_accounts = 0 as is_uncovered
from valued
