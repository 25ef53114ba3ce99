{# Fails when the mean of an index is not 1; the values are stored to nine digits. #}
{% test mean_is_one(model, column_name) %}
select {{ exact_mean(column_name) }} as mean
from {{ model }}
having abs({{ exact_mean(column_name) }} - 1) > 1e-8
{% endtest %}
