{#
  Fails for each market whose accounts could buy more than it holds, or than they buy already where
  that is more. To the cent.
#}
{% test within_market(model, column_name, market, market_usd, sales_usd) %}
select {{ market }}, sum({{ column_name }}) as total
from {{ model }}
where {{ market_usd }} is not null
group by {{ market }}
having
    sum({{ column_name }})
    > greatest(max({{ market_usd }}), sum(greatest({{ sales_usd }}, 0)))
{% endtest %}
