{# Fails for each combination of the columns that occurs twice; NULL is a value like others. #}
{% test no_row_twice(model, columns) %}
select {{ columns | join(', ') }}, count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
