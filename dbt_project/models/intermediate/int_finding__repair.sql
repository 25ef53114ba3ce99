-- What staging made of the source's own text, by comparing the two: a repair added there shows here
-- by itself.
with raw_accounts as (
    select * from {{ source('raw', 'raw_crm__account') }}
),

raw_reps as (
    select * from {{ source('raw', 'raw_crm__rep') }}
),

raw_opportunities as (
    select * from {{ source('raw', 'raw_crm__opportunity') }}
),

accounts as (
    select * from {{ ref('stg_crm__account') }}
),

reps as (
    select * from {{ ref('stg_crm__rep') }}
),

opportunities as (
    select * from {{ ref('stg_crm__opportunity') }}
),

account_locations as (
    select * from {{ ref('int_account__location') }}
),

rep_locations as (
    select * from {{ ref('int_rep__location') }}
),

changes as (
    {% for column, rule in [
        ('industry', 'category_unified'), ('segment', 'category_unified'),
        ('country', 'country_normalised'), ('state', 'state_normalised'),
        ('postal_code', 'postal_code_normalised')
    ] -%}
    select
        'raw_crm__account' as table_name,
        '{{ column }}' as column_name,
        '{{ rule }}' as rule,
        raw_accounts.account_id as record_id,
        raw_accounts.row_number,
        raw_accounts.{{ column }} as value,
        accounts.{{ column }} as repaired_value
    from raw_accounts
    inner join accounts
        on raw_accounts.account_id = accounts.account_id

    union all

    {% endfor -%}
    {% for column, rule in [
        ('country', 'country_normalised'), ('state', 'state_normalised'),
        ('postal_code', 'postal_code_normalised')
    ] -%}
    select
        'raw_crm__rep' as table_name,
        '{{ column }}' as column_name,
        '{{ rule }}' as rule,
        raw_reps.rep_id as record_id,
        raw_reps.row_number,
        raw_reps.{{ column }} as value,
        reps.{{ column }} as repaired_value
    from raw_reps
    inner join reps
        on raw_reps.rep_id = reps.rep_id

    union all

    {% endfor -%}
    select
        'raw_crm__opportunity' as table_name,
        'product_id' as column_name,
        'product_unified' as rule,
        raw_opportunities.opportunity_id as record_id,
        raw_opportunities.row_number,
        raw_opportunities.product_id as value,
        opportunities.product_id as repaired_value
    from raw_opportunities
    inner join opportunities
        on raw_opportunities.opportunity_id = opportunities.opportunity_id

    union all

    {% for kind, key in [('account', 'account_id'), ('rep', 'rep_id')] -%}
    select
        'raw_crm__{{ kind }}' as table_name,
        'latitude' as column_name,
        'located_by_' || located.location_precision as rule,
        located.{{ key }} as record_id,
        raw_{{ kind }}s.row_number,
        concat_ws(', ', raw_{{ kind }}s.latitude, raw_{{ kind }}s.longitude) as value,
        located.latitude || ', ' || located.longitude as repaired_value
    from {{ kind }}_locations as located
    inner join raw_{{ kind }}s
        on located.{{ key }} = raw_{{ kind }}s.{{ key }}
    where located.location_precision in ('postal_code', 'city', 'state')
    {%- if not loop.last %}

    union all

    {% endif -%}
    {% endfor %}
)

select
    table_name,
    column_name,
    rule,
    record_id,
    row_number,
    nullif(value, '') as value,
    repaired_value
from changes
where
    repaired_value is distinct from nullif(trim(value), '')
    and (value is not null or repaired_value is not null)
