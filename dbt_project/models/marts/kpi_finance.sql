with figures as (
    select * from {{ ref('kpi_territory') }}
),

values_of_territories as (
    select
        plan_id,
        territory_id,
        sum(expected_sales_usd) as expected_sales_usd,
        sum(travel_cost_usd) as travel_cost_usd,
        sum(expected_disruption_loss_usd) as expected_disruption_loss_usd,
        sum(value_usd) as expected_value_usd
    from {{ ref('fct_assignment') }}
    group by plan_id, territory_id
),

territories as (
    select * from {{ ref('dim_territory') }}
)

select
    proposed.plan_id,
    proposed.scenario,
    proposed.territory_id,
    proposed.rep_id,
    territories.territory_name,
    territories.region,
    today.actual_sales_usd as current_actual_sales_usd,
    proposed.actual_sales_usd as proposed_actual_sales_usd,
    today.cost_to_serve_usd as current_cost_to_serve_usd,
    proposed.cost_to_serve_usd as proposed_cost_to_serve_usd,
    today.cost_to_serve_pct as current_cost_to_serve_pct,
    proposed.cost_to_serve_pct as proposed_cost_to_serve_pct,
    {{ usd('values_of_territories.expected_sales_usd') }} as expected_sales_usd,
    {{ usd('coalesce(values_of_territories.travel_cost_usd, 0)') }} as travel_cost_usd,
    {{ usd('coalesce(values_of_territories.expected_disruption_loss_usd, 0)') }}
        as expected_disruption_loss_usd,
    {{ usd('values_of_territories.expected_value_usd') }} as expected_value_usd
from figures as proposed
inner join figures as today
    on
        proposed.plan_id = today.plan_id
        and proposed.territory_id = today.territory_id
        and today.plan_version = 'current'
left join values_of_territories
    on
        proposed.plan_id = values_of_territories.plan_id
        and proposed.territory_id = values_of_territories.territory_id
left join territories
    on proposed.territory_id = territories.territory_id and proposed.scenario = territories.scenario
where proposed.plan_version = 'proposed'
