with accounts as (
    select * from {{ ref('stg_crm__account') }}
),

opportunities as (
    select * from {{ ref('stg_crm__opportunity') }}
),

reps as (
    select * from {{ ref('stg_crm__rep') }}
),

capacity as (
    select * from {{ ref('int_rep__capacity') }}
),

products as (
    select * from {{ ref('stg_crm__product') }}
),

-- Each won opportunity that adds nothing to the year's sales, with the first reason why, so that
-- source total = published sales + these.
deals as (
    select
        deals.opportunity_id,
        deals.status,
        case
            when deals.account_id is null then 'opportunity_without_account'
            when accounts.account_id is null then 'opportunity_of_unknown_account'
            when deals.status = 'open' then null
            when deals.closed_date > {{ as_of() }} then 'closed_after_planning_date'
            when deals.status <> 'won' then null
            when deals.closed_date is null then 'won_without_close_date'
            when deals.amount_usd is null then 'won_without_amount'
            when not deals.is_won_trailing then 'won_before_the_year'
        end as rule,
        case when deals.status = 'won' then deals.amount_usd end as won_usd
    from {{ ref('int_crm__opportunity') }} as deals
    left join accounts
        on deals.account_id = accounts.account_id
),

-- One row per record a rule is about. `subject` splits the findings of a rule.
records as (
    select rule, status as subject, opportunity_id as record_id, won_usd
    from deals
    where rule is not null

    union all

    select
        'opportunity_of_unknown_rep' as rule,
        null as subject,
        opportunities.opportunity_id as record_id,
        null as won_usd
    from opportunities
    left join reps
        on opportunities.rep_id = reps.rep_id
    where opportunities.rep_id is not null and reps.rep_id is null

    union all

    select
        'opportunity_of_unknown_product' as rule,
        null as subject,
        opportunities.opportunity_id as record_id,
        null as won_usd
    from opportunities
    left join products
        on opportunities.product_id = products.product_id
    where opportunities.product_id is not null and products.product_id is null

    union all

    select
        'closed_before_opened' as rule,
        null as subject,
        opportunity_id as record_id,
        null as won_usd
    from opportunities
    where closed_date < opened_date

    union all

    select
        'activity_after_planning_date' as rule,
        null as subject,
        activity_id as record_id,
        null as won_usd
    from {{ ref('stg_crm__activity') }}
    where activity_date > {{ as_of() }}

    union all

    select
        'family_cycle' as rule,
        account_id as subject,
        account_id as record_id,
        null as won_usd
    from {{ ref('int_account__family') }}
    where is_in_cycle

    union all

    select
        case when reps.rep_id is null then 'unknown_owner' else 'inactive_owner' end as rule,
        null as subject,
        accounts.account_id as record_id,
        null as won_usd
    from accounts
    left join reps
        on accounts.owner_rep_id = reps.rep_id
    left join capacity
        on accounts.owner_rep_id = capacity.rep_id
    where accounts.owner_rep_id is not null and not coalesce(capacity.is_in_plan, false)

    union all

    select
        case owner_source when 'none' then 'account_without_owner' else 'derived_owner' end as rule,
        null as subject,
        account_id as record_id,
        null as won_usd
    from {{ ref('int_account__owner') }}
    where owner_source <> 'crm'

    union all

    select 'unlocated_account' as rule, null as subject, account_id as record_id, null as won_usd
    from {{ ref('int_account__location') }}
    where location_precision = 'none'

    union all

    select
        'unlocated_rep' as rule,
        null as subject,
        locations.rep_id as record_id,
        null as won_usd
    from {{ ref('int_rep__location') }} as locations
    inner join capacity
        on locations.rep_id = capacity.rep_id
    where capacity.is_in_plan and locations.location_precision = 'none'

    union all

    select 'rep_without_capacity' as rule, null as subject, rep_id as record_id, null as won_usd
    from capacity
    where (is_active or is_vacant) and not is_in_plan and not is_overlay

    union all

    select
        case
            when is_over_market then 'sales_above_market' else 'unclassified_potential'
        end as rule,
        null as subject,
        account_id as record_id,
        null as won_usd
    from {{ ref('int_account__potential') }}
    where is_over_market or potential_basis = 'own sales'
),

