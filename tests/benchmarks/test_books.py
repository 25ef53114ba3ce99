"""The benchmarks' planning tables are those of the sample company, at any size."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from benchmarks.book_scores import complexity_score, default_scoring, potential_usd
from benchmarks.books import AS_OF, Book, planning_book
from pipelines.sample import CompanySettings, generate_company

CONFIG = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture(scope="module")
def book() -> Book:
    return planning_book(accounts=400, reps=12, seed=7)


def test_one_seed_gives_one_book(book: Book) -> None:
    again, other = planning_book(400, 12, 7), planning_book(400, 12, 8)
    assert again.accounts.equals(book.accounts)
    assert again.reps.equals(book.reps)
    assert again.overrides.equals(book.overrides)
    assert not other.accounts["actual_sales_usd"].equals(book.accounts["actual_sales_usd"])


def test_owners_are_seats_and_incumbents_active_ones(book: Book) -> None:
    active = book.reps.filter(~pl.col("is_vacant"))["rep_id"]
    incumbents = book.accounts["incumbent_rep_id"].drop_nulls()
    assert incumbents.is_in(active.implode()).all()
    left = book.accounts.filter(pl.col("incumbent_rep_id").is_null())
    assert left["tenure_months"].null_count() == left.height
    assert 0 < left.height < 0.25 * book.accounts.height


def test_a_chunk_more_changes_no_owner_of_the_first() -> None:
    """Only what depends on the whole book (win rate, hours, scores) may differ."""
    small, large = planning_book(10_000, 20, 5), planning_book(10_050, 20, 5)
    first = large.accounts.head(10_000)
    columns = ["account_id", "family_id", "owner_rep_id", "state", "segment", "industry"]
    assert first.select(columns).equals(small.accounts.select(columns))
    assert large.accounts["account_id"].n_unique() == 10_050


def test_hours_fill_nine_tenths_of_the_team() -> None:
    book = planning_book(20_000, 100, 3)
    team = book.reps["effective_capacity_hours"].sum()
    assert 0.85 < book.accounts["service_hours"].sum() / team < 0.95


def test_missing_size_hands_its_weight_to_the_other_factors() -> None:
    frame = pl.DataFrame(
        {
            "employee_count": [None, 100.0, 100.0],
            "annual_revenue_usd": [None, 1e6, None],
            "own_cycle": [40.0, 40.0, 40.0],
            "book_cycle": [40.0, 40.0, 40.0],
            "product_count": [None, 2.0, 2.0],
            "mean_rating": [None, 2.0, 2.0],
        }
    )
    # Every known factor is 1, so every score is.
    assert np.allclose(complexity_score(frame, default_scoring()), 1.0)


def test_potential_is_what_comparable_customers_spend_for_each_employee() -> None:
    """Ten customers alike but for sales of 1,000 … 10,000 USD: the 0.8 quantile is 8,200."""
    frame = pl.DataFrame(
        {
            "industry": ["Retail"] * 11,
            "segment": ["Small business"] * 11,
            "state": ["CA"] * 11,
            "employee_count": [20.0] * 11,
            "actual_sales_usd": [*(1_000.0 * n for n in range(1, 11)), 0.0],
        }
    )
    expected = [*([8_200.0] * 8), 9_000.0, 10_000.0, 8_200.0]
    assert np.allclose(potential_usd(frame, default_scoring()), expected)


@pytest.mark.slow
def test_tables_are_those_the_pipeline_makes_of_the_generated_files(
    book: Book, tmp_path: Path
) -> None:
    tables = _tables_of_the_pipeline(tmp_path, accounts=400, reps=12, seed=7)
    for name, key in (("accounts", "account_id"), ("reps", "rep_id"), ("overrides", "account_id")):
        ours = getattr(book, name).sort(key)
        theirs = tables[name].sort(key)
        assert set(theirs.columns) <= set(ours.columns), name
        for column in theirs.columns:
            found, wanted = ours[column], theirs[column]
            if wanted.dtype.is_float():
                _assert_close(found.cast(pl.Float64), wanted, f"{name}.{column}")
            else:
                assert found.cast(wanted.dtype).eq_missing(wanted).all(), f"{name}.{column}"


def _assert_close(found: pl.Series, wanted: pl.Series, column: str) -> None:
    assert found.is_null().equals(wanted.is_null()), column
    assert np.allclose(found.drop_nulls(), wanted.drop_nulls(), rtol=1e-6, atol=0.01), column


def _tables_of_the_pipeline(
    folder: Path, accounts: int, reps: int, seed: int
) -> dict[str, pl.DataFrame]:
    """int_plan__account, int_plan__rep and stg_plan__override by way of the exported files."""
    from pipelines.settings.loader import load_settings
    from pipelines.stages.ingest import ingest
    from pipelines.stages.run_context import WorkPaths
    from pipelines.stages.score import score
    from pipelines.stages.transform import transform
    from pipelines.warehouse import session

    generate_company(CompanySettings(accounts, reps, seed, AS_OF, folder / "input"))
    project = folder / "project.yaml"
    sources = {
        kind: {"mapping": str(CONFIG / "mappings" / f"sample_{kind}.yaml"), "path": "input"}
        for kind in ("crm", "market", "plan")
    }
    content = {"name": "Sample", "data_dir": "data", "as_of": AS_OF, "sources": sources}
    # The books follow the formulas; models are fitted by the pipeline alone.
    scoring = yaml.safe_load((CONFIG / "scoring.yaml").read_text(encoding="utf-8"))
    scoring["fitting"]["is_fitted"] = False
    (folder / "scoring.yaml").write_text(yaml.safe_dump(scoring), encoding="utf-8")
    paths = {"scoring": str(folder / "scoring.yaml"), "policies": str(CONFIG / "policies")}
    project.write_text(yaml.safe_dump(content | paths))
    settings = load_settings(project)
    context, _ = ingest(settings, today=date(2026, 7, 1))
    transform(settings, context, "pre_score")
    score(settings, context)
    transform(settings, context, "pre_plan")
    tables = {
        "accounts": "int_plan__account",
        "reps": "int_plan__rep",
        "overrides": "stg_plan__override",
    }
    with session(WorkPaths(settings.data_dir).warehouse) as connection:
        return {
            name: connection.execute(f"SELECT * FROM {table}").pl()
            for name, table in tables.items()
        }
