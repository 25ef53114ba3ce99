with bindings as (
    select * from {{ source('plan', 'plan_shadow_price') }}
),

territories as (
    select * from {{ ref('dim_territory') }}
)

select
    cast(bindings.plan_id as varchar) as plan_id,
    cast(bindings.scenario as varchar) as scenario,
    cast(bindings.constraint_kind as varchar) as constraint_kind,
    cast(bindings.constraint_name as varchar) as constraint_name,
    cast(bindings.rep_id as varchar) as rep_id,
    cast(bindings.metric as varchar) as metric,
    cast(bindings.unit as varchar) as unit,
    round(cast(bindings.limit_amount as double), 4) as limit_amount,
    round(cast(bindings.used_amount as double), 4) as used_amount,
    -- Adding zero turns the -0.0 of a rounded tiny miss into 0.
    round(cast(bindings.slack_amount as double), 4) + 0.0 as slack_amount,
    -- A price of one more hour, dollar or account: a cent is too coarse for a dollar's.
    round(cast(bindings.shadow_price_usd as double), 6) as shadow_price_usd,
    cast(bindings.statement as varchar) as statement,
    territories.territory_id
from bindings
left join territories
    on bindings.rep_id = territories.rep_id and bindings.scenario = territories.scenario