rules as (
    select rule, severity, table_name, column_name, explanation
    from (
        values
        (
            'family_cycle', 'warning', 'raw_crm__account', 'parent_account_id',
            'the chain of parents runs into a cycle; the account heads its own family'
        ),
        (
            'unknown_owner', 'warning', 'raw_crm__account', 'owner_rep_id',
            'accounts are owned by someone who is not in the rep table; they count as without rep'
        ),
        (
            'inactive_owner', 'warning', 'raw_crm__account', 'owner_rep_id',
            'accounts are owned by a rep who is inactive or has no capacity; their move is forced'
        ),
        (
            'account_without_owner', 'info', 'raw_crm__account', 'owner_rep_id',
            'accounts have no owner; their assignment is new'
        ),
        (
            'derived_owner', 'info', 'raw_crm__account', 'owner_rep_id',
            'accounts got the rep with the most won value as owner; the source names none'
        ),
        (
            'unlocated_account', 'info', 'raw_crm__account', 'latitude',
            'accounts have no coordinates and no known postal code, city or state; travel is 0'
        ),
        (
            'unlocated_rep', 'warning', 'raw_crm__rep', 'latitude',
            'reps have no coordinates and no known postal code, city or state; '
            || 'their travel is the mean of the others'
        ),
        (
            'rep_without_capacity', 'warning', 'raw_crm__rep', 'capacity_hours',
            'active reps have no selling hours or an FTE share of 0; they get no territory'
        ),
        (
            'sales_above_market', 'warning', 'int_account__potential', 'market_usd',
            'accounts lie in a region and industry that already sells more than its whole market; '
            || 'their potential is their sales'
        ),
        (
            'unclassified_potential', 'info', 'int_account__potential', 'potential_basis',
            'accounts have no comparable customers; their potential is their sales'
        ),
        (
            'opportunity_without_account', 'warning', 'raw_crm__opportunity', 'account_id',
            'opportunities name no account and count in no territory'
        ),
        (
            'opportunity_of_unknown_account', 'warning', 'raw_crm__opportunity', 'account_id',
            'opportunities name an account that is not in the account table; they count nowhere'
        ),
        (
            'opportunity_of_unknown_rep', 'warning', 'raw_crm__opportunity', 'rep_id',
            'opportunities name a rep who is not in the rep table'
        ),
        (
            'opportunity_of_unknown_product', 'warning', 'raw_crm__opportunity', 'product_id',
            'opportunities name a product that is not in the product table'
        ),
        (
            'won_without_amount', 'warning', 'raw_crm__opportunity', 'amount_usd',
            'opportunities have neither amount nor lines; they add nothing to sales'
        ),
        (
            'won_without_close_date', 'warning', 'raw_crm__opportunity', 'closed_date',
            'opportunities have no close date; they add nothing to sales'
        ),
        (
            'closed_after_planning_date', 'info', 'raw_crm__opportunity', 'closed_date',
            'opportunities closed after the planning date; they are left out'
        ),
        (
            'closed_before_opened', 'warning', 'raw_crm__opportunity', 'closed_date',
            'opportunities closed before they were opened; their cycle is unknown'
        ),
        (
            'activity_after_planning_date', 'info', 'raw_crm__activity', 'activity_date',
            'activities lie after the planning date; they are left out'
        ),
        (
            'won_before_the_year', 'info', 'raw_crm__opportunity', 'closed_date',
            'opportunities closed before the 12 months that count as sales'
        )
    ) as known (rule, severity, table_name, column_name, explanation)
)

select
    rules.severity,
    records.rule,
    rules.table_name,
    rules.column_name,
    min(records.record_id) as record_id,
    count(*)::bigint as affected_rows,
    coalesce(nullif(records.subject, min(records.record_id)) || ' ', '')
    || rules.explanation || ' (' || count(*) || ', first: ' || left(min(records.record_id), 200)
    || coalesce(', won amount USD ' || nullif(sum(records.won_usd), 0), '') || ')' as message
from records
inner join rules
    on records.rule = rules.rule
group by
    rules.severity,
    records.rule,
    rules.table_name,
    rules.column_name,
    rules.explanation,
    records.subject
