{# A text of the settings as an SQL literal. #}
{% macro literal(text) -%}
    '{{ text | string | replace("'", "''") }}'
{%- endmacro %}

{# A list of texts of the settings as an SQL list for `in`; never empty. #}
{% macro literal_list(texts) -%}
    ({% for text in texts %}{{ literal(text) }}, {% endfor %}'')
{%- endmacro %}

{# A mapping of the settings as rows (spelling, meaning). #}
{% macro mapping_rows(mapping) -%}
    {%- if mapping -%}
    select spelling, meaning
    from (
        values
        {% for spelling, meaning in mapping.items() -%}
        ({{ literal(spelling) }}, {{ literal(meaning) }}){{ "," if not loop.last }}
        {% endfor %}
    ) as mapped (spelling, meaning)
    {%- else -%}
    select cast(null as varchar) as spelling, cast(null as varchar) as meaning where false
    {%- endif -%}
{%- endmacro %}
