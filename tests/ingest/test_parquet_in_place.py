"""Parquet is read where it lies, and its types spare the patterns that text needs."""

from pathlib import Path

import duckdb
import pytest
from conftest import Book  # type: ignore[import-not-found]

from pipelines.errors import InputError

COLUMNS = {
    "created_date": "day",
    "owner_since_date": "moment",
    "renewal_date": "zoned",
    "annual_revenue_usd": "revenue",
    "employee_count": "people",
    "is_customer": "customer",
    "latitude": "latitude",
}
ROWS = """
    SELECT 'A' || i AS id, 'Name ' || i AS name,
        [DATE '2024-02-29', 'infinity', '0044-03-15 (BC)', '10000-01-01', '1850-01-01', NULL][i]
            AS day,
        [TIMESTAMP '2024-02-29 23:59:59.5', 'infinity', '0044-03-15 (BC) 10:00:00',
            '10000-01-01 00:00:01', '2024-02-29 00:00:00', NULL][i] AS moment,
        [TIMESTAMPTZ '2024-02-29 23:30:00-05:00', '-infinity', '2024-03-01 10:00:00+00', NULL, NULL,
            NULL][i] AS zoned,
        [DECIMAL '12.50', '-1.00', '0.00', '99999999999999.99', '3.10', NULL][i] AS revenue,
        [12, -3, 2000000000, 0, 7, NULL][i]::INTEGER AS people,
        [true, false, NULL, true, true, false][i] AS customer,
        [47.5, 'NaN'::DOUBLE, 91, 1e-7, 12, NULL][i]::DOUBLE AS latitude
    FROM range(1, 7) AS t(i)"""


def _loaded(book: Book, kind: str) -> list[tuple[object, ...]]:
    """The raw rows and the quarantine of the rows above, from a file of that kind."""
    path = book.root / f"accounts.{kind}"
    # As text in the spelling that DuckDB itself gives it, in UTC.
    book.connection.execute(
        f"COPY ({ROWS}) TO '{path}'" + (" (NULLSTR '')" if kind == "csv" else "")
    )
    book.map_accounts(file=path.name, columns=COLUMNS)
    book.ingest()
    return book.rows("SELECT * EXCLUDE source_file FROM raw_crm__account ORDER BY ALL") + (
        book.rows("SELECT row_number, rule, column_name FROM quarantined_row ORDER BY ALL")
    )


def test_typed_columns_load_and_fail_as_their_text_does(book: Book) -> None:
    # ISO moments with an offset other than UTC's are a matter of text alone.
    from_text, from_types = _loaded(book, "csv"), _loaded(book, "parquet")
    assert from_types == from_text
    assert len(from_types) == 6


def test_rows_read_in_place_equal_those_copied_around_a_bad_one(book: Book) -> None:
    path = book.root / "accounts.parquet"
    good = (
        "SELECT 'A' || lpad(i::VARCHAR, 5, '0') AS id, 'Name ' || i AS name"
        " FROM range(5000) AS t(i)"
    )
    book.map_accounts(file=path.name)
    outcomes = []
    for rows in (good, f"{good} UNION ALL SELECT 'A00000', 'Other'"):
        book.connection.execute(f"COPY ({rows}) TO '{path}'")
        load = book.ingest().loads[0]
        assert load.rows_read == load.rows_loaded + load.rows_quarantined
        outcomes.append(book.rows("FROM raw_crm__account"))
        assert [row[0] for row in book.rows("DESCRIBE raw_crm__account")][-2:] == [
            "source_file",
            "row_number",
        ]
        assert book.rows("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'shaped'") == [
            (0,)
        ]
    assert outcomes[0] == outcomes[1]
    assert book.quarantined() == [(5001, "duplicate_key", "account_id", "A00000")]


def test_a_damaged_page_is_told_of_whoever_reads_it(book: Book, tmp_path: Path) -> None:
    path = book.root / "accounts.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 'A' || i AS id, 'Name ' || hash(i) AS name FROM range(20000) AS t(i))"
            f" TO '{path}' (COMPRESSION zstd)"
        )
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = b"x" * 2000
    path.write_bytes(content)
    book.map_accounts(file=path.name)
    with pytest.raises(InputError, match=r"accounts\.parquet: is damaged .*export it again"):
        book.ingest()
