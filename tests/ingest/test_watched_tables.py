"""Tables that are only checked: their rows add up, and what is wrong with them is named."""

from pathlib import Path

import pytest
from conftest import Book  # type: ignore[import-not-found]

from pipelines.errors import ConfigurationError, InputError
from pipelines.ingest import SourceInput, input_digest

A1, C1, C2, C3 = "001000000000001AAA", *(f"00300000000000{n}AAA" for n in (1, 2, 3))

CONTACTS = (
    "id,account_id,is_deleted,name\n"
    f"{C1},{A1[:15]},false,Ann\n"  # 1 the account by its short id
    f"{C1},{A1[:15]},false,Ann\n"  # 2 the same again
    f"{C1},{A1},false,Anna\n"  # 3 the same key with other content
    f",{A1},false,Bo\n"  # 4 no key
    f"{C2[:-1]},001000000000009AAA,false,Cy\n"  # 5 seventeen characters, an unknown account
    f"x,001000000000009AAA,TRUE,Di\n"  # 6 deleted
    f"{C3},,false,Ed\n"  # 7 of no account
    "short\n"
)


def watched(book: Book, **options: object) -> SourceInput:
    book.write("Account.csv", f"Id,Name\n{A1},Acme\n")
    entry = {
        "table": "Contact",
        "key": "Id",
        "salesforce_id": "true",
        "references": {"AccountId": "account"},
        "exclude": [{"rule": "soft_deleted", "column": "IsDeleted", "in": ["true", "TRUE"]}],
    } | options
    columns = {"account_id": {"column": "Id", "salesforce_id": "true"}, "account_name": "Name"}
    account = {"table": "Account", "columns": columns}
    book.map({"account": account}, watch=[entry])
    return SourceInput(book.mapping, book.root)


def test_a_watched_table_adds_up_and_names_what_is_wrong(book: Book) -> None:
    source = watched(book)
    book.write("contact.csv", CONTACTS)
    before = input_digest([source])
    result = book.ingest()
    assert book.accounted("watched") == {
        ("crm.Contact", "contact.csv"): (8, 0, 3, 1, {"only_checked": 3, "soft_deleted": 1})
    }
    assert book.quarantined() == [
        (3, "duplicate_key", "Id", C1),
        (4, "missing_value", "Id", None),
        (8, "wrong_field_count", None, "1 fields instead of 4"),
    ]
    assert book.rows(
        "SELECT rule, column_name, row_number, value FROM meta_finding_row"
        " WHERE table_name = 'crm.Contact' ORDER BY ALL"
    ) == [
        ("not_a_salesforce_id", "Id", 5, C2[:-1]),
        ("unknown_reference", "AccountId", 5, "001000000000009AAA"),
    ]
    assert (result.rows_read, result.rows_loaded) == (1, 1)
    assert book.rows("SELECT count(*) FROM information_schema.tables WHERE"
                     " table_name ILIKE '%contact%'") == [(0,)]  # fmt: skip
    book.write("contact.csv", CONTACTS + f"{C2},,false,Flo\n")
    assert input_digest([source]) != before


def test_a_watched_table_that_is_absent_or_has_no_key(book: Book, tmp_path: Path) -> None:
    watched(book)
    with pytest.raises(InputError, match="no table 'Contact'"):
        book.ingest()
    watched(book, optional="true")
    assert book.ingest().findings == ()
    book.write("contact.csv", "ident,name\nx,y\n")
    with pytest.raises(InputError, match=r"contact\.csv: column 'Id' is missing"):
        book.ingest()
    watched(book, references={"AccountId": "acount"})
    with pytest.raises(ConfigurationError, match=r"'acount' is not mapped .*'account'"):
        book.ingest()
