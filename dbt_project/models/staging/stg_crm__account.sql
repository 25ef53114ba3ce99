with accounts as (
    select * from {{ source('raw', 'raw_crm__account') }}
),

places as (
    {{ places_of('accounts', 'account_id') }}
),

industries as (
    {{ common_spellings('accounts', 'industry') }}
),

segments as (
    {{ common_spellings('accounts', 'segment') }}
)

select
    accounts.account_id,
    accounts.account_name,
    -- An account that names itself as parent heads its own family.
    nullif({{ text('accounts.parent_account_id') }}, accounts.account_id) as parent_account_id,
    {{ text('accounts.owner_rep_id') }} as owner_rep_id,
    -- Case and spacing make no other category.
    industries.spelling as industry,
    segments.spelling as segment,
    {{ text('accounts.street') }} as street,
    places.city,
    places.state,
    places.postal_code,
    places.country,
    places.latitude,
    places.longitude,
    cast(accounts.annual_revenue_usd as double) as annual_revenue_usd,
    cast(accounts.employee_count as bigint) as employee_count,
    cast(accounts.is_customer as boolean) as is_customer,
    cast(accounts.created_date as date) as created_date,
    cast(accounts.owner_since_date as date) as owner_since_date,
    cast(accounts.renewal_date as date) as renewal_date,
    cast(accounts.is_strategic as boolean) as is_strategic
from accounts
inner join places
    on accounts.account_id = places.account_id
left join industries
    on {{ folded('accounts.industry') }} = industries.folded
left join segments
    on {{ folded('accounts.segment') }} = segments.folded
