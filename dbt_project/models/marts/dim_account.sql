with accounts as (
    select * from {{ ref('stg_crm__account') }}
),

planned as (
    select * from {{ ref('int_plan__account') }}
),

locations as (
    select * from {{ ref('int_account__location') }}
),

owners as (
    select * from {{ ref('int_account__owner') }}
),

complexity as (
    select * from {{ ref('int_account__complexity') }}
),

value_index as (
    select * from {{ ref('int_account__value_index') }}
),

cycle as (
    select * from {{ ref('int_account__cycle') }}
),

potentials as (
    select * from {{ ref('int_account__potential') }}
),

history as (
    select * from {{ ref('int_account__history') }}
),

fitted as (
    select * from {{ source('score', 'int_account__fitted') }}
)

select
    accounts.account_id,
    accounts.account_name,
    accounts.parent_account_id,
    planned.industry,
    planned.segment,
    locations.market_area_id,
    locations.country,
    locations.state,
    locations.postal_code,
    locations.latitude,
    locations.longitude,
    locations.location_precision,
    owners.owner_rep_id,
    coalesce(accounts.is_customer, history.actual_sales_usd > 0) as is_customer,
    complexity.complexity_score,
    value_index.value_index,
    cycle.cycle_index,
    planned.service_hours,
    potentials.potential_usd,
    potentials.actual_sales_usd,
    {{ usd('potentials.potential_usd - potentials.actual_sales_usd') }} as whitespace_usd,
    planned.family_id,
    owners.owner_source,
    locations.city,
    complexity.missing_factors as missing_complexity_factors,
    potentials.potential_basis,
    potentials.is_over_market,
    planned.visits_per_year,
    {{ usd('coalesce(fitted.predicted_sales_usd, 0)') }} as predicted_sales_usd,
    round(coalesce(fitted.buying_probability_pct, 0), 4)::double as buying_probability_pct,
    {{ usd('coalesce(fitted.predicted_sales_high_usd, 0)') }} as predicted_sales_high_usd,
    coalesce(fitted.customer_cluster, 'all accounts')::varchar as customer_cluster
from accounts
inner join planned
    on accounts.account_id = planned.account_id
inner join locations
    on accounts.account_id = locations.account_id
inner join owners
    on accounts.account_id = owners.account_id
inner join complexity
    on accounts.account_id = complexity.account_id
inner join value_index
    on accounts.account_id = value_index.account_id
inner join cycle
    on accounts.account_id = cycle.account_id
inner join potentials
    on accounts.account_id = potentials.account_id
inner join history
    on accounts.account_id = history.account_id
left join fitted
    on accounts.account_id = fitted.account_id
