with plan_summary as (
    select * from {{ source('plan', 'plan_summary') }}
),

loads as (
    select
        plan_id,
        scenario,
        plan_version,
        sum(account_count)::bigint as account_count,
        count(rep_id) as rep_count,
        {{ exact_sum('travel_hours') }} as travel_hours
    from {{ ref('int_territory__load') }}
    group by plan_id, scenario, plan_version
),

balance as (
    select
        plan_id,
        plan_version,
        {% for metric, name in {
            'hours': 'workload', 'potential': 'potential', 'sales': 'sales',
            'account_count': 'account_count'
        }.items() -%}
        max(case when metric = '{{ metric }}' then max_deviation_pct end)
            as {{ name }}_max_deviation_pct,
        max(case when metric = '{{ metric }}' then cv end) as {{ name }}_cv,
        max(case when metric = '{{ metric }}' then gini end)
            as {{ name }}_gini,
        max(case when metric = '{{ metric }}' then floor_pct end)
            as {{ name }}_floor_pct{{ "," if not loop.last }}
        {% endfor %}
    from {{ ref('kpi_balance') }}
    group by plan_id, plan_version
),

-- A plan of an empty book has no assignment and still a row.
moves as (
    select
        cast(plan_summary.plan_id as varchar) as plan_id,
        count(*) filter (where is_moved) as moved_accounts,
        coalesce(sum(actual_sales_usd) filter (where is_moved), 0) as moved_sales_usd,
        count(*) filter (where incumbent_rep_id is not null) as incumbent_accounts,
        coalesce(sum(expected_disruption_loss_usd), 0) as expected_disruption_loss_usd,
        count(*) filter (where is_forced_move) as forced_moves,
        count(*) filter (where is_new_assignment and not is_unassigned) as new_assignments,
        count(*) filter (where is_unassigned) as unassigned_accounts,
        count(account_id) filter (where incumbent_rep_id is null) as unowned_accounts
    from plan_summary
    left join {{ ref('fct_assignment') }} as assignments
        on cast(plan_summary.plan_id as varchar) = assignments.plan_id
    group by plan_summary.plan_id
)

select
    loads.plan_id,
    loads.scenario,
    loads.plan_version,
    loads.account_count,
    loads.rep_count,
    balance.workload_max_deviation_pct,
    balance.workload_cv,
    balance.workload_gini,
    balance.potential_max_deviation_pct,
    balance.potential_cv,
    balance.potential_gini,
    balance.account_count_max_deviation_pct,
    round(loads.travel_hours, 4) as travel_hours,
    case loads.plan_version when 'proposed' then moves.moved_accounts else 0 end
        as moved_accounts,
    {{ usd("case loads.plan_version when 'proposed' then moves.moved_sales_usd else 0 end") }}
        as moved_sales_usd,
    case loads.plan_version
        when 'proposed'
            then {{ percent(
                'moves.incumbent_accounts - moves.moved_accounts', 'moves.incumbent_accounts'
            ) }}
        else {{ percent('moves.incumbent_accounts', 'moves.incumbent_accounts') }}
    end as retained_accounts_pct,
    {{ usd(
        "case loads.plan_version when 'proposed' then moves.expected_disruption_loss_usd else 0 end"
    ) }} as expected_disruption_loss_usd,
    {{ usd(
        "case loads.plan_version when 'proposed' then plan_summary.expected_value_usd "
        ~ "else plan_summary.current_expected_value_usd end"
    ) }} as expected_value_usd,
    {{ usd(
        "case loads.plan_version when 'proposed' then plan_summary.objective_usd "
        ~ "else plan_summary.current_objective_usd end"
    ) }} as objective_usd,
    -- The certificate is the proposed plan's; today's ownership was not optimised.
    {{ usd("case loads.plan_version when 'proposed' then plan_summary.bound_usd end") }}
        as bound_usd,
    {{ usd("case loads.plan_version when 'proposed' then plan_summary.regret_usd end") }}
        as regret_usd,
    case loads.plan_version
        when 'proposed' then round(cast(plan_summary.optimality_gap_pct as double), 4)
    end as optimality_gap_pct,
    case loads.plan_version
        when 'proposed' then cast(plan_summary.is_proved_optimal as boolean)
    end as is_proved_optimal,
    case loads.plan_version
        when 'proposed' then cast(plan_summary.is_repeatable as boolean)
    end as is_repeatable,
    case loads.plan_version
        when 'proposed' then cast(plan_summary.solver_status as varchar)
        else 'not_solved'
    end as solver_status,
    case loads.plan_version when 'proposed' then cast(plan_summary.seed as bigint) end as seed,
    case loads.plan_version when 'proposed' then moves.forced_moves else 0 end as forced_moves,
    case loads.plan_version when 'proposed' then moves.new_assignments else 0 end
        as new_assignments,
    -- Without an active owner: today, or by choice of the plan.
    case loads.plan_version
        when 'proposed' then moves.unassigned_accounts
        else moves.unowned_accounts
    end as unassigned_accounts,
    balance.sales_max_deviation_pct,
    -- A floor holds for every plan, so it stands beside the proposed one only.
    case when loads.plan_version = 'proposed' then balance.workload_floor_pct end
        as workload_floor_pct,
    case when loads.plan_version = 'proposed' then balance.potential_floor_pct end
        as potential_floor_pct,
    case when loads.plan_version = 'proposed' then balance.sales_floor_pct end
        as sales_floor_pct,
    case when loads.plan_version = 'proposed' then balance.account_count_floor_pct end
        as account_count_floor_pct,
    {% for part in [
        'travel', 'disruption', 'handover', 'fit', 'deviation', 'overtime', 'unassigned'
    ] -%}
    {{ usd(
        "case loads.plan_version when 'proposed' then plan_summary." ~ part ~ "_cost_usd end"
    ) }} as {{ part }}_cost_usd{{ "," if not loop.last }}
    {% endfor %}
from loads
left join balance
    on loads.plan_id = balance.plan_id and loads.plan_version = balance.plan_version
inner join moves
    on loads.plan_id = moves.plan_id
inner join plan_summary
    on loads.plan_id = cast(plan_summary.plan_id as varchar)
