"""Single values: what each text becomes, and which rule sets its row aside."""

from typing import Any

import pytest
from conftest import Book  # type: ignore[import-not-found]

NBSP = "\u00a0"

# (canonical field, text of the source, canonical text)
KEPT = [
    ("annual_revenue_usd", "1200", "1200"),
    ("annual_revenue_usd", "+12.50", "12.50"),
    ("annual_revenue_usd", "1.2E+06", "1200000"),
    ("annual_revenue_usd", "0", "0"),
    ("annual_revenue_usd", "", None),
    ("employee_count", "12", "12"),
    ("employee_count", "2822.0", "2822"),
    ("is_customer", "TRUE", "true"),
    ("is_customer", "0", "false"),
    ("created_date", "2024-02-29", "2024-02-29"),
    ("created_date", "2024-02-29 23:59:59", "2024-02-29"),
    ("created_date", "2024-02-29T23:59:59.123", "2024-02-29"),
    ("created_date", "2024-02-29T23:59:59.000Z", "2024-02-29"),
    ("created_date", "2024-02-29T23:59:59.000+0000", "2024-02-29"),
    ("created_date", "2024-02-29 23:59:59+00", "2024-02-29"),
    ("created_date", "2024-02-29 3:15:52", "2024-02-29"),
    ("postal_code", "02139", "02139"),
    ("postal_code", "1E5", "1E5"),
    ("account_name", "NULL", "NULL"),
    ("account_name", "NA", "NA"),
    ("account_name", "=1+1", "=1+1"),
    ("account_name", "Robert'); DROP TABLE x;--", "Robert'); DROP TABLE x;--"),
    ("account_name", f"{NBSP} Acme\u200b ", "Acme"),
    ("account_name", "Don\u0303a", "Doña"),
    ("latitude", "-90", "-90"),
    ("longitude", "-.5", "-.5"),
]

# (canonical field, text of the source, rule)
REFUSED = [
    ("annual_revenue_usd", "$1200", "not_a_number"),
    ("annual_revenue_usd", "1,200", "not_a_number"),
    ("annual_revenue_usd", "(1200)", "not_a_number"),
    ("annual_revenue_usd", "12%", "not_a_number"),
    ("annual_revenue_usd", f"1{NBSP}200", "not_a_number"),
    ("annual_revenue_usd", "1_000", "not_a_number"),
    ("annual_revenue_usd", "0x1F", "not_a_number"),
    ("annual_revenue_usd", "NaN", "not_finite"),
    ("annual_revenue_usd", "-inf", "not_finite"),
    ("annual_revenue_usd", "1e400", "not_finite"),
    ("annual_revenue_usd", "1e18", "above_maximum"),
    ("annual_revenue_usd", "9" * 60, "above_maximum"),
    ("annual_revenue_usd", "-1", "below_minimum"),
    ("employee_count", "12.7", "not_an_integer"),
    ("employee_count", "-3", "below_minimum"),
    ("is_customer", "maybe", "not_a_boolean"),
    ("created_date", "2023-02-29", "not_a_date"),
    ("created_date", "03/04/2024", "not_a_date"),
    ("created_date", "epoch", "not_a_date"),
    ("created_date", "2024-01-05T23:00:00-05:00", "not_a_date"),
    ("created_date", "0001-01-01", "year_out_of_range"),
    ("created_date", "9999-12-31", "year_out_of_range"),
    ("latitude", "90.1", "above_maximum"),
    ("longitude", "-181", "below_minimum"),
    ("account_name", "  ", "missing_value"),
]

FIELDS = (
    "account_name",
    "annual_revenue_usd",
    "employee_count",
    "postal_code",
    "latitude",
    "longitude",
    "is_customer",
    "created_date",
)


