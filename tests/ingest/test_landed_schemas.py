"""CRM tables as loading tools land them: any spelling, several tables, missing columns."""

import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import Book  # type: ignore[import-not-found]
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import ConfigurationError, InputError
from pipelines.ingest import IngestResult, SourceInput, ingest_sources
from pipelines.ingest.spelling import folded, respell

ROOT = Path(__file__).parents[2]
MAPPINGS = ROOT / "config" / "mappings"
REAL_DATA = Path(os.environ.get("TERRITORY_REAL_DATA", ROOT / ".." / "shared" / "data"))

needs_real_data = pytest.mark.skipif(
    not REAL_DATA.is_dir(), reason=f"no data at {REAL_DATA}; set TERRITORY_REAL_DATA to its folder"
)

# A field in the spelling of the API and of Airbyte, of Fivetran, and of dlt.
SPELLINGS = [
    ("Product2Id", "product_2_id", "product2_id"),
    ("IsExcludedFromTerritory2Filter", "is_excluded_from_territory_2_filter", "x"),
    ("Health_Score__c", "health_score_c", "health_score__c"),
    ("name", "property_name", "properties__name"),
    ("hs_all-funky-a9384-syntax", "property_hs_all-funky-a9384-syntax", "x"),
]


@pytest.mark.parametrize("spellings", SPELLINGS)
def test_the_spellings_of_a_name_are_one(spellings: tuple[str, ...]) -> None:
    assert len({folded(spelling) for spelling in spellings if spelling != "x"}) == 1


@given(st.lists(st.text("aBc_1", min_size=1, max_size=6), unique=True))
def test_respelling_never_touches_a_column_that_is_spelt_as_wanted(columns: list[str]) -> None:
    assert respell(columns, columns, "file") == columns


def test_two_spellings_side_by_side_are_refused_unless_one_is_exact() -> None:
    with pytest.raises(InputError, match=r"'OwnerId' may be owner_id, ownerid"):
        respell(["OwnerId"], ["owner_id", "ownerid"], "file")
    assert respell(["OwnerId"], ["owner_id", "OwnerId"], "f") == ["owner_id", "OwnerId"]


FIVETRAN = {"id": "A1", "name": "Acme", "owner_id": "R1", "is_deleted": "false", "tier_c": "gold"}
AIRBYTE = {"Id": "A1", "Name": "Acme", "OwnerId": "R1", "IsDeleted": False, "Tier__c": "gold"}
DLT = {"id": "A1", "name": "Acme", "owner_id": "R1", "is_deleted": False, "tier__c": "gold"}
MAPPED: dict[str, Any] = {
    "table": "Account",
    "spelling": "any",
    "columns": {"account_id": "Id", "account_name": "Name", "owner_rep_id": "OwnerId"},
    "exclude": [{"rule": "soft_deleted", "column": "IsDeleted", "in": ["true"]}],
    "pass_through": ["Tier__c"],
}


@pytest.mark.parametrize(
    ("file", "row"),
    [
        ("account.csv", FIVETRAN),
        ("Account.parquet", AIRBYTE),
        ("account.parquet", DLT),
        ("account.jsonl", DLT),
    ],
)
def test_one_mapping_reads_every_tool(book: Book, file: str, row: dict[str, Any]) -> None:
    deleted = row | {name: "A2" for name in row if name.lower() == "id"}
    deleted |= {name: True for name in row if "eleted" in name}
    frame = pl.DataFrame([row, deleted], strict=False)
    write = {"csv": frame.write_csv, "parquet": frame.write_parquet, "jsonl": frame.write_ndjson}
    if file.endswith("csv"):
        frame = pl.DataFrame([row, deleted | {"is_deleted": "true"}])
        write["csv"] = frame.write_csv
    write[file.rpartition(".")[2]](book.root / file)
    book.map({"account": MAPPED})
    (load,) = book.ingest().loads
    assert load.excluded_by == {"soft_deleted": 1}
    assert book.rows("SELECT account_id, account_name, owner_rep_id FROM raw_crm__account") == [
        ("A1", "Acme", "R1")
    ]
    assert book.rows("FROM custom_field") == [("account", "A1", "Tier__c", "gold")]


def test_a_missing_column_is_a_null_with_a_warning_where_the_mapping_says_so(book: Book) -> None:
    book.write("account.csv", "Id,Name\nA1,Acme\n")
    entity = MAPPED | {"missing_columns": "null"}
    entity["exclude"] = [entity["exclude"][0] | {"optional": True}]
    book.map({"account": entity})
    findings = book.ingest().findings
    assert [(f.severity, f.rule, f.column_name, f.record_id) for f in findings] == [
        ("warning", "missing_column", "owner_rep_id", None),
        ("warning", "missing_column", None, "Tier__c"),
    ]
    assert book.rows("SELECT account_id, owner_rep_id FROM raw_crm__account") == [("A1", None)]
    book.map({"account": MAPPED})
    with pytest.raises(InputError, match="column 'OwnerId' is missing"):
        book.ingest()


