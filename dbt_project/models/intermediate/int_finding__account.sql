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

-- One row per record a rule is about. `subject` splits the findings of a rule.
records as (
    select 'family_cycle' as rule, account_id as subject, account_id as record_id
    from {{ ref('int_account__family') }}
    where is_in_cycle

    union all

    select 'unknown_parent' as rule, null as subject, accounts.account_id as record_id
    from accounts
    left join accounts as parents
        on accounts.parent_account_id = parents.account_id
    where accounts.parent_account_id is not null and parents.account_id is null

    union all

    select
        case when reps.rep_id is null then 'unknown_owner' else 'inactive_owner' end as rule,
        null as subject,
        accounts.account_id as record_id
    from accounts
    left join reps
        on accounts.owner_rep_id = reps.rep_id
    left join capacity
        on accounts.owner_rep_id = capacity.rep_id
    where accounts.owner_rep_id is not null and not coalesce(capacity.is_in_plan, false)

    union all

    select 'account_without_owner' as rule, null as subject, account_id as record_id
    from {{ ref('int_account__owner') }}
    where owner_source = 'none'

    union all

    select 'derived_owner' as rule, null as subject, account_id as record_id
    from {{ ref('int_account__owner') }}
    where owner_source = 'derived'

    union all

    select 'unlocated_account' as rule, null as subject, account_id as record_id
    from {{ ref('int_account__location') }}
    where location_precision = 'none'

    union all

    select 'unlocated_rep' as rule, null as subject, locations.rep_id as record_id
    from {{ ref('int_rep__location') }} as locations
    inner join capacity
        on locations.rep_id = capacity.rep_id
    where capacity.is_in_plan and locations.location_precision = 'none'

    union all

    select 'rep_without_capacity' as rule, null as subject, rep_id as record_id
    from capacity
    where (is_active or is_vacant) and not is_in_plan

    union all

    select 'sales_above_market' as rule, null as subject, account_id as record_id
    from {{ ref('int_account__potential') }}
    where is_over_market

    union all

    select 'unclassified_potential' as rule, null as subject, account_id as record_id
    from {{ ref('int_account__potential') }}
    where potential_basis = 'own sales'

    union all

    select 'opportunity_without_account' as rule, status as subject, opportunity_id as record_id
    from opportunities
    where account_id is null

    union all

    select
        'opportunity_of_unknown_account' as rule,
        null as subject,
        opportunities.opportunity_id as record_id
    from opportunities
    left join accounts
        on opportunities.account_id = accounts.account_id
    where opportunities.account_id is not null and accounts.account_id is null

    union all

    select
        'opportunity_of_unknown_rep' as rule,
        null as subject,
        opportunities.opportunity_id as record_id
    from opportunities
    left join reps
        on opportunities.rep_id = reps.rep_id
    where opportunities.rep_id is not null and reps.rep_id is null

    union all

    select
        'opportunity_of_unknown_product' as rule,
        null as subject,
        opportunities.opportunity_id as record_id
    from opportunities
    left join {{ ref('stg_crm__product') }} as products
        on opportunities.product_id = products.product_id
    where opportunities.product_id is not null and products.product_id is null

    union all

    select 'won_without_amount' as rule, null as subject, opportunity_id as record_id
    from {{ ref('int_crm__opportunity') }}
    where status = 'won' and amount_usd is null

    union all

    select 'won_without_close_date' as rule, null as subject, opportunity_id as record_id
    from opportunities
    where status = 'won' and closed_date is null

    union all

    select 'closed_after_planning_date' as rule, null as subject, opportunity_id as record_id
    from opportunities
    where status in ('won', 'lost') and closed_date > {{ as_of() }}

    union all

    select 'closed_before_opened' as rule, null as subject, opportunity_id as record_id
    from opportunities
    where closed_date < opened_date

    union all

    select
        'activity_of_unknown_account' as rule,
        null as subject,
        activities.activity_id as record_id
    from {{ ref('stg_crm__activity') }} as activities
    left join accounts
        on activities.account_id = accounts.account_id
    where accounts.account_id is null

    union all

    select
        'activity_of_unknown_rep' as rule,
        null as subject,
        activities.activity_id as record_id
    from {{ ref('stg_crm__activity') }} as activities
    left join reps
        on activities.rep_id = reps.rep_id
    where activities.rep_id is not null and reps.rep_id is null

    union all

    select 'activity_after_planning_date' as rule, null as subject, activity_id as record_id
    from {{ ref('stg_crm__activity') }}
    where activity_date > {{ as_of() }}

    union all

    select
        'override_of_unknown_account' as rule,
        null as subject,
        overrides.account_id as record_id
    from {{ ref('stg_plan__override') }} as overrides
    left join accounts
        on overrides.account_id = accounts.account_id
    where accounts.account_id is null
),

rules as (
    select rule, severity, table_name, column_name, explanation
    from (
        values
        (
            'family_cycle', 'warning', 'raw_crm__account', 'parent_account_id',
            'account whose chain of parents runs into a cycle; it heads its own family'
        ),
        (
            'unknown_parent', 'warning', 'raw_crm__account', 'parent_account_id',
            'accounts name a parent that is not in the account table; they head their own family'
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
            'won opportunities have neither amount nor lines; they add nothing to sales'
        ),
        (
            'won_without_close_date', 'warning', 'raw_crm__opportunity', 'closed_date',
            'won opportunities have no close date; they add nothing to sales'
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
            'activity_of_unknown_account', 'warning', 'raw_crm__activity', 'account_id',
            'activities name an account that is not in the account table; their hours are left out'
        ),
        (
            'activity_of_unknown_rep', 'warning', 'raw_crm__activity', 'rep_id',
            'activities name a rep who is not in the rep table; their hours count as a junior''s'
        ),
        (
            'activity_after_planning_date', 'info', 'raw_crm__activity', 'activity_date',
            'activities lie after the planning date; they are left out'
        ),
        (
            'override_of_unknown_account', 'warning', 'raw_plan__override', 'account_id',
            'overrides name an account that is not in the account table'
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
    count(*) || ' ' || rules.explanation
    || coalesce(' [' || nullif(records.subject, min(records.record_id)) || ']', '')
    || '; first: ' || left(min(records.record_id), 200) as message
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
