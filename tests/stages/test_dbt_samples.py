"""A failed dbt test shows the rows that offend, and never anybody's pay."""

import json
from collections.abc import Iterator
from types import SimpleNamespace

import duckdb
import pytest

from pipelines.stages.dbt_samples import read_sample, restricted_models

PAID = "model.territory.stg_crm__rep_pay"


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE deal AS SELECT * FROM (VALUES "
            "('O1', 'A1', 'won', 5, NULL, 70), ('O2', 'A1', 'wonn', 6, 1.5, 80), "
            "('O3', 'A<b>', 'lost', 7, -2.0, 90), ('O4', 'A2', 'lost', 8, 'nan'::DOUBLE, 90)"
            ") AS deal (deal_id, account_id, status, weight, amount_usd, hourly_cost_usd)"
        )
        yield connection


def compiled(
    query: str, kind: str | None = None, column: str | None = None, model: str = "deal"
) -> SimpleNamespace:
    """A test as dbt compiled it."""
    return SimpleNamespace(
        compiled_code=query,
        column_name=column,
        test_metadata=SimpleNamespace(name=kind) if kind else None,
        attached_node=f"model.territory.{model}",
        depends_on=SimpleNamespace(nodes=[f"model.territory.{model}"]),
    )


@pytest.mark.parametrize(
    ("kind", "column", "query", "offending"),
    [
        ("not_null", "amount_usd", "SELECT amount_usd FROM deal WHERE amount_usd IS NULL", ["O1"]),
        (
            "accepted_values",
            "status",
            "SELECT status AS value_field, count(*) AS n_records FROM deal "
            "WHERE status NOT IN ('won', 'lost') GROUP BY ALL",
            ["O2"],
        ),
        (
            "unique",
            "account_id",
            "SELECT account_id AS unique_field, count(*) AS n_records FROM deal "
            "GROUP BY ALL HAVING count(*) > 1",
            ["O1", "O2"],
        ),
        (
            "in_range",
            "amount_usd",
            "SELECT amount_usd FROM deal WHERE NOT isfinite(amount_usd) OR amount_usd < 0",
            ["O3", "O4"],
        ),
    ],
)
def test_a_test_of_values_shows_whole_rows_with_their_keys(
    connection: duckdb.DuckDBPyConnection, kind: str, column: str, query: str, offending: list[str]
) -> None:
    rows = json.loads(read_sample(connection, compiled(query, kind, column), frozenset()) or "")
    assert [row["deal_id"] for row in rows] == offending
    assert all(column in row for row in rows)


def test_any_other_test_shows_what_it_selects(connection: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT account_id, count(*) AS deals FROM deal GROUP BY ALL HAVING count(*) > 1"
    assert json.loads(read_sample(connection, compiled(query), frozenset()) or "") == [
        {"account_id": "A1", "deals": 2}
    ]


def test_at_most_five_rows_are_shown(connection: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT deal_id, unnest(range(10)) AS n FROM deal"
    assert len(json.loads(read_sample(connection, compiled(query), frozenset()) or "")) == 5


def test_pay_is_in_no_sample(connection: duckdb.DuckDBPyConnection) -> None:
    everything = "SELECT * FROM deal"
    rows = json.loads(read_sample(connection, compiled(everything), frozenset()) or "")
    assert {row["hourly_cost_usd"] for row in rows} == {"withheld"}
    of_pay = compiled("SELECT hourly_cost_usd FROM deal", "in_range", "hourly_cost_usd")
    assert read_sample(connection, of_pay, frozenset()) is None
    of_paid = compiled(everything, model="stg_crm__rep_pay")
    assert read_sample(connection, of_paid, frozenset({PAID})) is None


def test_models_in_a_restricted_folder_carry_pay() -> None:
    nodes = {
        PAID: SimpleNamespace(fqn=["territory", "staging", "restricted", "stg_crm__rep_pay"]),
        "model.territory.deal": SimpleNamespace(fqn=["territory", "marts", "deal"]),
    }
    assert restricted_models(nodes) == {PAID}
