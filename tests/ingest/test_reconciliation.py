"""Every row read is loaded, quarantined, a duplicate or excluded, and can be found again."""

import csv
import io
import json
import unicodedata
from pathlib import Path

import pytest
from conftest import Book  # type: ignore[import-not-found]
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import GateError, InputError
from pipelines.ingest import FileLoad


def counts(load: FileLoad) -> tuple[int, int, int, int, int]:
    return (
        load.rows_read,
        load.rows_loaded,
        load.rows_quarantined,
        load.rows_duplicate,
        load.rows_excluded,
    )


def test_each_row_ends_in_one_place(book: Book) -> None:
    book.write(
        "accounts.csv",
        "id,name,revenue,kind\n"
        "A1,Acme,1,real\n"  # 1 loaded
        "A1,Acme,1,real\n"  # 2 duplicate
        "A1,Acme Inc,1,real\n"  # 3 the same key with other content
        "A2,Beta,x,real\n"  # 4 no number
        "A3,Gamma,1,test\n"  # 5 excluded
        "A4,Delta\n"  # 6 too few fields
        '"A5","Two\nlines",1,real\n'  # 7 loaded
        "A6,Zeta,1,real,more\n"  # 8 too many fields
        "A7,Eta,1,\n"  # 9 excluded: not_in also holds for null
        "a1,acme,1,real\n",  # 10 loaded: ids are case-sensitive
    )
    book.map_accounts(
        columns={"annual_revenue_usd": "revenue"},
        exclude=[
            {"rule": "test_account", "column": "kind", "equals": "test"},
            {"rule": "not_real", "column": "kind", "not_in": ["real"]},
        ],
    )
    (load,) = book.ingest().loads
    assert counts(load) == (10, 3, 4, 1, 2)
    assert load.is_reconciled()
    assert load.excluded_by == {"not_real": 1, "test_account": 1}
    assert book.quarantined() == [
        (3, "duplicate_key", "account_id", "A1"),
        (4, "not_a_number", "annual_revenue_usd", "x"),
        (6, "wrong_field_count", None, "2 fields instead of 4"),
        (8, "wrong_field_count", None, "5 fields instead of 4"),
    ]
    assert book.rows("SELECT row_number, account_id FROM raw_crm__account ORDER BY 1") == [
        (1, "A1"),
        (7, "A5"),
        (10, "a1"),
    ]
    assert book.rows("SELECT payload_json FROM quarantined_row WHERE row_number = 8") == [
        ('{"line": "A6,Zeta,1,real,more"}',)
    ]
    (ledger,) = book.rows("SELECT * FROM meta_load")
    assert ledger[0:3] == ("raw_crm__account", "accounts.csv", "records")
    assert ledger[4:9] == (10, 3, 4, 1, 2)
    assert json.loads(ledger[9]) == {"not_real": 1, "test_account": 1}


def test_a_file_that_is_looked_up_in_adds_up_too(book: Book) -> None:
    book.write("accounts.csv", "id,name,zip\nA1,Acme,1\nA2,Beta,2\n")
    book.write(
        "zips.csv",
        "zip,city,state,share,use\n"
        "1,Boston,MA,0.9,yes\n"
        "1,Boston,MA,0.9,yes\n"  # 2 the same again
        "1,Quincy,MA,0.1,yes\n"  # 3 another one is larger, and the state is known
        "2,Aston,PA,0.5,yes\n"
        "2,Upland,PA,0.5,yes\n"  # 5 as large, so the smallest name; its state is known
        "2,Chester,PA,0.5,no\n"  # 6 not asked for
        ",Nowhere,PA,1,yes\n"  # 7 no key
        "3,Short\n",  # 8 too few fields
    )

    def looked_up(value: str) -> dict[str, object]:
        lookup = {"file": "zips.csv", "key": "zip", "value": value, "largest": ["share"]}
        where = {"column": "use", "equals": "yes"}
        return {"column": "zip", "lookup": lookup | {"if_repeated": "smallest", "where": where}}

    book.map_accounts(columns={"city": looked_up("city"), "state": looked_up("state")})
    result = book.ingest()
    assert book.rows("SELECT city, state FROM raw_crm__account ORDER BY account_id") == [
        ("Boston", "MA"),
        ("Aston", "PA"),
    ]
    excluded = {"not_asked_for": 1, "not_preferred": 1}
    assert book.accounted("lookup") == {("raw_crm__account", "zips.csv"): (8, 2, 2, 2, excluded)}
    assert book.quarantined() == [
        (7, "missing_value", "zip", None),
        (8, "wrong_field_count", None, "2 fields instead of 5"),
    ]
    assert '"Nowhere"' in book.rows("SELECT payload_json FROM quarantined_row")[0][0]
    assert (result.rows_read, result.rows_loaded) == (2, 2)
    with pytest.raises(GateError, match=r"zips\.csv: 2 of 8 rows are quarantined"):
        book.ingest(max_quarantined_share=0.05)


def test_duplicates_compare_what_is_mapped(book: Book) -> None:
    book.write("accounts.csv", "id,name,seen\nA1,Acme,monday\nA1, Acme ,tuesday\n")
    book.map_accounts()
    (load,) = book.ingest().loads
    assert counts(load) == (2, 1, 0, 1, 0)


