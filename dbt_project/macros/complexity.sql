{# The factors of the complexity score and their weights. #}
{% macro complexity_weights() -%}
    {{ return({
        'cycle': var('complexity_cycle_weight'),
        'size': var('complexity_size_weight'),
        'offering': var('complexity_offering_weight'),
    }) }}
{%- endmacro %}

{# The cycle of a segment relative to the book, NULL where none is known. #}
{% macro cycle_ratio(segments) -%}
{{ segments }}.own_median_cycle_days / nullif({{ segments }}.book_median_cycle_days, 0)
{%- endmacro %}

{#
  The CTEs that say what is offered to each key of the CTE `offered` (key, product_id, each pair
  once) and to a typical one.
#}
{% macro offerings(key) -%}
offerings as (
    select
        offered.{{ key }},
        count(*) as product_count,
        {{ exact_mean('products.rating') }} as mean_rating
    from offered
    left join {{ ref('int_product__rating') }} as products
        on offered.product_id = products.product_id
    group by offered.{{ key }}
),

typical_offering as (
    select
        {{ exact_mean('product_count') }} as product_count,
        {{ exact_mean('mean_rating') }} as mean_rating
    from offerings
)
{%- endmacro %}

{# Breadth and complexity of an offering relative to the typical one; breadth alone if unrated. #}
{% macro offering_ratio() -%}
coalesce(
    (
        offerings.product_count / typical_offering.product_count
        + offerings.mean_rating / nullif(typical_offering.mean_rating, 0)
    ) / 2,
    offerings.product_count / typical_offering.product_count
)
{%- endmacro %}

{#
  The CTEs and the final select that make the complexity score of the rows of a CTE `relative`: a
  key and the columns cycle_ratio, size_ratio and offering_ratio, each relative to the book.
  <factor>_share is what of the score the factor makes, <factor>_weight its weight after missing
  factors gave theirs away.
#}
{% macro complexity_score(key) -%}
{%- set weights = complexity_weights() -%}
factors as (
    select
        {{ key }},
        {% for factor in weights -%}
        {{ clip(
            factor ~ '_ratio', var('complexity_factor_minimum'), var('complexity_factor_maximum')
        ) }} as {{ factor }}_factor{{ "," if not loop.last }}
        {% endfor %}
    from relative
),

-- The weight of a missing factor goes to the others.
known as (
    select
        *,
        nullif(
            {% for factor, weight in weights.items() -%}
            {{ "+ " if not loop.first -}}
            case when {{ factor }}_factor is null then 0.0 else {{ weight }} end
            {% endfor %},
            0
        ) as known_weight
    from factors
),

weighted as (
    select
        *,
        (
            {% for factor, weight in weights.items() -%}
            {{ "+ " if not loop.first }}coalesce({{ weight }} * {{ factor }}_factor, 0)
            {% endfor %}
        )
        / known_weight as weighted_mean
    from known
),

bounded as (
    select
        *,
        {{ clip(
            'coalesce(weighted_mean, 1)', var('complexity_minimum'), var('complexity_maximum')
        ) }} as bounded_score
    from weighted
)

select
    {{ key }},
    {% for factor in weights -%}
    round({{ factor }}_factor, 6) as {{ factor }}_factor,
    {% endfor -%}
    {% for factor, weight in weights.items() -%}
    coalesce(
        round(
            case when {{ factor }}_factor is not null then {{ weight }} end / known_weight, 9
        ),
        0
    )::double as {{ factor }}_weight,
    -- Where no factor is known, all stand at 1 and share the score by their weights.
    round(
        case
            when known_weight is null then {{ weight / (weights.values() | sum) }}
            else
                coalesce(
                    {{ weight }} * {{ factor }}_factor / (known_weight * nullif(weighted_mean, 0)),
                    0
                )
        end,
        9
    )::double as {{ factor }}_share,
    {% endfor -%}
    nullif(
        concat_ws(
            ', ',
            {% for factor in weights -%}
            case when {{ factor }}_factor is null then '{{ factor }}' end{{ "," if not loop.last }}
            {% endfor %}
        ),
        ''
    ) as missing_factors,
    round(bounded_score / {{ exact_mean('bounded_score') }} over (), 9) as complexity_score
from bounded
{%- endmacro %}
