with loads as (
    select * from {{ ref('int_territory__metric_load') }}
),

reps as (
    select * from {{ ref('dim_rep') }}
),

-- The policy's name of a level is a column of the reps; readers know the levels of kpi_rollup.
bands as (
    select
        cast(plan_id as varchar) as plan_id,
        case cast(level as varchar)
            when 'manager_id' then 'manager' else cast(level as varchar)
        end as level,
        cast(member_id as varchar) as member_id,
        cast(metric as varchar) as metric,
        cast(lower_limit as double) as lower_limit,
        cast(upper_limit as double) as upper_limit,
        cast(tolerance_pct as double) as tolerance_pct,
        cast(soft_tolerance_pct as double) as soft_tolerance_pct,
        cast(relaxation_pct as double) as relaxation_pct,
        cast(shadow_price_below_usd as double) as shadow_price_below_usd,
        cast(shadow_price_above_usd as double) as shadow_price_above_usd,
        cast(is_binding as boolean) as is_binding
    from {{ source('plan', 'plan_level') }}
),

members as (
    {% for level, member, name in [
        ('region', 'region', 'region'),
        ('manager', 'manager_id', 'manager_name'),
        ('country', 'country', 'country'),
        ('experience_level', 'experience_level', 'experience_level'),
    ] -%}
    select
        scenario,
        rep_id,
        '{{ level }}' as level,
        {{ member }} as member_id,
        coalesce({{ name }}, {{ member }}) as member_name
    from reps
    where {{ member }} is not null
    {{ "union all" if not loop.last }}
    {% endfor %}
),

summed as (
    select
        loads.plan_id,
        loads.scenario,
        loads.plan_version,
        members.level,
        members.member_id,
        -- Two spellings of one manager's name must not split the manager.
        min(members.member_name) as member_name,
        loads.metric,
        loads.measure,
        count(*) as rep_count,
        {{ exact_sum('loads.target') }} as target,
        {{ exact_sum('loads.metric_load') }} as metric_load
    from loads
    inner join members
        on loads.rep_id = members.rep_id and loads.scenario = members.scenario
    group by
        loads.plan_id,
        loads.scenario,
        loads.plan_version,
        members.level,
        members.member_id,
        loads.metric,
        loads.measure
)

select
    summed.plan_id,
    summed.scenario,
    summed.plan_version,
    summed.level,
    summed.member_id,
    summed.member_name,
    summed.metric,
    summed.measure,
    summed.rep_count,
    round(summed.target, 4) as target_amount,
    round(summed.metric_load, 4) as load_amount,
    round(100 * (summed.metric_load / summed.target - 1), 4) + 0.0 as deviation_pct,
    round(bands.lower_limit, 4) as lower_limit_amount,
    round(bands.upper_limit, 4) as upper_limit_amount,
    round(bands.tolerance_pct, 4) as tolerance_pct,
    round(bands.soft_tolerance_pct, 4) as soft_tolerance_pct,
    -- What follows is of the plan: nothing was decided about today's ownership.
    case when summed.plan_version = 'proposed' then round(bands.relaxation_pct, 6) end
        as relaxation_pct,
    case when summed.plan_version = 'proposed' then bands.is_binding end as is_binding,
    case when summed.plan_version = 'proposed' then {{ usd('bands.shadow_price_below_usd') }} end
        as shadow_price_below_usd,
    case when summed.plan_version = 'proposed' then {{ usd('bands.shadow_price_above_usd') }} end
        as shadow_price_above_usd
from summed
left join bands
    on
        summed.plan_id = bands.plan_id
        and summed.level = bands.level
        and summed.member_id = bands.member_id
        and summed.metric = bands.metric
where summed.level in ('region', 'manager') or bands.metric is not null
