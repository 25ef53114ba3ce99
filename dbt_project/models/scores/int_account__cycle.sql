{%- set prior_deals = var('cycle_index_shrinkage_deals') -%}
with profiles as (
    select * from {{ ref('int_account__profile') }}
),

segments as (
    select * from {{ ref('int_segment__cycle') }}
),

own as (
    select
        account_id,
        count(cycle_days) as won_deals,
        median(cycle_days) as median_cycle_days
    from {{ ref('int_crm__opportunity') }}
    where is_won_ever and cycle_days is not null
    group by account_id
),

shrunk as (
    select
        profiles.account_id,
        coalesce(own.won_deals, 0) as won_deals,
        own.median_cycle_days,
        segments.median_cycle_days as segment_median_cycle_days,
        case
            when own.won_deals > 0
                then
                    (
                        own.won_deals * own.median_cycle_days
                        + {{ prior_deals }} * segments.median_cycle_days
                    )
                    / (own.won_deals + {{ prior_deals }})
            else segments.median_cycle_days
        end as shrunk_cycle_days
    from profiles
    inner join segments
        on profiles.segment = segments.segment
    left join own
        on profiles.account_id = own.account_id
),

bounded as (
    select
        *,
        -- Without any won deal in the book, or with same-day deals only, nobody deviates.
        coalesce(
            {{ clip(
                'shrunk_cycle_days / nullif(segment_median_cycle_days, 0)',
                var('cycle_index_minimum'),
                var('cycle_index_maximum')
            ) }},
            1
        ) as bounded_index
    from shrunk
)

select
    account_id,
    won_deals,
    median_cycle_days,
    segment_median_cycle_days,
    round(shrunk_cycle_days, 6) as shrunk_cycle_days,
    round(bounded_index / {{ exact_mean('bounded_index') }} over (), 9) as cycle_index
from bounded
