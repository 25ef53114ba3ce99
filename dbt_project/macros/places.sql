{# Texts of a raw table: blank is unknown. #}
{% macro text(column) -%}
    nullif(trim({{ column }}), '')
{%- endmacro %}

{# One name for each country, by the aliases of the settings. #}
{% macro country_name(column) -%}
    case lower({{ text(column) }})
        {% for spelling, name in var('market_country_aliases').items() -%}
        when {{ literal(spelling) }} then {{ literal(name) }}
        {% endfor -%}
        else {{ text(column) }}
    end
{%- endmacro %}

{#
The rows of a raw table with clean places, as `key`, country, state, city, postal_code, latitude,
longitude: US states by their postal code, ZIP codes without the +4, (0, 0) as unknown. A known US
state stands for its country where the row names none.
#}
{% macro places_of(relation, key) -%}
    select
        rows_of.{{ key }},
        coalesce(
            {{ country_name('rows_of.country') }},
            case when us_states.state is not null then 'United States' end
        ) as country,
        coalesce(us_states.state, {{ text('rows_of.state') }}) as state,
        {{ text('rows_of.city') }} as city,
        case
            when coalesce({{ country_name('rows_of.country') }}, 'United States') = 'United States'
                and regexp_full_match({{ text('rows_of.postal_code') }}, '[0-9]{5}-?[0-9]{4}')
                then left({{ text('rows_of.postal_code') }}, 5)
            else {{ text('rows_of.postal_code') }}
        end as postal_code,
        case
            when cast(rows_of.latitude as double) = 0 and cast(rows_of.longitude as double) = 0
                then null
            when rows_of.longitude is not null then cast(rows_of.latitude as double)
        end as latitude,
        case
            when cast(rows_of.latitude as double) = 0 and cast(rows_of.longitude as double) = 0
                then null
            when rows_of.latitude is not null then cast(rows_of.longitude as double)
        end as longitude
    from {{ relation }} as rows_of
    left join (
        select state, state as spelling from {{ ref('stg_market__us_state') }}
        union all
        select state, upper(state_name) as spelling from {{ ref('stg_market__us_state') }}
    ) as us_states
        on
            upper({{ text('rows_of.state') }}) = us_states.spelling
            and coalesce({{ country_name('rows_of.country') }}, 'United States') = 'United States'
{%- endmacro %}

{# Joins to the known places, from the finest: aliases at_postal_code, at_city, at_state. #}
{% macro join_places(row) -%}
    left join {{ ref('int_market__place') }} as at_postal_code
        on
            at_postal_code.place_precision = 'postal_code'
            and at_postal_code.place_key = {{ row }}.postal_code
            and coalesce({{ row }}.country, 'United States') = 'United States'
    left join {{ ref('int_market__place') }} as at_city
        on
            at_city.place_precision = 'city'
            and at_city.place_key = lower({{ row }}.city) || ', ' || {{ row }}.state
            and {{ row }}.country = 'United States'
    left join {{ ref('int_market__place') }} as at_state
        on
            at_state.place_precision = 'state'
            and at_state.place_key = {{ row }}.state
            and {{ row }}.country = 'United States'
{%- endmacro %}

{# The columns latitude, longitude, location_precision after `join_places`. #}
{% macro place_columns(row) -%}
    coalesce(
        {{ row }}.latitude, at_postal_code.latitude, at_city.latitude, at_state.latitude
    ) as latitude,
    coalesce(
        {{ row }}.longitude, at_postal_code.longitude, at_city.longitude, at_state.longitude
    ) as longitude,
    case
        when {{ row }}.latitude is not null then 'coordinates'
        when at_postal_code.latitude is not null then 'postal_code'
        when at_city.latitude is not null then 'city'
        when at_state.latitude is not null then 'state'
        else 'none'
    end as location_precision
{%- endmacro %}
