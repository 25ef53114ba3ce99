{# Fails for values outside [minimum, maximum], for NaN and infinities; NULL passes. #}
{% test in_range(model, column_name, minimum=none, maximum=none) %}
select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is not null
    and (
        not isfinite(cast({{ column_name }} as double))
        {% if minimum is not none %}or {{ column_name }} < {{ minimum }}{% endif %}
        {% if maximum is not none %}or {{ column_name }} > {{ maximum }}{% endif %}
    )
{% endtest %}
