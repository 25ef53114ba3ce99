with complexity as (
    select * from {{ ref('int_account__complexity') }}
),

value_index as (
    select * from {{ ref('int_account__value_index') }}
),

cycle as (
    select * from {{ ref('int_account__cycle') }}
),

workload as (
    select * from {{ ref('int_account__workload') }}
),

potentials as (
    select * from {{ ref('int_account__potential') }}
),

-- The score is the sum of what its factors make of it.
complexity_parts as (
    {% for factor in complexity_weights() -%}
    select
        account_id,
        'complexity' as score_name,
        {{ loop.index }} as part_number,
        '{{ factor }}' as part_name,
        {{ factor }}_factor as part_value,
        {{ factor }}_weight as part_weight,
        complexity_score * {{ factor }}_share as contribution,
        'ratio' as unit,
        {{ factor }}_factor is null as is_missing
    from complexity
    {{ "union all" if not loop.last }}
    {% endfor %}
),

indices as (
    select
        workload.account_id,
        workload.hours_per_index,
        workload.hours_per_index * complexity.complexity_score as with_complexity,
        workload.hours_per_index * complexity.complexity_score * value_index.value_index
            as with_value,
        workload.service_hours,
        complexity.complexity_score,
        value_index.value_index,
        cycle.cycle_index,
        cycle.won_deals,
        complexity.cycle_weight + complexity.size_weight + complexity.offering_weight = 0
            as is_complexity_missing,
        potentials.potential_basis = 'own sales' as is_value_missing
    from workload
    inner join complexity
        on workload.account_id = complexity.account_id
    inner join value_index
        on workload.account_id = value_index.account_id
    inner join cycle
        on workload.account_id = cycle.account_id
    inner join potentials
        on workload.account_id = potentials.account_id
),

-- Hours are a product: each index adds what it changes after those before it, in this order.
hour_parts as (
    {% for name, value, contribution, missing in [
        ('average account', 'hours_per_index', 'hours_per_index', 'false'),
        (
            'complexity', 'complexity_score', 'with_complexity - hours_per_index',
            'is_complexity_missing'
        ),
        ('value', 'value_index', 'with_value - with_complexity', 'is_value_missing'),
        ('cycle', 'cycle_index', 'service_hours - with_value', 'won_deals = 0'),
    ] -%}
    select
        account_id,
        'service_hours' as score_name,
        {{ loop.index }} as part_number,
        '{{ name }}' as part_name,
        {{ value }} as part_value,
        null::double as part_weight,
        {{ contribution }} as contribution,
        'hours' as unit,
        {{ missing }} as is_missing
    from indices
    {{ "union all" if not loop.last }}
    {% endfor %}
),

spends as (
    select
        account_id,
        greatest(actual_sales_usd, 0)::double as sales_usd,
        comparable_spend_usd::double as comparable_spend_usd,
        headroom_usd::double as headroom_usd,
        whitespace_share,
        market_usd is null as is_market_unknown,
        potential_usd::double as potential_usd
    from potentials
),

potential_parts as (
    {% for name, value, contribution, missing in [
        ('own sales', 'sales_usd', 'sales_usd', 'false'),
        (
            'comparable customers', 'comparable_spend_usd', 'headroom_usd',
            'comparable_spend_usd is null'
        ),
        (
            'market cap', 'whitespace_share', 'potential_usd - sales_usd - headroom_usd',
            'is_market_unknown'
        ),
    ] -%}
    select
        account_id,
        'potential' as score_name,
        {{ loop.index }} as part_number,
        '{{ name }}' as part_name,
        {{ value }} as part_value,
        null::double as part_weight,
        {{ contribution }} as contribution,
        'usd' as unit,
        {{ missing }} as is_missing
    from spends
    {{ "union all" if not loop.last }}
    {% endfor %}
),

united as (
    select * from complexity_parts
    union all
    select * from hour_parts
    union all
    select * from potential_parts
)

select
    account_id,
    score_name,
    part_number::integer as part_number,
    part_name,
    round(part_value::double, 6) as part_value,
    round(part_weight::double, 6) as part_weight,
    -- Adding zero turns -0.0 into 0.
    round(contribution::double, 6) + 0.0 as contribution,
    unit,
    coalesce(is_missing, false) as is_missing
from united