def account_file(cases: list[tuple[str, str, Any]]) -> str:
    """One row per case, ordinary in every field but the one of the case."""
    ordinary = dict.fromkeys(FIELDS, "") | {"account_name": "Ordinary"}
    lines = ["id," + ",".join(FIELDS)]
    for number, (field, text, _) in enumerate(cases, 1):
        row = ordinary | {field: text}
        lines.append(f"A{number}," + ",".join(f'"{row[name]}"' for name in FIELDS))
    # Keeps every column parseable in at least one row.
    lines.append("GOOD,Good,1,1,1,1,1,true,2024-01-01")
    return "\n".join(lines) + "\n"


def map_all_fields(book: Book) -> None:
    book.map_accounts(columns={name: name for name in FIELDS})


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    book = Book(tmp_path_factory.mktemp("kept"))
    book.write("accounts.csv", account_file(KEPT))
    map_all_fields(book)
    book.ingest()
    return book.rows(
        f"SELECT row_number, {', '.join(FIELDS)} FROM raw_crm__account ORDER BY row_number"
    )


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    book = Book(tmp_path_factory.mktemp("refused"))
    book.write("accounts.csv", account_file(REFUSED))
    map_all_fields(book)
    book.ingest()
    return book.quarantined()


@pytest.mark.parametrize("number", range(len(KEPT)), ids=lambda n: f"{KEPT[n][0]}-{KEPT[n][1]}")
def test_an_odd_but_clear_value_is_kept(kept: list[tuple[Any, ...]], number: int) -> None:
    field, _, expected = KEPT[number]
    row = kept[number]
    assert row[0] == number + 1
    assert row[1 + FIELDS.index(field)] == expected


@pytest.mark.parametrize(
    "number", range(len(REFUSED)), ids=lambda n: f"{REFUSED[n][0]}-{REFUSED[n][1][:20]}"
)
def test_a_bad_value_sets_its_row_aside(refused: list[tuple[Any, ...]], number: int) -> None:
    field, text, rule = REFUSED[number]
    row_number, found_rule, column, value = refused[number]
    assert (row_number, found_rule, column) == (number + 1, rule, field)
    assert (value or "") == text.strip(" ")


def test_nothing_else_is_set_aside(
    kept: list[tuple[Any, ...]], refused: list[tuple[Any, ...]]
) -> None:
    assert len(kept) == len(KEPT) + 1
    assert len(refused) == len(REFUSED)


def test_the_payload_is_the_row_as_it_stood(book: Book) -> None:
    book.write("accounts.csv", 'id,name,"Revenue, ""USD"""\nA1, Acme ,x\nA2,Beta,1\n')
    book.map_accounts(columns={"annual_revenue_usd": 'Revenue, "USD"'})
    book.ingest()
    assert book.rows("SELECT record_id, payload_json::JSON ->> '$.name' FROM quarantined_row") == [
        ("A1", " Acme ")
    ]
    (payload,) = book.rows("SELECT payload_json FROM quarantined_row")[0]
    assert payload == '{"id":"A1","name":" Acme ","Revenue, \\"USD\\"":"x"}'


def test_an_override_names_the_rep_it_needs(book: Book) -> None:
    book.write(
        "overrides.csv", "account,action,rep\nA1,lock,\nA2,assign,\nA3,forbid,R1\nA4,seize,R1\n"
    )
    columns = {"account_id": "account", "action": "action", "rep_id": "rep"}
    book.map({"override": {"file": "overrides.csv", "columns": columns}}, source="plan")
    book.ingest()
    assert book.quarantined() == [
        (2, "missing_value", "rep_id", None),
        (4, "unknown_value", "action", "seize"),
    ]


def test_an_override_names_the_group_it_needs(book: Book) -> None:
    book.write(
        "overrides.csv",
        "account,action,group\nA1,together,G1\nA1,separate,G2\nA1,separate,G3\nA2,separate,\n",
    )
    columns = {"account_id": "account", "action": "action", "group_id": "group"}
    book.map({"override": {"file": "overrides.csv", "columns": columns}}, source="plan")
    book.ingest()
    assert book.quarantined() == [(4, "missing_value", "group_id", None)]
    assert book.rows("SELECT action, group_id FROM raw_plan__override ORDER BY 2") == [
        ("together", "G1"),
        ("separate", "G2"),
        ("separate", "G3"),
    ]
