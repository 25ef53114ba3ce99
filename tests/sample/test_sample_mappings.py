"""The committed mapping files read what the generator writes."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.ingest import SourceInput, ingest_sources
from tests.sample.exported_company import ExportedCompany

MAPPINGS = Path(__file__).parents[2] / "config" / "mappings"
SOURCES = ("crm", "market", "plan")


def ingest(exported: ExportedCompany, mappings: dict[str, Path]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    sources = [SourceInput(mappings[source], exported.folder) for source in mappings]
    ingest_sources(connection, sources, run_id="test")
    return connection


@pytest.fixture(scope="module")
def raw(default_company: ExportedCompany) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = ingest(
        default_company, {source: MAPPINGS / f"sample_{source}.yaml" for source in SOURCES}
    )
    yield connection
    connection.close()


def test_every_row_is_loaded_or_excluded_by_rule(
    raw: duckdb.DuckDBPyConnection, default_company: ExportedCompany
) -> None:
    loads = raw.execute(
        "SELECT source_file, rows_read, rows_loaded, rows_excluded, "
        "rows_quarantined + rows_duplicate FROM meta_load"
    ).fetchall()
    assert {file: read for file, read, *_ in loads} == default_company.summary.rows
    for file, read, loaded, excluded, lost in loads:
        assert (loaded + excluded, lost) == (read, 0), file
    excluded_files = {file for file, _, _, excluded, _ in loads if excluded}
    assert excluded_files == {"users.csv", "co-est2023-alldata.csv"}


def test_a_clean_export_gives_no_finding(raw: duckdb.DuckDBPyConnection) -> None:
    found = raw.execute("SELECT DISTINCT rule FROM meta_finding WHERE severity <> 'info'")
    assert found.fetchall() == []
    # The statistics keep what their offices withheld.
    found = raw.execute("SELECT DISTINCT rule FROM meta_finding")
    assert found.fetchall() in ([], [("value_suppressed",)])


def test_values_arrive_in_canonical_form(
    raw: duckdb.DuckDBPyConnection, default_company: ExportedCompany
) -> None:
    won = raw.execute(
        "SELECT sum(amount_usd::DECIMAL(18, 2)) FROM raw_crm__opportunity WHERE status = 'won'"
    ).fetchone()
    assert won is not None
    assert float(won[0]) == pytest.approx(sum(default_company.won_by_account()), abs=0.01)
    shares = raw.execute(
        "SELECT count(*), count(*) FILTER (fte_share::DOUBLE = 1), min(fte_share::DOUBLE), "
        "count(*) FILTER (is_active = 'true') FROM raw_crm__rep"
    ).fetchone()
    assert shares is not None
    reps, full_time, least, active = shares
    assert (reps, active) == (27, 25)
    assert 20 <= full_time < 27
    assert least >= 0.5
    assert raw.execute(
        "SELECT count(DISTINCT naics), bool_and(length(county_fips) = 5) "
        "FROM raw_market__county_business"
    ).fetchone() == (21, True)
    assert raw.execute(
        "SELECT county_name FROM raw_market__county_population WHERE county_fips = '35013'"
    ).fetchone() == ("Doña Ana County",)


def test_the_official_market_mapping_reads_the_same(
    raw: duckdb.DuckDBPyConnection, default_company: ExportedCompany
) -> None:
    official = ingest(default_company, {"market": MAPPINGS / "us_market_official.yaml"})
    for entity in ("county_business", "county_employment", "county_population", "postal_code"):
        query = f"SELECT * FROM raw_market__{entity} ORDER BY ALL"
        assert official.execute(query).fetchall() == raw.execute(query).fetchall(), entity


def test_a_dirty_export_loses_only_what_the_answer_key_names(
    dirty_company: ExportedCompany,
) -> None:
    raw = ingest(dirty_company, {source: MAPPINGS / f"sample_{source}.yaml" for source in SOURCES})
    quarantined = set(
        raw.execute("SELECT source_file, row_number, rule FROM quarantined_row").fetchall()
    )
    key = dirty_company.text("answer_key.csv")
    dated = key.filter(kind="date_with_time")
    expected = {("opportunities.csv", int(row), "not_a_date") for row in dated["row_number"]}
    assert quarantined == expected
    duplicates = raw.execute("SELECT sum(rows_duplicate) FROM meta_load").fetchone()
    assert duplicates == (key.filter(kind="exact_duplicate").height,)
