with accounts as (
    select * from {{ ref('stg_crm__account') }}
),

reps as (
    select * from {{ ref('stg_crm__rep') }}
),

won as (
    select * from {{ ref('int_crm__opportunity') }}
    where is_won_ever
),

sellers as (
    select
        won.account_id,
        won.rep_id,
        sum(case when won.is_won_trailing then won.amount_usd else 0 end) as trailing_usd,
        sum(won.amount_usd) as total_usd
    from won
    inner join reps
        on won.rep_id = reps.rep_id
    group by won.account_id, won.rep_id
),

best_sellers as (
    select
        account_id,
        rep_id
    from sellers
    qualify
        row_number() over (
            partition by account_id
            order by trailing_usd desc nulls last, total_usd desc nulls last, rep_id
        ) = 1
),

derivation as (
    select
        '{{ var("derive_owner") }}' = 'when_none' and count(owner_rep_id) = 0 as is_needed
    from accounts
),

derived as (
    select
        best_sellers.account_id,
        best_sellers.rep_id
    from best_sellers
    cross join derivation
    where derivation.is_needed
)

select
    accounts.account_id,
    coalesce(accounts.owner_rep_id, derived.rep_id) as owner_rep_id,
    case
        when accounts.owner_rep_id is not null then 'crm'
        when derived.rep_id is not null then 'derived'
        else 'none'
    end as owner_source
from accounts
left join derived
    on accounts.account_id = derived.account_id
