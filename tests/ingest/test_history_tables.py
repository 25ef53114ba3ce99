"""What a source knows of earlier owners and stages becomes periods like those that were seen."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Book  # type: ignore[import-not-found]

from pipelines.errors import ConfigurationError
from pipelines.ingest import SourceInput, ingest_sources, input_digest, load_mapping
from pipelines.ingest.history import VersionedTable

MAPPINGS = Path(__file__).parents[2] / "config" / "mappings"
A1, A2, D1 = "001000000000001AAA", "001000000000002AAA", "006000000000001AAA"
R1, R2, R3 = (f"00500000000000{number}AAA" for number in (1, 2, 3))


def salesforce(book: Book) -> SourceInput:
    """An organisation of two accounts and a deal, as its objects are exported."""
    book.write(
        "Account.csv",
        f"Id,Name,OwnerId,CreatedDate\n{A1},Acme,{R3},2024-01-01T00:00:00.000+0000\n"
        f"{A2},Beta,{R1},2024-02-01T00:00:00.000+0000\n",
    )
    book.write("User.csv", f"Id,Name\n{R1},Ann\n{R2},Bo\n{R3},Cy\n")
    book.write(
        "Opportunity.csv",
        "Id,AccountId,OwnerId,StageName,IsClosed,IsWon,CreatedDate\n"
        f"{D1},{A1},{R3},Closed Won,true,true,2024-03-01T00:00:00.000+0000\n",
    )
    return SourceInput(MAPPINGS / "salesforce.yaml", book.root)


def periods(book: Book, source: SourceInput, field: str) -> list[tuple[Any, ...]]:
    book.result = ingest_sources(book.connection, [source], run_id="run", max_quarantined_share=1.0)
    return book.rows(
        "SELECT record_id, value, strftime(valid_from_at, '%Y-%m-%d'),"
        " strftime(valid_to_at, '%Y-%m-%d'), is_start_known FROM record_history"
        f" WHERE field_name = '{field}' ORDER BY ALL"
    )


OWNER_CHANGES = (
    "Id,AccountId,Field,OldValue,NewValue,CreatedDate\n"
    f"h0,{A1},created,,,2024-01-01T00:00:00.000+0000\n"
    f"h1,{A1},Owner,Ann,Bo,2024-03-01T10:00:00.000+0000\n"
    f"h2,{A1},Owner,{R1},{R2},2024-03-01T10:00:00.000+0000\n"
    f"h3,{A1},Industry,Retail,Energy,2024-04-01T10:00:00.000+0000\n"
    # Ids of 15 characters, as reports have them.
    f"h4,{A1[:15]},Owner,{R2[:15]},{R3[:15]},2025-05-05T10:00:00.000+0000\n"
    f"h5,001000000000009AAA,Owner,{R1},{R2},2025-01-01T10:00:00.000+0000\n"
)


def test_field_history_of_salesforce_tells_owners_from_before_the_first_load(book: Book) -> None:
    source = salesforce(book)
    before = input_digest([source])
    book.write("AccountHistory.csv", OWNER_CHANGES)
    # When the first owner got the account is not in the table: the account itself says since when
    # it could be. The record that is not there any more has no periods.
    expected = [
        (A1, R1, "2024-01-01", "2024-03-01", False),
        (A1, R2, "2024-03-01", "2025-05-05", True),
        (A1, R3, "2025-05-05", None, True),
    ]
    assert periods(book, source, "owner_rep_id") == expected
    assert book.rows(
        "SELECT account_id, owner_since_date FROM raw_crm__account ORDER BY account_id"
    ) == [(A1, "2025-05-05"), (A2, None)]
    assert input_digest([source]) != before
    # Versions that a connector has seen since then go on where the table ends.
    path = book.root / "versions.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT '{A1}' AS Id, '{R3}' AS OwnerId, '2025-06-01T00:00:00.000Z' AS at"
            f" UNION ALL SELECT '{A2}', '{R1}', '2025-06-01T00:00:00.000Z') TO '{path}'"
        )
    seen = SourceInput(
        source.mapping, source.path, versions=(VersionedTable("Account", path, "at", None),)
    )
    assert periods(book, seen, "owner_rep_id") == [
        *expected,
        (A2, R1, "2025-06-01", None, False),
    ]


STAGES = [
    (D1, "Prospecting", "2024-03-01", "2024-04-01", False),
    (D1, "Closed Won", "2024-04-01", None, True),
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "OpportunityHistory.csv",
            "Id,OpportunityId,StageName,CreatedDate\n"
            f"s1,{D1},Prospecting,2024-03-01T00:00:00.000+0000\n"
            f"s2,{D1},Prospecting,2024-03-09T00:00:00.000+0000\n"
            f"s3,{D1},Closed Won,2024-04-01T00:00:00.000+0000\n",
        ),
        (
            "opportunity_history.csv",
            "id,stage_name,created_date,_fivetran_active,_fivetran_start\n"
            f"{D1},Prospecting,2024-03-01 00:00:00,false,2024-03-01 00:00:00\n"
            f"{D1},Closed Won,2024-03-01 00:00:00,true,2024-04-01 00:00:00\n",
        ),
    ],
)
def test_stages_from_salesforce_and_from_history_mode(book: Book, name: str, text: str) -> None:
    source = salesforce(book)
    book.write(name, text)
    rows = periods(book, source, "stage")
    assert sorted(rows) == sorted(STAGES)
    assert not [one for one in book.result.findings if "histor" in one.message]


def test_the_end_of_a_version_without_another_closes_the_record(book: Book) -> None:
    source = salesforce(book)
    gone, back = "006000000000002AAA", "006000000000003AAA"
    unknown = "006000000000004AAA"
    book.write(
        "opportunity_history.csv",
        "id,stage_name,is_deleted,_fivetran_active,_fivetran_start,_fivetran_end\n"
        f"{D1},Prospecting,false,false,2024-03-01 00:00:00,2024-03-31 23:59:59.999\n"
        # Its own table still has the deal, so the version that ended last holds.
        f"{D1},Closed Won,false,false,2024-04-01 00:00:00,2024-05-01 00:00:00\n"
        f"{gone},Prospecting,false,false,2024-03-01 00:00:00,2024-03-09 23:59:59.999\n"
        f"{gone},Talks,false,false,2024-03-10 00:00:00,2024-06-01 00:00:00\n"
        # Deleted, restored and deleted again, the last time into the recycle bin.
        f"{back},Talks,false,false,2024-03-01 00:00:00,2024-04-01 00:00:00\n"
        f"{back},Talks,false,false,2024-05-01 00:00:00,2024-05-31 23:59:59.999\n"
        f"{back},Talks,true,true,2024-06-01 00:00:00,9999-12-31 23:59:59\n"
        f"{unknown},Talks,false,true,2024-03-01 00:00:00,2050-01-01 00:00:00\n",
    )
    assert sorted(periods(book, source, "stage")) == [
        (D1, "Closed Won", "2024-04-01", None, True),
        (D1, "Prospecting", "2024-03-01", "2024-04-01", False),
        (gone, "Prospecting", "2024-03-01", "2024-03-10", False),
        (gone, "Talks", "2024-03-10", "2024-06-01", True),
        (back, "Talks", "2024-03-01", "2024-04-01", False),
        (back, "Talks", "2024-05-01", "2024-06-01", True),
    ]
    assert book.accounted("history") == {
        ("raw_crm__opportunity", "opportunity_history.csv"): (8, 7, 0, 0, {"unknown_record": 1})
    }


def test_rows_that_tell_nothing_are_set_aside(book: Book) -> None:
    source = salesforce(book)
    book.write(
        "AccountHistory.csv",
        OWNER_CHANGES
        + f"h6,{A2},Owner,{R1},{R2},epoch\nh7,,Owner,{R1},{R2},2025-01-01\nshort\n"
        + OWNER_CHANGES.splitlines()[3]
        + "\n",
    )
    book.write("OpportunityHistory.csv", f"OpportunityId,CreatedDate\n{D1},2024-03-01\n")
    assert len(periods(book, source, "owner_rep_id")) == 3
    assert book.quarantined() == [
        (7, "missing_value", "CreatedDate", None),
        (8, "missing_value", "AccountId", None),
        (9, "wrong_field_count", None, "1 fields instead of 6"),
    ]
    excluded = {"not_asked_for": 2, "other_spelling": 1, "unknown_record": 1}
    assert book.accounted("history") == {
        ("raw_crm__account", "AccountHistory.csv"): (10, 2, 3, 1, excluded),
        ("raw_crm__opportunity", "OpportunityHistory.csv"): (1, 0, 0, 0, {"missing_column": 1}),
    }
    found = {one.rule: one for one in book.result.findings if one.message.count("istory")}
    assert "has no column for stage" in found["missing_column"].message


def test_property_history_of_hubspot_goes_through_the_stages_of_its_pipeline(book: Book) -> None:
    book.write("company.csv", "id,property_name\n1,Acme\n")
    book.write("owner.csv", "owner_id,first_name,last_name\n7,Ann,Lee\n")
    book.write("deal.csv", "deal_id,deal_pipeline_stage_id,owner_id\n5,won1,7\n")
    book.write("deal_company.csv", "deal_id,company_id,type_id\n5,1,5\n")
    book.write(
        "deal_pipeline_stage.csv",
        "stage_id,label,is_closed,closed_won\nopen1,Talks,false,false\nwon1,Signed,true,true\n",
    )
    book.write(
        "deal_property_history.csv",
        "deal_id,name,value,timestamp\n5,dealstage,open1,2026-01-01 09:00:00.5\n"
        "5,amount,10,2026-01-05 09:00:00\n5,dealstage,won1,2026-02-01 09:00:00\n",
    )
    source = SourceInput(MAPPINGS / "hubspot.yaml", book.root)
    assert [row[1:] for row in periods(book, source, "stage")] == [
        ("Signed", "2026-02-01", None, True),
        ("Talks", "2026-01-01", "2026-02-01", False),
    ]
    assert [row[1] for row in periods(book, source, "status")] == ["open", "won"]
    # One file for three fields: a row counts as loaded where any of them takes it.
    assert book.accounted("history") == {
        ("raw_crm__opportunity", "deal_property_history.csv"): (3, 2, 0, 0, {"not_asked_for": 1})
    }
    assert book.accounted("lookup") == {
        ("raw_crm__opportunity", "deal_company.csv"): (1, 1, 0, 0, {}),
        ("raw_crm__opportunity", "deal_pipeline_stage.csv"): (2, 2, 0, 0, {}),
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"field": "stage"}, "owner_rep_id is followed of accounts"),
        ({"value": ""}, "go together"),
        ({"tabel": "x"}, "unknown key .*did you mean 'table'"),
        ({"value_matches": "("}, "value_matches is no pattern"),
        ({"field": "owner_rep_id"}, r"history\.0: account\.owner_rep_id is not mapped"),
    ],
)
def test_a_faulty_entry_is_explained(book: Book, change: dict[str, str], message: str) -> None:
    entry = {
        "entity": "account",
        "field": "owner_rep_id",
        "table": "AccountHistory",
        "record": "AccountId",
        "changed_at": "CreatedDate",
        "changed_field": "Field",
        "changed_field_is": "Owner",
        "value": "NewValue",
    } | change
    lines = "".join(f"    {key}: '{value}'\n" for key, value in entry.items()).replace(
        "    ", "  - ", 1
    )
    book.write(
        "mapping.yaml",
        "source: crm\nentities:\n  account:\n    table: Account\n"
        f"    columns: {{account_id: Id, account_name: Name}}\nhistory:\n{lines}",
    )
    with pytest.raises(ConfigurationError, match=message):
        load_mapping(book.mapping)
