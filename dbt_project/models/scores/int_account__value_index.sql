with potentials as (
    select
        account_id,
        potential_usd::double as value_usd
    from {{ ref('int_account__potential') }}
),

typical as (
    select {{ geometric_mean('value_usd') }} as value_usd
    from potentials
),

bounded as (
    select
        potentials.account_id,
        potentials.value_usd,
        case
            -- Nothing in the book has a value yet: all are alike.
            when typical.value_usd is null then 1
            else {{ clip(
                'pow(potentials.value_usd / typical.value_usd, '
                ~ var('value_index_exponent') ~ ')',
                var('value_index_minimum'),
                var('value_index_maximum')
            ) }}
        end as bounded_index
    from potentials
    cross join typical
)

select
    account_id,
    value_usd,
    round(bounded_index / {{ exact_mean('bounded_index') }} over (), 9) as value_index
from bounded
