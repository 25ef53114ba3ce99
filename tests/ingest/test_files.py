"""Whole files: what is read in any shape, and what is refused as a whole with one message."""

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from conftest import Book  # type: ignore[import-not-found]

from pipelines.errors import MESSAGE_LIMIT_CHARACTERS, InputError
from pipelines.ingest.source_file import SourceFile, read_header

GOOD = "id,name\nA1,Acme\nA2,Beta\n"
UNTERMINATED = 'id,name\nA1,"Acme\n' + "".join(f"A{n},x\n" for n in range(2, 10_000))

ZSTD = pa.compress(GOOD.encode() * 50, codec="zstd", asbytes=True)

# (file name, content, message)
REFUSED: dict[str, tuple[str, bytes, str]] = {
    "empty": ("accounts.csv", b"", "is empty, not even a heading"),
    "header only": ("accounts.csv", b"id,name", "holds no row of account"),
    "login page": (
        "accounts.csv",
        b"\n<!DOCTYPE html><html><body>Log in</body></html>",
        "is a web page or XML",
    ),
    "json error": ("accounts.csv", b'{"error": "forbidden"}', "is JSON, not a delimited table"),
    "nul bytes": ("accounts.csv", b"id,name\nA1,A\0cme\n", "line 2 holds a NUL byte"),
    "one broken byte in UTF-8": (
        "accounts.csv",
        "id,name\nA1,Zoë\n".encode() + "A2,Müller\n".encode("windows-1252"),
        r"line 3 is not utf-8 text \(byte 0xfc\); set csv.encoding",
    ),
    "bytes no encoding has": (
        "accounts.csv",
        b"id,name\nA1,x\nA2,\x81\xfc\n",
        r"line 3 is not utf-8 text \(byte 0x81\)",
    ),
    "utf-16 cut inside a character": ("accounts.csv", GOOD.encode("utf-16")[:-1], "utf-16 text"),
    "parquet": ("accounts.csv", b"PAR1xxxxPAR1", "is a Parquet file"),
    "excel": ("accounts.csv", b"PK\x03\x04xxxx", "is a ZIP or Excel file"),
    "gzip": ("accounts.csv", gzip.compress(GOOD.encode()), "is gzip-compressed; name it .gz"),
    "zstd": ("accounts.csv", ZSTD, "compressed with Zstandard; name it .zst"),
    "cut-off zstd": ("accounts.csv.zst", ZSTD[:-20], "Zstandard archive is damaged or cut off"),
    "no zstd": ("accounts.csv.zst", GOOD.encode(), "Zstandard archive is damaged"),
    "cut-off gzip": (
        "accounts.csv.gz",
        gzip.compress(GOOD.encode() * 1000)[:-20],
        "gzip archive is damaged or cut off",
    ),
    "no gzip": ("accounts.csv.gz", GOOD.encode(), "gzip archive is damaged"),
    "parquet without footer": ("accounts.parquet", b"PAR1" + b"x" * 200, "no Parquet file"),
    "csv as parquet": ("accounts.parquet", GOOD.encode(), "is no Parquet file"),
    "json array": ("accounts.jsonl", b'[{"id": 1}]', "one JSON object a line"),
    "unterminated quote": (
        "accounts.csv",
        UNTERMINATED.encode(),
        "a quote opened on line 2 is never closed",
    ),
    "quote closed far below": (
        "accounts.csv",
        b'id,name\nA1,"Acme\nA2,x\nA3,"y"\nA4,z\n',
        "a quote opened on line 2 is never closed",
    ),
    "twice the same heading": (
        "accounts.csv",
        b"id,name,name\nA1,x,y\n",
        "the heading 'name' stands 2 times",
    ),
    "missing column": (
        "accounts.csv",
        b"id,nmae\nA1,x\n",
        r"column 'name' is missing \(did you mean 'nmae'\?\)",
    ),
    "other case": (
        "accounts.csv",
        b"ID,name\nA1,x\n",
        r"column 'id' is missing \(did you mean 'ID'\?\)",
    ),
    "semicolons": ("accounts.csv", b"id;name\nA1;x\n", "so set csv.delimiter"),
    "other delimiter inside": (
        "accounts.csv",
        b"id,name\nA1;x\nA2;y\n",
        "no line has the 2 fields of the heading",
    ),
    "required column empty": (
        "accounts.csv",
        b"id,name\nA1,\nA2,\n",
        r"column 'name' \(account.account_name\) is empty in all 2 rows",
    ),
    "unknown kind": ("accounts.dat", b"x", "cannot tell its format from the name"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_trusted_is_refused(book: Book, case: str) -> None:
    name, content, message = REFUSED[case]
    book.write(name, content)
    book.map_accounts(file=name)
    with pytest.raises(InputError, match=message) as raised:
        book.ingest()
    text = str(raised.value)
    assert name in text
    assert len(text) < MESSAGE_LIMIT_CHARACTERS
    assert raised.value.exit_code == 2


def test_a_missing_file_is_named_with_its_neighbour(book: Book) -> None:
    book.write("acounts.csv", GOOD)
    book.map_accounts()
    with pytest.raises(InputError, match=r"no such file \(did you mean 'acounts.csv'\?\)"):
        book.ingest()


def test_a_missing_directory_is_named(book: Book) -> None:
    book.map_accounts()
    book.root = book.root / "none"
    with pytest.raises(InputError, match=r"none: no such directory"):
        book.ingest()


def test_a_file_that_grows_while_it_is_read_is_refused(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = book.write("accounts.csv", GOOD)
    book.map_accounts()

    def read_header_while_writing(file: SourceFile) -> list[str]:
        path.write_text(GOOD + "A3,Gamma\n")
        return read_header(file)

    monkeypatch.setattr("pipelines.ingest.landing.read_header", read_header_while_writing)
    with pytest.raises(InputError, match="changed while it was read"):
        book.ingest()


def test_a_directory_and_a_dangling_link_are_no_files(book: Book) -> None:
    book.map_accounts()
    path = book.root / "accounts.csv"
    path.mkdir()
    with pytest.raises(InputError, match="is a directory"):
        book.ingest()
    path.rmdir()
    path.symlink_to(book.root / "gone.csv")
    with pytest.raises(InputError, match="dangling link"):
        book.ingest()


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("annual_revenue_usd", "12 apples", "none of 2 values is a number, row 1 has '12 apples'"),
        ("created_date", "05/06/2024", "none of 2 values is a date"),
        ("is_customer", "perhaps", "none of 2 values is true or false"),
        ("employee_count", "1.5", "none of 2 values is a whole number"),
    ],
)
def test_a_column_that_never_parses_is_refused(
    book: Book, field: str, text: str, words: str
) -> None:
    book.write("accounts.csv", f"id,name,x\nA1,a,{text}\nA2,b,{text}\nA3,c,\n")
    book.map_accounts(columns={field: "x"})
    with pytest.raises(InputError, match=words):
        book.ingest()


READ: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "plain": ("a.csv", GOOD.encode(), {}),
    "byte order mark": ("a.csv", b"\xef\xbb\xbf" + GOOD.encode(), {}),
    "crlf": ("a.csv", GOOD.replace("\n", "\r\n").encode(), {}),
    "cr only": ("a.csv", GOOD.replace("\n", "\r").encode(), {}),
    "mixed line ends": ("a.csv", b"id,name\r\nA1,Acme\nA2,Beta\r", {}),
    "no last line end": ("a.csv", GOOD.rstrip().encode(), {}),
    "blank lines": ("a.csv", b"id,name\n\nA1,Acme\n\nA2,Beta\n\n", {}),
    "gzip": ("a.csv.gz", gzip.compress(GOOD.encode()), {}),
    "zstd": ("a.csv.zst", pa.compress(GOOD.encode(), codec="zstd", asbytes=True), {}),
    "utf-16": ("a.csv", GOOD.encode("utf-16"), {}),
    "utf-16, other byte order": ("a.csv", b"\xfe\xff" + GOOD.encode("utf-16-be"), {}),
    "utf-16, declared": ("a.csv", GOOD.encode("utf-16"), {"csv": {"encoding": "utf-16"}}),
    "utf-16, gzip": ("a.csv.gz", gzip.compress(GOOD.encode("utf-16")), {}),
    "tabs": ("a.tsv", GOOD.replace(",", "\t").encode(), {}),
    "semicolons": ("a.csv", GOOD.replace(",", ";").encode(), {"csv": {"delimiter": ";"}}),
    "other quote": ("a.csv", b"id,name\nA1,'Acme'\nA2,'Beta'\n", {"csv": {"quote": "'"}}),
    "columns in another order": ("a.csv", b"new,name,id\n,Acme,A1\n,Beta,A2\n", {}),
    "heading in quotes": ("a.csv", b'"id"," name "\nA1,Acme\nA2,Beta\n', {}),
    "separator for Excel": ("a.csv", b"sep=;\r\n" + GOOD.replace(",", ";").encode(), {}),
    "separator for Excel, utf-16": (
        "a.csv",
        ("sep=;\r\n" + GOOD.replace(",", ";")).encode("utf-16"),
        {},
    ),
    "title above the heading": (
        "a.csv",
        ("Report, of\r\n\r\n" + GOOD).encode("utf-8-sig"),
        {"csv": {"skip_lines": 2}},
    ),
    "title, cr only, gzip": (
        "a.csv.gz",
        gzip.compress(("Report\n\n" + GOOD).replace("\n", "\r").encode()),
        {"csv": {"skip_lines": 2}},
    ),
    "txt by declaration": ("a.txt", GOOD.encode(), {"format": "csv"}),
    "json lines": (
        "a.jsonl",
        b'{"id": "A1", "name": "Acme"}\n\n{"name": "Beta", "id": "A2", "new": {"x": 1}}\n',
        {},
    ),
    "json lines, gzip": (
        "a.ndjson.gz",
        gzip.compress(b'{"id": "A1", "name": "Acme"}\n{"id": "A2", "name": "Beta"}'),
        {},
    ),
}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Report\n2026\n\n" + GOOD, "line 4 looks like the heading, so set csv.skip_lines: 3;"),
        (GOOD.replace(",", ";"), "line 1 .* so set csv.delimiter: ';'"),
        ("x\n" + GOOD.replace(",", "\t"), r"csv.skip_lines: 1 and csv.delimiter: '\\t'"),
        ("A1,Acme\nA2,Beta\n", r"column 'id' is missing \(there are 'A1, Acme'\)"),
        ("\n\n\n", "is empty, not even a heading"),
    ],
)
def test_a_heading_that_is_elsewhere_is_told(book: Book, content: str, words: str) -> None:
    book.write("accounts.csv", content)
    book.map_accounts()
    with pytest.raises(InputError, match=words):
        book.ingest()


