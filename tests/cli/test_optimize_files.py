"""`territory optimize` tells files apart, says what is wrong with them, and completes them."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from planning_tables import write_book  # type: ignore[import-not-found]

from optimization import Policy
from pipelines.errors import InputError
from pipelines.stages.planner import PlanningTables
from pipelines.standalone import PlanningFiles, read_planning_files, recognise

NOTHING_GIVEN = PlanningFiles()


@pytest.fixture
def book(tmp_path: Path) -> PlanningFiles:
    accounts, reps, overrides, policy = write_book(tmp_path)
    return PlanningFiles(accounts, reps, overrides, policy)


def read(book: PlanningFiles, as_of: date | None = date(2026, 6, 30)) -> PlanningTables:
    return read_planning_files(book, Policy(), as_of)


def test_files_are_told_by_their_columns(book: PlanningFiles, tmp_path: Path) -> None:
    times = tmp_path / "times.csv"
    times.write_text("from_zone,to_zone,hours\nEast,MA,1\n")
    assert book.accounts
    assert book.reps
    assert book.overrides
    assert book.policy
    files = [times, book.policy, book.overrides, book.reps, book.accounts]
    found = recognise(files, NOTHING_GIVEN)
    assert found == PlanningFiles(
        book.accounts, book.reps, book.overrides, book.policy, travel_matrix=times
    )


def test_an_option_wins_over_nothing_and_clashes_with_a_second_file(book: PlanningFiles) -> None:
    assert book.accounts
    assert book.reps
    with pytest.raises(InputError, match="looks like the accounts, but so does"):
        recognise([book.accounts, book.reps], PlanningFiles(accounts=Path("other.csv")))
    with pytest.raises(InputError, match="the reps are missing; name their file with --reps"):
        recognise([book.accounts], NOTHING_GIVEN)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("notes.csv", "a,b\n1,2\n", "is none of the planning tables: accounts need account_id"),
        ("notes.csv", "", "is empty"),
        ("notes.xlsx", "PK", "is no CSV, TSV or Parquet file"),
        ("notes.parquet", "PK", "cannot be read"),
    ],
)
def test_a_file_that_is_no_table_is_named(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, match=message) as error:
        recognise([path], NOTHING_GIVEN)
    assert str(path) in str(error.value)


def test_a_mistyped_file_gets_its_near_name(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("account_id,service_hours\n")
    with pytest.raises(InputError, match=r"no such file \(did you mean 'accounts.csv'\?\)"):
        recognise([tmp_path / "acounts.csv"], NOTHING_GIVEN)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("accounts", "account_id,service_hour\nA1,5\n", r"'service_hours' is missing \(did you"),
        ("accounts", "account_id,service_hours\nA1,5\nA2,many\n", "row 3, column 'service_hours'"),
        ("accounts", "account_id,service_hours,is_strategic\nA1,5,maybe\n", "not true or false"),
        ("reps", "rep_id,capacity_hours,fte_share\nR1,5,half\n", "'half' is not a number"),
        ("overrides", "account_id,action,expires_date\nA1,lock,31.12.2026\n", "is not a date such"),
    ],
)
def test_a_faulty_value_is_named_with_row_and_column(
    book: PlanningFiles, file: str, content: str, message: str
) -> None:
    getattr(book, file).write_text(content)
    with pytest.raises(InputError, match=message) as error:
        read(book)
    assert str(getattr(book, file)) in str(error.value)


def test_what_is_left_out_is_unknown(book: PlanningFiles) -> None:
    tables = read(book)
    account = tables.accounts.row(by_predicate=pl.col("account_id") == "A7", named=True)
    assert account["family_id"] == "A7"
    assert (account["owner_rep_id"], account["incumbent_rep_id"]) == ("R2", "R2")
    assert account["tenure_months"] is None
    rep = tables.reps.row(0, named=True)
    assert rep["experience_multiplier"] == 1.0
    assert rep["effective_capacity_hours"] == 200.0
    assert (rep["fte_share"], rep["ramp_share"]) == (1.0, 1.0)
    # A lock rule that asks for a column nobody gave must be told so, not be met with unknowns.
    assert "days_to_renewal" not in tables.accounts.columns


def test_capacity_counts_at_the_multiplier(book: PlanningFiles) -> None:
    assert book.reps
    book.reps.write_text("rep_id,capacity_hours,experience_multiplier\nR1,100,1.5\nR2,100,\n")
    assert read(book).reps["effective_capacity_hours"].to_list() == [150.0, 100.0]


def test_ids_stay_as_they_are_written(book: PlanningFiles) -> None:
    assert book.accounts
    book.accounts.write_text("account_id,service_hours,is_strategic\n007,5,Yes\n08, 6 ,0\n")
    accounts = read(book).accounts
    assert accounts["account_id"].to_list() == ["007", "08"]
    assert accounts["service_hours"].to_list() == [5.0, 6.0]
    assert accounts["is_strategic"].to_list() == [True, False]


def test_expired_overrides_are_left_out(book: PlanningFiles) -> None:
    assert read(book).overrides["account_id"].to_list() == ["A1", "A2"]
    assert read(book, date(2026, 8, 1)).overrides["account_id"].to_list() == ["A1"]
    with pytest.raises(InputError, match="add --as-of"):
        read(book, None)


def test_parquet_says_the_same_as_csv(book: PlanningFiles, tmp_path: Path) -> None:
    assert book.accounts
    parquet = tmp_path / "accounts.parquet"
    pl.read_csv(book.accounts).write_parquet(parquet)
    other = PlanningFiles(parquet, book.reps, book.overrides, book.policy)
    assert read(other).accounts.sort("account_id").equals(read(book).accounts)


def test_drive_times_are_those_given_else_those_of_the_policy(
    book: PlanningFiles, tmp_path: Path
) -> None:
    (tmp_path / "times.csv").write_text("from_zone,to_zone,hours\nEast,MA,1\n")
    named = Policy.model_validate({"travel": {"matrix": {"file": "times.csv"}}})
    matrix = read_planning_files(book, named, date(2026, 6, 30)).travel_matrix
    assert matrix is not None
    assert matrix["hours"].to_list() == [1.0]
    assert read(book).travel_matrix is None
