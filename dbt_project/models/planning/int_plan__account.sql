with accounts as (
    select * from {{ ref('stg_crm__account') }}
),

families as (
    select * from {{ ref('int_account__family') }}
),

profiles as (
    select * from {{ ref('int_account__profile') }}
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

potentials as (
    select * from {{ ref('int_account__potential') }}
),

workload as (
    select * from {{ ref('int_account__workload') }}
),

history as (
    select * from {{ ref('int_account__history') }}
),

active_reps as (
    select * from {{ ref('int_plan__rep') }}
    where not is_vacant
)

select
    accounts.account_id,
    accounts.account_name,
    families.family_id,
    profiles.segment,
    profiles.industry,
    locations.country,
    locations.state,
    owners.owner_rep_id,
    active_reps.rep_id as incumbent_rep_id,
    locations.latitude,
    locations.longitude,
    workload.service_hours,
    workload.visits_per_year,
    potentials.potential_usd::double as potential_usd,
    potentials.actual_sales_usd::double as actual_sales_usd,
    complexity.complexity_score,
    case
        -- greatest() passes over NULL, so an unknown date needs its own condition.
        when active_reps.rep_id is not null and accounts.owner_since_date is not null
            then round(greatest({{ months_since('accounts.owner_since_date') }}, 0), 4)
    end::double as tenure_months,
    history.open_deal_probability_pct,
    -- A date that has passed says nothing about the next renewal.
    case
        when accounts.renewal_date >= {{ as_of() }}
            then date_diff('day', {{ as_of() }}, accounts.renewal_date)
    end as days_to_renewal,
    case
        when active_reps.rep_id is not null and accounts.owner_since_date is not null
            then greatest(date_diff('day', accounts.owner_since_date, {{ as_of() }}), 0)
    end as days_since_owner_change,
    coalesce(accounts.is_strategic, false) as is_strategic,
    locations.postal_code,
    locations.market_area_id
from accounts
inner join families
    on accounts.account_id = families.account_id
inner join profiles
    on accounts.account_id = profiles.account_id
inner join locations
    on accounts.account_id = locations.account_id
inner join owners
    on accounts.account_id = owners.account_id
inner join complexity
    on accounts.account_id = complexity.account_id
inner join potentials
    on accounts.account_id = potentials.account_id
inner join workload
    on accounts.account_id = workload.account_id
inner join history
    on accounts.account_id = history.account_id
left join active_reps
    on owners.owner_rep_id = active_reps.rep_id
