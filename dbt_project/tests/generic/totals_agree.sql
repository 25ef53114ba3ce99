{# Fails for each version of a plan whose total of `column_name` differs from that of the accounts. #}
{% test totals_agree(model, column_name, accounts, account_column, tolerance=0) %}
with totals as (
    select plan_id, plan_version, sum(cast({{ column_name }} as decimal(38, 4))) as total
    from {{ model }}
    group by plan_id, plan_version
),

expected as (
    select coalesce(sum(cast({{ account_column }} as decimal(38, 4))), 0) as total
    from {{ accounts }}
)

select totals.plan_id, totals.plan_version, totals.total, expected.total as expected_total
from totals
cross join expected
where abs(totals.total - expected.total) > {{ tolerance }}
{% endtest %}
