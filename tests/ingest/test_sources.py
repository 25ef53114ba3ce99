"""Several files together: references, findings, digests, the business date."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import Book  # type: ignore[import-not-found]

from pipelines.errors import ConfigurationError
from pipelines.ingest import SourceInput, ingest_sources, input_digest, latest_business_date
from pipelines.ingest.entities import ENTITIES

BOOK: dict[str, Any] = {
    "opportunity": {
        "file": "deals.csv",
        "columns": {
            "opportunity_id": "id",
            "account_id": "account",
            "stage": "stage",
            "status": {"column": "stage", "aliases": {"Won": "won", "Open": "open"}},
            "opened_date": "opened",
            "closed_date": "closed",
        },
    },
    "account": {"file": "accounts.csv", "columns": {"account_id": "id", "account_name": "name"}},
}


@pytest.fixture
def deals(book: Book) -> Book:
    book.write("accounts.csv", "id,name,phone,fax\nA1,Acme,1,2\n")
    book.write(
        "deals.csv",
        "id,account,stage,opened,closed\n"
        "D1,A1,Won,2024-01-01,2024-03-01\n"
        "D2,A9,Won,2024-01-01,2024-03-02\n"
        "D3,,Open,2024-02-01,2024-12-31\n",
    )
    book.map(BOOK)
    return book


def test_every_raw_table_exists(deals: Book) -> None:
    deals.ingest()
    tables = deals.rows(
        "SELECT table_name, list(column_name || ' ' || data_type ORDER BY column_index)"
        " FROM duckdb_columns() WHERE table_name LIKE 'raw_%' GROUP BY table_name"
    )
    assert dict(tables) == {
        entity.table: [f"{field.name} VARCHAR" for field in entity.fields]
        + ["source_file VARCHAR", "row_number BIGINT"]
        for entity in ENTITIES.values()
    }
    assert not deals.rows("SELECT table_name FROM duckdb_tables() WHERE temporary"), (
        "temporary tables are left behind"
    )


def test_a_deal_without_a_known_account_loads_with_a_finding(deals: Book) -> None:
    result = deals.ingest()
    assert result.rows_loaded == 4
    found = deals.rows(
        "SELECT finding_id, severity, affected_rows, message FROM meta_finding ORDER BY ALL"
    )
    assert [row[:3] for row in found] == [
        ("missing_reference:raw_crm__opportunity:account_id", "warning", 1),
        ("unknown_reference:raw_crm__opportunity:account_id", "warning", 1),
        ("unmapped_column:raw_crm__account", "info", 0),
    ]
    assert "A9" in found[1][3]
    assert "phone, fax" in found[2][3]


def test_columns_left_out_on_purpose_are_no_finding(deals: Book) -> None:
    for ignored in (["phone", "fax"], ["*"]):
        account = BOOK["account"] | {"ignore_columns": ignored}
        deals.map(BOOK | {"account": account})
        rules = {finding.rule for finding in deals.ingest().findings}
        assert rules == {"missing_reference", "unknown_reference"}


def test_an_entity_comes_from_one_source(deals: Book) -> None:
    source = SourceInput(deals.mapping, deals.root)
    with pytest.raises(ConfigurationError, match=r"already provides crm\.(account|opportunity)"):
        ingest_sources(deals.connection, [source, source], run_id="run")


def test_the_digest_follows_content_not_place(deals: Book, tmp_path: Path) -> None:
    source = SourceInput(deals.mapping, deals.root)
    digest = input_digest([source])
    assert len(digest) == 64

    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for path in list(deals.root.glob("*.*")):
        shutil.copy(path, moved)
    copied = SourceInput(moved / "mapping.yaml", moved)
    assert input_digest([copied]) == digest

    commented = copied.mapping.read_text() + "# a remark\n"
    copied.mapping.write_text(commented)
    assert input_digest([copied]) == digest

    (moved / "accounts.csv").write_text("id,name,phone,fax\nA1,Acme,1,3\n")
    assert input_digest([copied]) != digest


def test_the_digest_follows_mapping_and_lookups(deals: Book) -> None:
    source = SourceInput(deals.mapping, deals.root)
    before = input_digest([source])
    deals.write("offices.csv", "code,name\n1,East\n")
    lookup = {"file": "offices.csv", "key": "code", "value": "name"}
    columns = BOOK["account"]["columns"] | {"segment": {"column": "phone", "lookup": lookup}}
    deals.map(BOOK | {"account": BOOK["account"] | {"columns": columns}})
    mapped = input_digest([source])
    deals.write("offices.csv", "code,name\n1,West\n")
    assert len({before, mapped, input_digest([source])}) == 3


@pytest.mark.parametrize(
    ("not_after", "expected"),
    [
        (date(2030, 1, 1), date(2024, 3, 2)),
        (date(2024, 3, 1), date(2024, 3, 1)),
        (date(2024, 2, 15), date(2024, 2, 1)),
        (date(2020, 1, 1), None),
    ],
)
def test_forecast_closings_are_no_business_dates(
    deals: Book, not_after: date, expected: date | None
) -> None:
    deals.ingest()
    assert latest_business_date(deals.connection, not_after) == expected


def test_activities_count_as_business_dates(book: Book) -> None:
    book.write("calls.csv", "id,account,day\nC1,A1,2024-06-01\n")
    columns = {"activity_id": "id", "account_id": "account", "activity_date": "day"}
    book.map({"activity": {"file": "calls.csv", "columns": columns}})
    book.ingest()
    assert latest_business_date(book.connection, date(2030, 1, 1)) == date(2024, 6, 1)


def test_salesforce_ids_of_two_lengths_are_one_reference(book: Book) -> None:
    """A report writes 15 characters where the API writes 18; what leads nowhere stays."""
    book.write("accounts.csv", "id,name\n0015e000023IJ9xAAG,Acme\n0015e000023IJ9y,Beta\n")
    book.write(
        "deals.csv",
        "id,account,stage\nD1,0015e000023IJ9x,won\nD2,0015e000023IJ9yAAG,won\n"
        "D3,0015e000023IJ9xAAG,won\nD4,0015e000023IJ9X,won\n",
    )
    deal = {"opportunity_id": "id", "account_id": "account", "stage": "stage", "status": "stage"}
    book.map(
        {
            "account": {
                "file": "accounts.csv",
                "columns": {"account_id": "id", "account_name": "name"},
            },
            "opportunity": {"file": "deals.csv", "columns": deal},
        }
    )
    book.ingest()
    assert book.rows("SELECT account_id FROM raw_crm__opportunity ORDER BY opportunity_id") == [
        ("0015e000023IJ9xAAG",),
        ("0015e000023IJ9y",),
        ("0015e000023IJ9xAAG",),
        ("0015e000023IJ9X",),
    ]
    assert book.rows(
        "SELECT rule, record_id, value, repaired_value FROM meta_finding_row ORDER BY record_id"
    ) == [
        ("id_respelt", "D1", "0015e000023IJ9x", "0015e000023IJ9xAAG"),
        ("id_respelt", "D2", "0015e000023IJ9yAAG", "0015e000023IJ9y"),
        ("unknown_reference", "D4", "0015e000023IJ9X", None),
    ]