def test_a_workbook_is_to_be_exported(book: Book) -> None:
    book.write("accounts.xlsx", b"PK\x03\x04")
    book.map_accounts(file="accounts.xlsx")
    with pytest.raises(InputError, match="is a workbook; export its sheet as CSV"):
        book.ingest()


def test_lines_are_counted_from_the_top_of_the_file(book: Book) -> None:
    book.write("accounts.csv", "Title\n" + GOOD + "A3,x\0\n")
    book.map_accounts(csv={"skip_lines": 1})
    with pytest.raises(InputError, match="line 5 holds a NUL byte"):
        book.ingest()


@pytest.mark.parametrize("case", READ)
def test_a_file_of_any_shape_is_read(book: Book, case: str) -> None:
    name, content, options = READ[case]
    book.write(name, content)
    book.map_accounts(file=name, **options)
    book.ingest()
    assert book.rows(
        "SELECT account_id, account_name, source_file, row_number FROM raw_crm__account ORDER BY 1"
    ) == [("A1", "Acme", name, 1), ("A2", "Beta", name, 2)]


def test_windows_1252_is_recognised_and_reported(book: Book) -> None:
    book.write("accounts.csv", "id,name\nA1,x\nA2,Müller & Söhne – “K”\n".encode("windows-1252"))
    book.map_accounts()
    (finding,) = book.ingest().findings
    assert (finding.rule, finding.severity) == ("encoding_guessed", "warning")
    assert "line 3 is no UTF-8" in finding.message
    assert book.rows("SELECT account_name FROM raw_crm__account WHERE account_id = 'A2'") == [
        ("Müller & Söhne – “K”",)
    ]