def test_a_required_column_that_is_missing_is_refused_in_any_case(book: Book) -> None:
    book.write("account.csv", "Id,Nmae\nA1,Acme\n")
    book.map({"account": MAPPED | {"missing_columns": "null", "exclude": []}})
    with pytest.raises(InputError, match=r"column 'Name' is missing \(did you mean 'Nmae'\?\)"):
        book.ingest()


def test_a_table_that_could_be_two_files_is_refused(book: Book) -> None:
    book.write("account.csv", "Id,Name\nA1,Acme\n")
    book.write("Account.csv.gz", b"")
    book.map({"account": MAPPED})
    with pytest.raises(InputError, match="'Account' may be 2 files"):
        book.ingest()


def test_a_missing_table_names_its_neighbour(book: Book) -> None:
    book.write("acounts.csv", "Id,Name\nA1,Acme\n")
    book.map({"account": MAPPED})
    with pytest.raises(InputError, match=r"no table 'Account' \(did you mean 'acounts'\?\)"):
        book.ingest()


def test_one_entity_from_two_tables(book: Book) -> None:
    book.write("Task.csv", "Id,Account,Day\nT1,A1,2026-01-02\nX,A1,2026-01-03\n,A1,2026-01-01\n")
    book.write("Event.csv", "Id,Account,Day\nE1,A1,2026-01-02\nX,A1,2026-01-03\nX,A1,2026-02-03\n")
    part = {"columns": {"activity_id": "Id", "account_id": "Account", "activity_date": "Day"}}
    book.map({"activity": [{"table": "Task"} | part, {"table": "Event"} | part]})
    task, event = book.ingest().loads
    assert (task.rows_loaded, task.rows_quarantined, task.rows_duplicate) == (2, 1, 0)
    # X stands in both: once the same, once with another date.
    assert (event.rows_loaded, event.rows_quarantined, event.rows_duplicate) == (1, 1, 1)
    assert book.rows("SELECT source_file, rule FROM quarantined_row ORDER BY 1") == [
        ("Event.csv", "duplicate_key"),
        ("Task.csv", "missing_value"),
    ]
    assert book.rows("SELECT activity_id, source_file FROM raw_crm__activity ORDER BY 1") == [
        ("E1", "Event.csv"),
        ("T1", "Task.csv"),
        ("X", "Task.csv"),
    ]


def test_several_files_of_one_pattern_or_one_directory(book: Book) -> None:
    (book.root / "days").mkdir()
    book.write("days/b.csv", "id,name\nA2,Beta\nA1,Acme\n")
    book.write("days/a.csv", "id,name\nA1,Acme\n")
    book.write("days/readme.txt", "no table")
    for file in ("days/*.csv", "days", "**/*.csv"):
        book.map_accounts(file=file, several=True)
        loads = {load.source_file: load for load in book.ingest().loads}
        assert (loads["days/a.csv"].rows_loaded, loads["days/b.csv"].rows_duplicate) == (1, 1)
        assert book.rows("SELECT count(*) FROM raw_crm__account") == [(2,)]


def test_a_deal_meets_its_preferred_company(book: Book) -> None:
    book.write("deal.csv", "id,stage\nD1,x\nD2,x\nD3,x\n")
    book.write(
        "deal_company.csv",
        "deal_id,company_id,type_id\nD1,C9,5\nD1,C1,341\nD2,C2,341\nD2,C3,341\nD2,C2,9\n",
    )
    book.write("stages.csv", "id,is_closed,is_won\nx,true,false\n")
    columns = {
        "opportunity_id": "id",
        "stage": "stage",
        "account_id": {
            "column": "id",
            "lookup": {
                "file": "deal_company",
                "key": "deal_id",
                "value": "company_id",
                "prefer": {"column": "type_id", "equals": "5"},
                "if_repeated": "smallest",
            },
        },
        "status": {
            "column": "stage",
            "lookup": {"file": "stages", "key": "id", "value": "{is_closed}/{is_won}"},
            "aliases": {"true/false": "lost"},
        },
    }
    book.map({"opportunity": {"file": "deal.csv", "columns": columns}})
    findings = book.ingest().findings
    assert book.rows(
        "SELECT opportunity_id, account_id, status FROM raw_crm__opportunity ORDER BY 1"
    ) == [("D1", "C9", "lost"), ("D2", "C2", "lost"), ("D3", None, "lost")]
    assert {(f.rule, f.affected_rows) for f in findings} >= {("ambiguous_code", 1)}
    lookup = columns["account_id"]["lookup"]  # type: ignore[index]
    lookup["if_repeated"] = "refuse"
    book.map({"opportunity": {"file": "deal.csv", "columns": columns}})
    with pytest.raises(InputError, match="'deal_id' 'D2' has two values"):
        book.ingest()


