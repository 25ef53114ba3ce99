"""Lineage follows a column through CTEs, unions, subqueries, windows and recursion."""

import pytest
import sqlglot.errors

from pipelines.metadata.sql_lineage import query_lineage

TABLES = {
    "account": ("account_id", "parent_id", "revenue", "state"),
    "deal": ("deal_id", "account_id", "amount", "closed"),
}


def origins(sql: str) -> dict[str, set[str]]:
    return {
        column: {".".join(pair) for pair in origin.columns}
        for column, origin in query_lineage(sql, TABLES).items()
    }


def test_import_ctes_with_stars_and_a_catalog_are_seen_through() -> None:
    sql = """
        with account as (select * from "warehouse"."main"."account"),
        deal as (select * from "warehouse"."main"."deal"),
        joined as (
            select account.*, deal.amount from account
            left join deal on account.account_id = deal.account_id
        )
        select account_id, sum(amount) as total_usd, upper(state) as state
        from joined group by account_id, state
    """
    assert origins(sql) == {
        "account_id": {"account.account_id"},
        "total_usd": {"deal.amount"},
        "state": {"account.state"},
    }


def test_the_expression_is_the_first_that_computes() -> None:
    sql = """
        with scored as (select account_id, revenue * 2 as score, 'x' as kind from main.account),
        renamed as (select account_id, score as value, kind from scored)
        select account_id, value, kind from renamed
    """
    found = query_lineage(sql, TABLES)
    assert found["account_id"].expression is None
    assert found["value"].expression == "account.revenue * 2"
    assert found["kind"].expression == "'x'"
    assert found["kind"].columns == frozenset()


def test_a_union_joins_the_origins_of_its_branches_by_position() -> None:
    sql = """
        select account_id as id, revenue as usd from main.account
        union all select deal_id, amount from main.deal
        union all select 'none', 0
    """
    assert origins(sql) == {
        "id": {"account.account_id", "deal.deal_id"},
        "usd": {"account.revenue", "deal.amount"},
    }


def test_scalar_subqueries_and_windows_count() -> None:
    sql = """
        select
            account_id,
            (select max(d.amount) from main.deal as d where d.account_id = a.account_id) as largest,
            row_number() over (partition by state order by revenue desc) as place
        from main.account as a
    """
    assert origins(sql) == {
        "account_id": {"account.account_id"},
        "largest": {"deal.amount", "deal.account_id", "account.account_id"},
        "place": {"account.state", "account.revenue"},
    }


def test_counting_rows_names_the_table_counted() -> None:
    sql = """
        with won as (select * from main.deal where closed is not null)
        select account_id, count(*) as deals from won group by account_id
    """
    assert origins(sql)["deals"] == {"deal.*"}


def test_a_recursive_cte_ends() -> None:
    sql = """
        with recursive tree as (
            select account_id, account_id as root_id, 1 as depth from main.account
            where parent_id is null
            union all
            select account.account_id, tree.root_id, tree.depth + 1 from main.account
            inner join tree on account.parent_id = tree.account_id
        )
        select account_id, root_id, depth from tree
    """
    assert origins(sql) == {
        "account_id": {"account.account_id"},
        "root_id": {"account.account_id"},
        "depth": set(),
    }


def test_a_cte_may_shadow_the_table_it_reads() -> None:
    sql = "with deal as (select amount / 2 as half from main.deal) select half from deal"
    assert origins(sql) == {"half": {"deal.amount"}}


def test_what_is_not_sql_is_an_error() -> None:
    with pytest.raises(sqlglot.errors.SqlglotError):
        query_lineage("select from where (", TABLES)
