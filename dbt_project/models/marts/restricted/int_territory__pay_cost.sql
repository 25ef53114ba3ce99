with loads as (
    select * from {{ ref('int_territory__load') }}
    where rep_id is not null
),

pay as (
    select * from {{ ref('stg_crm__rep_pay') }}
),

team as (
    select * from {{ ref('int_team__hourly_cost') }}
)

select
    loads.plan_id,
    loads.scenario,
    loads.plan_version,
    loads.territory_id,
    loads.rep_id,
    coalesce(pay.hourly_cost_usd, team.team_hourly_cost_usd) as hourly_cost_usd,
    round(loads.workload_hours, 4) as workload_hours,
    {{ usd(
        'loads.workload_hours * coalesce(pay.hourly_cost_usd, team.team_hourly_cost_usd)::double'
    ) }} as hours_cost_usd,
    {{ usd('loads.distance_km * ' ~ var('economics_cost_per_km_usd')) }} as distance_cost_usd,
    {{ usd(
        'loads.workload_hours * coalesce(pay.hourly_cost_usd, team.team_hourly_cost_usd)::double'
        ~ ' + loads.distance_km * ' ~ var('economics_cost_per_km_usd')
    ) }} as cost_to_serve_usd
from loads
left join pay
    on loads.rep_id = pay.rep_id
cross join team
