{# The planning date; every "12 months" below ends on it. #}
{% macro as_of() -%}
    date '{{ var("as_of") }}'
{%- endmacro %}

{# True for dates in the 12 months that end on the planning date, which they include. #}
{% macro in_trailing_year(column) -%}
    ({{ column }} > {{ as_of() }} - interval 12 month and {{ column }} <= {{ as_of() }})
{%- endmacro %}

{# Months from a date to the planning date, in mean months of 365.25 / 12 days. #}
{% macro months_since(column) -%}
    (date_diff('day', {{ column }}, {{ as_of() }}) / 30.4375)
{%- endmacro %}