def test_utf_16_keeps_accents_and_quoted_line_breaks(book: Book) -> None:
    book.write("accounts.csv", 'id,name\r\nA1,"Zoë\r\nŁódź 東京"\r\n'.encode("utf-16"))
    book.map_accounts()
    book.ingest()
    assert book.rows("SELECT account_name FROM raw_crm__account") == [("Zoë\r\nŁódź 東京",)]


@pytest.mark.parametrize("encoding", ["windows-1252", "latin-1"])
def test_a_declared_encoding_is_read(book: Book, encoding: str) -> None:
    book.write("accounts.csv", "id,näme\nA1,Müller\n".encode(encoding))
    book.map_accounts(csv={"encoding": encoding}, columns={"account_name": "näme"})
    book.ingest()
    assert book.rows("SELECT account_name FROM raw_crm__account") == [("Müller",)]


def test_a_quote_inside_an_unquoted_field_is_text(book: Book) -> None:
    book.write("accounts.csv", 'id,name\nA1,5" pipe\nA2,"say ""hi"""\n')
    book.map_accounts()
    book.ingest()
    assert book.rows("SELECT account_name FROM raw_crm__account ORDER BY row_number") == [
        ('5" pipe',),
        ('say "hi"',),
    ]


def test_a_file_that_quotes_nothing_keeps_its_quotes(book: Book) -> None:
    book.write("accounts.csv", 'id,name\nA1,"Acme\n')
    book.map_accounts(csv={"quote": ""})
    book.ingest()
    assert book.rows("SELECT account_name FROM raw_crm__account") == [('"Acme',)]


