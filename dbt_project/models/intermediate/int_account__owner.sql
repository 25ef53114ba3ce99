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

ranked as (
    select
        account_id,
        rep_id,
        row_number() over (
            partition by account_id
            order by trailing_usd desc nulls last, total_usd desc nulls last, rep_id
        ) as place
    from sellers
),

derivation as (
    select count(owner_rep_id) = 0 as is_needed
    from accounts
    where '{{ var("derive_owner") }}' = 'when_none'
    having count(*) > 0
)

select
    accounts.account_id,
    coalesce(accounts.owner_rep_id, ranked.rep_id) as owner_rep_id,
    case
        when accounts.owner_rep_id is not null then 'crm'
        when ranked.rep_id is not null then 'derived'
        else 'none'
    end as owner_source
from accounts
left join derivation
    on derivation.is_needed
left join ranked
    on
        accounts.account_id = ranked.account_id
        and ranked.place = 1
        and derivation.is_needed
