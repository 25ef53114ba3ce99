"""Defects that rows show by themselves or beside the others of their load."""

import duckdb
import pytest
from small_loads import Loads

from pipelines.ingest.entities import ENTITIES
from pipelines.ingest.ledger import create_ledger
from pipelines.ingest.loading import create_custom_field_table, create_raw_table
from pipelines.quality.custom_fields import find_custom_field_defects
from pipelines.quality.record_defects import find_misplaced_states


def test_a_clean_load_has_no_finding(loads: Loads) -> None:
    loads.load()
    assert loads.rules() == set()
    assert loads.drifted() == []


DAMAGED = (
    ("name", "CafÃ© Works", "mojibake"),
    ("name", "Caf\ufffd Works", "mojibake"),
    ("name", "Acme\u200bWorks", "control_character"),
    ("city", "Boston;;", "trailing_garbage"),
    ("city", "Boston&nbsp;", "trailing_garbage"),
    ("industry", "N/A", "filler_value"),
    ("created", "1900-01-01", "filler_value"),
    ("zip", "2134.0", "float_formatted_code"),
    ("industry", "Manufacturng", "category_typo"),
    ("industry", "MANUFACTURING", "category_variant"),
    ("industry", "Retail  trade", "category_variant"),
    ("created", "2027-01-01", "date_in_future"),
    ("id", "A0012", "id_length"),
    ("street", "   ", "blank_text"),
)
ODD_NAMES = (
    *("São Paulo Têxteis", "SÃO JORGE", "NULL", "None", "'; DROP TABLE x; --", "=1+1", "C#"),
    *("Yahoo!", "Ân Nam", "007", "true", "N/A Partners", "<b>Bold</b>", "東京電力", "X Æ A-12"),
)


def test_each_damaged_value_is_named(loads: Loads) -> None:
    for number, (column, value, _) in enumerate(DAMAGED):
        loads.account(number)[column] = value
    loads.rows["opportunity"] = loads.rows["opportunity"][14:40]
    loads.load()
    named = loads.connection.execute(
        "SELECT row_number, rule FROM meta_finding_row ORDER BY row_number"
    ).fetchall()
    assert named == [(number + 1, rule) for number, (_, _, rule) in enumerate(DAMAGED)]


def test_odd_names_are_accepted_unchanged(loads: Loads) -> None:
    for number, name in enumerate(ODD_NAMES):
        loads.account(number)["name"] = name
    loads.load()
    assert loads.rules() == set()
    landed = loads.connection.execute(
        "SELECT account_name FROM raw_crm__account ORDER BY row_number LIMIT ?", [len(ODD_NAMES)]
    ).fetchall()
    assert [name for (name,) in landed] == list(ODD_NAMES)


def test_the_likely_spelling_stands_beside_the_odd_one(loads: Loads) -> None:
    loads.account(3)["industry"] = "Retial trade"
    loads.load()
    assert loads.found("category_typo") == [("industry", "A00003", "Retial trade", "Retail trade")]


def test_an_exact_copy_and_an_alias_are_named(loads: Loads) -> None:
    loads.rows["account"].append(dict(loads.account(5)))
    loads.account(2)["industry"] = "manufact."
    loads.load(aliases={"manufact.": "Manufacturing"})
    assert loads.found("duplicate_row") == [("account_id", "A00005", None, None)]
    assert loads.found("alias_applied") == [("industry", "A00002", "manufact.", "Manufacturing")]
    assert loads.connection.execute(
        "SELECT row_number FROM meta_finding_row WHERE rule = 'duplicate_row'"
    ).fetchall() == [(41,)]


@pytest.mark.parametrize(
    ("other", "is_named"),
    [
        ({"name": "Aeg or 4 Works Inc", "street": "4 main st."}, True),
        ({"name": "AEGOR 4 WORKS, LLC"}, True),
        ({"name": "Aegor 4 Wroks"}, True),
        ({"name": "Aego r4 Works Corp", "street": "4 Main Street, Suite 3"}, True),
        ({"name": "Aegor 4 Work", "street": ""}, True),
        ({"name": "Aegor 5 Works", "street": ""}, False),
        ({"street": "711 Oak Ave", "revenue": "5"}, False),
        ({"name": "Quite Another Firm"}, False),
        ({"zip": "90210", "city": "Beverly Hills", "state": "CA"}, False),
        ({"parent": "A00004"}, False),
    ],
)
def test_likely_duplicates_are_named_with_both_rows_and_a_score(
    loads: Loads, other: dict[str, str], is_named: bool
) -> None:
    loads.rows["account"].append(loads.account(4) | {"id": "A00099"} | other)
    loads.load()
    rows = loads.connection.execute(
        "SELECT record_id, related_record_id, score BETWEEN 70 AND 100 FROM meta_finding_row"
        " WHERE rule = 'likely_duplicate'"
    ).fetchall()
    assert rows == ([("A00099", "A00004", True)] if is_named else [])