def test_leading_zeros_survive_wherever_they_first_appear(book: Book) -> None:
    lines = [f"A{n},x,{10_000 + n}" for n in range(60_000)] + ["LAST,x,02139"]
    book.write("accounts.csv", "id,name,zip\n" + "\n".join(lines) + "\n")
    book.map_accounts(columns={"postal_code": "zip"})
    book.ingest()
    assert book.rows("SELECT postal_code FROM raw_crm__account WHERE account_id = 'LAST'") == [
        ("02139",)
    ]


def test_parquet_values_become_canonical_text(book: Book) -> None:
    frame = pl.DataFrame(
        {
            "id": [1370.0, 1371.0],
            "Name": ["Acme", "Beta"],
            "name": ["lower", "case"],
            "revenue": [Decimal("12.50"), None],
            "employees": [12, None],
            "customer": [True, None],
            "created": [date(2024, 2, 29), None],
            "since": [datetime(2024, 2, 29, 13, 5), None],
            "moment": [datetime(2024, 2, 29, 23, 5, tzinfo=UTC), None],
            "tags": [["a"], None],
        }
    )
    frame.write_parquet(book.root / "accounts.parquet")
    book.map_accounts(
        file="accounts.parquet",
        columns={
            "account_name": "Name",
            "industry": "tags",
            "annual_revenue_usd": "revenue",
            "employee_count": "employees",
            "is_customer": "customer",
            "created_date": "created",
            "owner_since_date": "since",
            "segment": "moment",
        },
    )
    book.connection.execute("SET TimeZone = 'Asia/Tokyo'")
    book.ingest()
    assert book.rows("SELECT segment FROM raw_crm__account ORDER BY row_number") == [
        ("2024-02-29 23:05:00",),
        (None,),
    ]
    assert book.rows(
        "SELECT account_id, account_name, industry, annual_revenue_usd, employee_count,"
        " is_customer, created_date, owner_since_date, row_number"
        " FROM raw_crm__account ORDER BY row_number"
    ) == [
        ("1370", "Acme", '["a"]', "12.50", "12", "true", "2024-02-29", "2024-02-29", 1),
        ("1371", "Beta", None, None, None, None, None, None, 2),
    ]


