"""A dirty export differs from the clean one exactly where the answer key says."""

import polars as pl
import pytest

from pipelines.sample.faults import DUPLICATE_KIND, FAULTS
from tests.sample.exported_company import ExportedCompany

FILES = ("accounts.csv", "users.csv", "products.csv", "opportunities.csv", "activities.csv")


@pytest.fixture(scope="module")
def key(dirty_company: ExportedCompany) -> pl.DataFrame:
    return dirty_company.text("answer_key.csv").with_columns(pl.col("row_number").cast(pl.Int64))


@pytest.mark.parametrize("name", FILES)
def test_the_answer_key_is_the_difference(
    default_company: ExportedCompany,
    dirty_company: ExportedCompany,
    key: pl.DataFrame,
    name: str,
) -> None:
    clean, dirty = default_company.text(name), dirty_company.text(name)
    id_column = clean.columns[0]
    differences = set()
    for column in clean.columns:
        changed = clean[column].ne_missing(dirty[column].head(clean.height))
        for row in changed.arg_true():
            before, after = clean[column][row], dirty[column][row]
            differences.add((row + 1, clean[id_column][row], column, before, after))
    told = key.filter((pl.col("file") == name) & (pl.col("kind") != DUPLICATE_KIND))
    rows = told.select("row_number", "record_id", "column", "original", "dirty").rows()
    assert set(rows) == differences
    assert len(rows) == len(differences), "no cell has two faults"


def test_every_kind_appears(dirty_company: ExportedCompany, key: pl.DataFrame) -> None:
    kinds = {fault.kind for fault in FAULTS} | {DUPLICATE_KIND}
    assert set(key["kind"]) == kinds
    assert dirty_company.summary.faults == dict(key.group_by("kind").len().iter_rows())


def test_duplicated_rows_repeat_an_earlier_row(
    dirty_company: ExportedCompany, key: pl.DataFrame
) -> None:
    accounts = dirty_company.text("accounts.csv")
    repeated = key.filter(pl.col("kind") == DUPLICATE_KIND)
    for row in repeated.iter_rows(named=True):
        copy = accounts.row(row["row_number"] - 1)
        assert copy[0] == row["record_id"]
        assert accounts.rows().count(copy) == 2
    assert accounts.height == 1_200 + repeated.height


@pytest.mark.parametrize(
    ("kind", "rate", "tolerance"),
    [
        ("misspelled_country", 1 / 85, 0.008),
        ("missing_owner", 22 / 122 - 0.05, 0.03),
        ("lost_amount_zero", 1.0, 0.0),
        ("missing_account", 1_425 / 2_089, 0.06),
        ("missing_opened_date", 1.0, 0.0),
        ("product_code_variant", 1.0, 0.0),
    ],
)
def test_rates_are_those_of_the_sources(
    default_company: ExportedCompany,
    key: pl.DataFrame,
    kind: str,
    rate: float,
    tolerance: float,
) -> None:
    fault = next(fault for fault in FAULTS if fault.kind == kind)
    clean = default_company.text(fault.file)
    eligible = clean.filter(fault.eligible).height
    injected = key.filter(pl.col("kind") == kind).height
    assert eligible > 50
    assert injected / eligible == pytest.approx(rate, abs=tolerance)


def test_cities_are_dirty_at_the_rate_of_the_inc_5000(key: pl.DataFrame) -> None:
    cities = key.filter(pl.col("kind").str.starts_with("city_") | (pl.col("kind") == "wrong_state"))
    assert cities.height / 1_200 == pytest.approx(0.074, abs=0.02)


def test_a_clean_export_has_no_answer_key(default_company: ExportedCompany) -> None:
    assert not (default_company.folder / "answer_key.csv").exists()
    assert default_company.summary.faults == {}