def test_a_namesake_at_another_address_is_told_apart_from_a_duplicate(loads: Loads) -> None:
    loads.rows["account"].append(loads.account(4) | {"id": "A00099", "street": "711 Oak Ave"})
    loads.load()
    assert loads.found("likely_duplicate") == []
    assert [row[:2] for row in loads.found("namesake_nearby")] == [("account_name", "A00099")]


def test_a_city_named_like_its_state_is_swapped_where_the_code_stands_for_the_city() -> None:
    """ "New York" is a state, so only the place that both fields name shows that they changed."""
    with duckdb.connect() as connection:
        create_ledger(connection)
        for source, name in (
            ("crm", "account"),
            ("market", "postal_code"),
            ("market", "county_population"),
        ):
            create_raw_table(connection, ENTITIES[source, name])
        connection.execute(
            "INSERT INTO raw_market__postal_code BY NAME SELECT"
            " chr(65 + (i // 26)::INTEGER) || chr(65 + (i % 26)::INTEGER) AS state, 'Town' AS city"
            " FROM range(60) AS t(i) UNION ALL SELECT 'NY', 'New York'"
        )
        connection.execute(
            "INSERT INTO raw_market__county_population BY NAME SELECT 'New York' AS state_name"
        )
        connection.execute(
            "INSERT INTO raw_crm__account BY NAME SELECT 'A' || i AS account_id, i AS row_number,"
            " city, state, 'USA' AS country FROM (VALUES (1, 'New York', 'NY'),"
            " (2, 'NY', 'New York'), (3, 'AA', 'Town'), (4, 'Albany', 'New York'),"
            " (5, 'Town', 'ZZ')) AS t(i, city, state)"
        )
        find_misplaced_states(connection, "run")
        named = connection.execute(
            "SELECT row_number, rule FROM meta_finding_row ORDER BY row_number"
        ).fetchall()
    assert named == [
        (2, "city_and_state_swapped"),
        (3, "city_and_state_swapped"),
        (5, "unknown_state"),
    ]


def test_columns_that_pass_through_are_looked_at_too() -> None:
    with duckdb.connect() as connection:
        create_ledger(connection)
        create_custom_field_table(connection)
        create_raw_table(connection, ENTITIES["crm", "account"])
        connection.execute(
            "INSERT INTO raw_crm__account BY NAME"
            " SELECT 'A' || i AS account_id, i AS row_number FROM range(1, 401) AS rows(i)"
        )
        connection.execute("""
            INSERT INTO custom_field
            SELECT 'account', 'A' || i, field_name, value FROM range(1, 401) AS rows(i), (VALUES
                ('founded', CASE i WHEN 7 THEN '0' WHEN 8 THEN NULL ELSE '1990' END),
                -- A score may well be 0, and a sum of small numbers, too.
                ('score', CASE i WHEN 7 THEN '0' ELSE '88' END),
                ('note', CASE i WHEN 9 THEN 'CafÃ©' WHEN 10 THEN 'N/A' ELSE 'two
                    lines' END),
                ('region', CASE WHEN i <= 100 THEN 'West' END)) AS fields(field_name, value)
            WHERE value IS NOT NULL""")
        found = find_custom_field_defects(connection, "run")
        assert {(one.column_name, one.rule, one.affected_rows) for one in found} == {
            ("founded", "lone_zero", 1),
            ("founded", "rare_gap", 1),
            ("note", "mojibake", 1),
            ("note", "filler_value", 1),
            ("region", "partly_filled", 300),
        }
        assert connection.execute(
            "SELECT rule, record_id, row_number FROM meta_finding_row ORDER BY row_number"
        ).fetchall() == [
            ("lone_zero", "A7", 7),
            ("rare_gap", "A8", 8),
            ("mojibake", "A9", 9),
            ("filler_value", "A10", 10),
        ]