def test_parquet_text_is_trimmed_and_blanks_are_named(book: Book) -> None:
    frame = pl.DataFrame(
        {
            "id": ["A1 ", "\u00a0A2", "A3"],
            "name": ["Acme", "Beta\n", " Co"],
            "street": ["\u00a0", "  ", "1 Main St\u00a0"],
            "revenue": [Decimal("12.50"), None, Decimal("-0.00")],
        }
    )
    frame.write_parquet(book.root / "accounts.parquet")
    columns = {"street": "street", "annual_revenue_usd": "revenue"}
    book.map_accounts(file="accounts.parquet", columns=columns)
    book.ingest()
    assert book.rows(
        "SELECT account_id, account_name, street, annual_revenue_usd"
        " FROM raw_crm__account ORDER BY row_number"
    ) == [
        ("A1", "Acme", None, "12.50"),
        ("A2", "Beta", None, None),
        ("A3", "Co", "1 Main St", "0.00"),
    ]
    assert book.rows(
        "SELECT column_name, row_number FROM meta_finding_row"
        " WHERE rule = 'blank_text' ORDER BY ALL"
    ) == [("street", 1), ("street", 2)]


def test_json_values_and_odd_keys(book: Book) -> None:
    lines = [
        {"id": 7, "a/b~c": "Acme", "n": 12.5, "flag": True},
        {"id": "8", "a/b~c": "Beta\nCo", "n": None},
    ]
    book.write("accounts.jsonl", "\n".join(json.dumps(line) for line in lines))
    book.map_accounts(
        file="accounts.jsonl",
        columns={"account_name": "a/b~c", "annual_revenue_usd": "n", "is_customer": "flag"},
    )
    book.ingest()
    assert book.rows(
        "SELECT account_id, account_name, annual_revenue_usd, is_customer"
        " FROM raw_crm__account ORDER BY row_number"
    ) == [("7", "Acme", "12.5", "true"), ("8", "Beta\nCo", None, None)]


def test_broken_json_lines_are_quarantined_by_row(book: Book) -> None:
    book.write(
        "accounts.jsonl", '{"id": "A1", "name": "x"}\n{"id": \n{"id": "A3", "name": "y"}\n[1]\n'
    )
    book.map_accounts(file="accounts.jsonl")
    (load,) = book.ingest().loads
    assert (load.rows_read, load.rows_loaded, load.rows_quarantined) == (4, 2, 2)
    assert [(row[0], row[1]) for row in book.quarantined()] == [
        (2, "not_a_json_object"),
        (4, "not_a_json_object"),
    ]
    assert book.rows("SELECT row_number FROM raw_crm__account ORDER BY 1") == [(1,), (3,)]


def test_a_pattern_names_exactly_one_file(book: Book) -> None:
    book.write("cbp21co.csv", GOOD)
    book.map_accounts(file="cbp*co.csv")
    book.ingest()
    assert book.rows("SELECT DISTINCT source_file FROM raw_crm__account") == [("cbp21co.csv",)]
    book.write("cbp22co.csv", GOOD)
    with pytest.raises(InputError, match=r"matches 2 files \(cbp21co.csv, cbp22co.csv\)"):
        book.ingest()


def test_an_optional_file_may_be_absent(book: Book) -> None:
    book.map_accounts(optional=True)
    assert book.ingest().loads == ()
    assert book.rows("SELECT count(*) FROM raw_crm__account") == [(0,)]


def test_paths_with_spaces_and_quotes(book: Book) -> None:
    folder = book.root / "it's a földer"
    folder.mkdir()
    book.root = folder
    Path(folder / "a 'b'.csv").write_text(GOOD)
    pl.DataFrame({"id": ["P1"], "name": ["x"]}).write_parquet(folder / "p 'q'.parquet")
    for name in ("a 'b'.csv", "p 'q'.parquet"):
        book.map_accounts(file=name)
        book.ingest()
        assert book.rows("SELECT DISTINCT source_file FROM raw_crm__account") == [(name,)]
