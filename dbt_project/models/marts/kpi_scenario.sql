with kpis as (
    select * from {{ ref('int_scenario__kpi') }}
),

compared as (
    select
        kpis.*,
        chosen.kpi_value as chosen_value,
        -- Six digits keep the noise of subtraction out; adding zero turns -0.0 into 0.
        round(kpis.kpi_value - chosen.kpi_value, 6) + 0.0 as difference
    from kpis
    left join kpis as chosen
        on kpis.kpi_name = chosen.kpi_name and chosen.is_chosen
)

select
    scenario,
    kpi_name,
    plan_id,
    is_chosen,
    table_name,
    good_direction,
    kpi_value,
    chosen_value,
    difference,
    {{ percent('difference', 'abs(chosen_value)') }} as difference_pct,
    case
        when is_chosen then 'chosen'
        when difference is null or good_direction = 'none' then 'neither'
        when difference = 0 then 'same'
        when (difference > 0) = (good_direction = 'higher') then 'better'
        else 'worse'
    end as comparison
from compared