def test_overrides_of_one_account_differ_by_rep(book: Book) -> None:
    book.write(
        "overrides.csv",
        "account,action,rep\nA1,forbid,R1\nA1,forbid,R2\nA1,lock,\nA1,lock,\n",
    )
    columns = {"account_id": "account", "action": "action", "rep_id": "rep"}
    book.map({"override": {"file": "overrides.csv", "columns": columns}}, source="plan")
    (load,) = book.ingest().loads
    assert counts(load) == (4, 3, 0, 1, 0)


def test_an_export_without_the_newer_columns_still_loads(book: Book) -> None:
    book.write("accounts.csv", "id,name\nA1,Acme\n")
    book.map_accounts()
    (load,) = book.ingest().loads
    assert counts(load) == (1, 1, 0, 0, 0)
    assert book.rows("SELECT renewal_date, is_strategic FROM raw_crm__account") == [(None, None)]


def test_row_numbers_hold_behind_many_malformed_rows(book: Book) -> None:
    # Rows 1, 2, 5 and every hundredth are malformed; ids tell each row's true number.
    bad = {1, 2, 5, *range(100, 40_000, 100)}
    lines = [f"A{n}" if n in bad else f"A{n},x{n}" for n in range(1, 40_001)]
    book.write("accounts.csv", "id,name\n" + "\n".join(lines) + "\n")
    book.map_accounts()
    (load,) = book.ingest().loads
    assert counts(load) == (40_000, 40_000 - len(bad), len(bad), 0, 0)
    assert book.rows(
        "SELECT count(*) FROM raw_crm__account WHERE account_id <> 'A' || row_number"
    ) == [(0,)]
    assert {row[0] for row in book.quarantined()} == bad


def test_a_gate_stops_above_the_threshold_and_the_quarantine_stays(book: Book) -> None:
    rows = "".join(f"A{n},Name,{'x' if n < 6 else 1}\n" for n in range(100))
    book.write("accounts.csv", "id,name,revenue\n" + rows)
    book.map_accounts(columns={"annual_revenue_usd": "revenue"})
    assert book.ingest(max_quarantined_share=0.06).rows_quarantined == 6
    with pytest.raises(GateError, match=r"6 of 100 rows are quarantined.*limit of 5.0%") as raised:
        book.ingest(max_quarantined_share=0.05)
    assert "not_a_number in annual_revenue_usd: 6 rows, first row 1" in str(raised.value)
    assert raised.value.exit_code == 3
    assert len(book.quarantined()) == 6
    assert book.rows("SELECT count(*) FROM raw_crm__account") == [(94,)]


def test_a_refused_file_leaves_the_tables_as_they_were(book: Book) -> None:
    book.write("accounts.csv", "id,name\nA1,Acme\n")
    book.map_accounts()
    book.ingest()
    book.write("accounts.csv", "<html>")
    with pytest.raises(InputError):
        book.ingest()
    assert book.rows("SELECT account_id FROM raw_crm__account") == [("A1",)]
    assert book.rows("SELECT count(*) FROM meta_load") == [(1,)]


def test_progress_names_each_file(book: Book) -> None:
    book.write("accounts.csv", "id,name\nA1,Acme\n")
    book.map_accounts()
    calls: list[tuple[str, int, int]] = []
    book.ingest(progress=lambda *call: calls.append(call))
    assert calls == [("Reading accounts.csv", 0, 1), ("Input read", 1, 1)]


def test_the_number_of_threads_changes_nothing(book: Book) -> None:
    rows = "".join(f"A{n % 900},Name {n % 1800},{n % 7 or 'x'}\n" for n in range(5_000))
    book.write("accounts.csv", "id,name,revenue\n" + rows)
    book.map_accounts(columns={"annual_revenue_usd": "revenue"})
    seen = []
    for threads in (1, 2, 4):
        book.connection.execute(f"SET threads = {threads}")
        book.ingest()
        seen.append(
            [
                book.rows(f"SELECT * FROM {table} ORDER BY ALL")
                for table in ("raw_crm__account", "quarantined_row", "meta_load", "meta_finding")
            ]
        )
    assert seen[0] == seen[1] == seen[2]


texts = st.text(
    alphabet=st.characters(exclude_characters="\0\r", exclude_categories=("Cs", "Cc")), max_size=20
)


@settings(max_examples=30, deadline=None)
@given(names=st.lists(texts, min_size=1, max_size=8))
def test_any_text_comes_through_a_csv_unharmed(
    names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    book = Book(Path(tmp_path_factory.mktemp("text")))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["id", "name", "street"])
    writer.writerows([f"A{n}", "x", name] for n, name in enumerate(names))
    book.write("accounts.csv", out.getvalue())
    book.map_accounts(columns={"street": {"column": "street", "null_tokens": []}})
    book.ingest()
    spaces = " \t\r\n\u00a0\u2007\u202f\u3000\u200b\u200c\u200d\u2060\ufeff"
    expected = [(unicodedata.normalize("NFC", name).strip(spaces),) for name in names]
    assert book.rows("SELECT street FROM raw_crm__account ORDER BY row_number") == expected
    book.connection.close()
