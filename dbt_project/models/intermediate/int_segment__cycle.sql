with profiles as (
    select * from {{ ref('int_account__profile') }}
),

won as (
    select * from {{ ref('int_crm__opportunity') }}
    where is_won_ever and cycle_days is not null
),

deals as (
    select
        profiles.segment,
        won.cycle_days
    from won
    inner join profiles
        on won.account_id = profiles.account_id
),

book as (
    select median(cycle_days) as median_cycle_days
    from deals
),

segments as (
    select
        profiles.segment,
        count(deals.cycle_days) as won_deals,
        median(deals.cycle_days) as median_cycle_days
    from (select distinct segment from profiles) as profiles
    left join deals
        on profiles.segment = deals.segment
    group by profiles.segment
)

select
    segments.segment,
    segments.won_deals,
    case
        when segments.won_deals >= {{ var('cycle_index_minimum_segment_deals') }}
            then segments.median_cycle_days
    end as own_median_cycle_days,
    case
        when segments.won_deals >= {{ var('cycle_index_minimum_segment_deals') }}
            then segments.median_cycle_days
        else book.median_cycle_days
    end as median_cycle_days,
    book.median_cycle_days as book_median_cycle_days
from segments
cross join book
