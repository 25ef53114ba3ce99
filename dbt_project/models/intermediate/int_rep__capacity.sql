{%- set levels = var('capacity_experience_levels') -%}
with reps as (
    select * from {{ ref('stg_crm__rep') }}
),

aliases as (
    {{ mapping_rows(var('capacity_experience_aliases')) }}
),

described as (
    select
        reps.rep_id,
        coalesce(reps.selling_hours, {{ var('capacity_selling_hours') }}) as selling_hours,
        coalesce(reps.fte_share, 1.0) as fte_share,
        coalesce(reps.is_active, true)
        and coalesce(reps.end_date > {{ as_of() }}, true)
        and coalesce(reps.hire_date <= {{ as_of() }}, true) as is_active,
        coalesce(
            {%- for name in var('capacity_vacant_names') %}
            starts_with(lower(reps.rep_name), {{ literal(name) }})
            or starts_with(lower(coalesce(reps.role, '')), {{ literal(name) }})
            {{- " or" if not loop.last }}
            {%- endfor -%}
            {%- if not var('capacity_vacant_names') %} false{% endif %},
            false
        ) as is_vacant,
        -- Who fills a second role covers accounts, but owns none.
        {% for title in var('capacity_overlay_roles') -%}
        contains(lower(coalesce(reps.role, '')), {{ literal(title | lower) }})
        {{- " or " if not loop.last }}
        {%- endfor -%}
        {%- if not var('capacity_overlay_roles') %}false{% endif %} as is_overlay,
        {{ months_since('reps.hire_date') }} as tenure_months,
        coalesce(aliases.meaning, reps.experience_level) as given_level
    from reps
    left join aliases
        on reps.experience_level = aliases.spelling
),

levelled as (
    select
        *,
        case
            when given_level in (
                {%- for level in levels %}
                {{ literal(level.name) }}{{ "," if not loop.last }}
                {%- endfor %}
            )
                then given_level
            {% for level in levels | sort(attribute='minimum_tenure_months', reverse=true) -%}
            when tenure_months >= {{ level.minimum_tenure_months }} then {{ literal(level.name) }}
            {% endfor -%}
            else {{ literal(var('capacity_default_experience_level')) }}
        end as experience_level,
        case
            when is_vacant then {{ var('capacity_vacant_seat_share') }}
            when tenure_months < {{ var('capacity_ramp_months') }}
                then
                    {{ var('capacity_ramp_start_share') }}
                    + (1 - {{ var('capacity_ramp_start_share') }})
                    * greatest(tenure_months, 0) / {{ [var('capacity_ramp_months'), 0.001] | max }}
            else 1.0
        end as ramp_share
    from described
),

multiplied as (
    select
        *,
        case experience_level
            {% for level in levels -%}
            when {{ literal(level.name) }} then {{ level.multiplier }}
            {% endfor -%}
        end::double as experience_multiplier
    from levelled
)

select
    rep_id,
    is_active,
    is_vacant,
    is_overlay,
    (is_active or is_vacant)
    and not is_overlay
    and selling_hours * fte_share * ramp_share > 0 as is_in_plan,
    experience_level,
    experience_multiplier,
    round(tenure_months, 4) as tenure_months,
    selling_hours,
    fte_share,
    round(ramp_share::double, 6) as ramp_share,
    round(selling_hours * fte_share * ramp_share, 4)::double as capacity_hours,
    round(
        selling_hours * fte_share * ramp_share * experience_multiplier, 4
    )::double as effective_capacity_hours
from multiplied
