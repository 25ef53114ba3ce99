{# Sums and means of DOUBLE depend on the order in which threads add; those of DECIMAL do not. #}
{% macro exact_sum(expression, scale=6) -%}
    cast(sum(cast({{ expression }} as decimal(38, {{ scale }}))) as double)
{%- endmacro %}

{% macro exact_mean(expression, scale=12) -%}
    avg(cast({{ expression }} as decimal(38, {{ scale }})))
{%- endmacro %}

{# The geometric mean of the values above zero, NULL without any. #}
{% macro geometric_mean(expression) -%}
    exp(avg(cast(case when {{ expression }} > 0 then ln({{ expression }}) end as decimal(38, 12))))
{%- endmacro %}

{# `expression` cut at both ends; NULL stays NULL. #}
{% macro clip(expression, minimum, maximum) -%}
    (case
        when {{ expression }} < {{ minimum }} then {{ minimum }}
        when {{ expression }} > {{ maximum }} then {{ maximum }}
        else {{ expression }}
    end)
{%- endmacro %}

{# 100 × numerator ÷ denominator to 4 digits; NULL where the denominator is zero or unknown. #}
{% macro percent(numerator, denominator) -%}
    round(100.0 * cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0), 4)
{%- endmacro %}

{% macro usd(expression) -%}
    cast({{ expression }} as decimal(18, 2))
{%- endmacro %}