def test_ids_of_15_characters_get_their_suffix(book: Book) -> None:
    # Pairs that Salesforce itself gives in its documentation and seeds.
    pairs = [
        ("0015500000Xyy06", "0015500000Xyy06AAB"),
        ("006q000000Hddoh", "006q000000HddohAAB"),
        ("0051G000005MumpQAC", "0051G000005MumpQAC"),
        ("A-100", "A-100"),
        ("0061G00000Ja7B6", "0061G00000Ja7B6QAJ"),
    ]
    book.write("accounts.csv", "id,name\n" + "".join(f"{short},x\n" for short, _ in pairs))
    book.map_accounts(columns={"account_id": {"column": "id", "salesforce_id": True}})
    book.ingest()
    assert book.rows("SELECT account_id FROM raw_crm__account ORDER BY row_number") == [
        (full,) for _, full in pairs
    ]


def test_the_latest_year_among_the_columns_is_read(book: Book) -> None:
    book.write("p.csv", "fips,POPESTIMATE2022,POPESTIMATE2023,POPESTIMATESBASE\n01001,1,2,3\n")
    columns = {"county_fips": "fips", "population": {"last_column_like": "POPESTIMATE[0-9]{4}"}}
    book.map(
        {"county_population": {"file": "p.csv", "columns": columns, "ignore_columns": ["*"]}},
        source="market",
    )
    book.ingest()
    assert book.rows("SELECT population FROM raw_market__county_population") == [("2",)]


@pytest.mark.parametrize(
    ("entity", "message"),
    [
        ({"table": "Account", "file": "a.csv"}, "exactly one of file, table"),
        ({"pass_through": ["x"], "table": "A", "exclude": [{"rule": "r", "field": "city",
          "is_null": True}]}, "field 'city' is not mapped"),
        ({"table": "A", "exclude": [{"rule": "r", "is_null": True}]}, "one of column, field"),
    ],
)  # fmt: skip
def test_a_faulty_mapping_is_explained(book: Book, entity: dict[str, Any], message: str) -> None:
    book.map({"account": {"columns": {"account_id": "id", "account_name": "name"}} | entity})
    with pytest.raises(ConfigurationError, match=message):
        book.ingest()


def ingest_seeds(mapping: str, folder: str, prefix: str = "") -> tuple[IngestResult, Any]:
    import duckdb

    connection = duckdb.connect()
    source = SourceInput(MAPPINGS / mapping, REAL_DATA / folder, prefix, "_data")
    return ingest_sources(connection, [source], run_id="run"), connection


@needs_real_data
def test_the_salesforce_seeds_of_fivetran_load() -> None:
    result, _ = ingest_seeds("salesforce.yaml", "salesforce_fivetran_seeds", "sf_")
    loads = {load.source_file: load for load in result.loads}
    assert {name: (load.rows_read, load.rows_loaded) for name, load in loads.items()} == {
        "sf_account_data.csv": (10, 1),
        "sf_user_data.csv": (10, 4),
        "sf_product_2_data.csv": (2, 2),
        "sf_opportunity_data.csv": (10, 0),
        "sf_opportunity_line_item_data.csv": (10, 10),
        "sf_task_data.csv": (10, 9),
        "sf_event_data.csv": (10, 10),
        "sf_user_role_data.csv": (10, 10),
        "sf_account_history_data.csv": (10, 10),
        "sf_opportunity_history_data.csv": (10, 10),
        "sf_contact_data.csv": (4, 0),
    }
    assert all(load.is_reconciled() for load in loads.values())
    assert loads["sf_opportunity_data.csv"].excluded_by == {"soft_deleted": 10}
    assert {f.rule for f in result.findings} >= {"all_rows_excluded", "missing_column"}


@needs_real_data
def test_the_hubspot_seeds_of_fivetran_load() -> None:
    result, connection = ingest_seeds("hubspot.yaml", "hubspot_fivetran_seeds")
    loads = {load.source_file: load for load in result.loads}
    assert (loads["company_data.csv"].rows_loaded, loads["deal_data.csv"].rows_loaded) == (24, 44)
    assert loads["owner_data.csv"].rows_loaded == 100
    assert loads["engagement_meeting_data.csv"].excluded_by == {"without_company": 100}
    assert all(load.is_reconciled() for load in loads.values())
    assert connection.execute("SELECT DISTINCT status, stage FROM raw_crm__opportunity").fetchall()
    missing = {f.column_name for f in result.findings if f.rule == "missing_column"}
    assert missing >= {"parent_account_id", "employee_count", "postal_code"}
