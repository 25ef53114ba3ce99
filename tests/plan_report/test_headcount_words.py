"""What the report says about seats follows from the figures of the study."""

import polars as pl
import pytest

from benchmarks.synthetic_release import write_release
from pipelines.report.headcount import headcount
from pipelines.report.tables import read_tables


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder = write_release(tmp_path_factory.mktemp("headcount"), 50, 12)
    return read_tables(folder, names=["kpi_headcount"])["kpi_headcount"]


def test_each_question_has_its_answer_in_words(study: pl.DataFrame) -> None:
    told = headcount(study)
    assert told["sentences"] == [
        "Today's 12 seats have a book of 22,500 hours a year, travel included, and 18,000 hours "
        "to work it in.",
        "11 seats: giving up Seat 2 costs least (2 planned of 12). The plan then brings USD 76,600 "
        "a year less (proved: USD 67,600 to USD 85,600). A seat costs USD 150,000, so giving it up "
        "saves USD 73,400.",
        "13 seats: the best base for the new one is Akron, OH (2 planned of 12). The plan then "
        "brings USD 190,345 a year more (proved: USD 181,345 to USD 199,345). A seat costs "
        "USD 150,000: it pays for itself and brings USD 40,345.",
        "If Seat 6 leaves, the plan is worth USD 40,000 a year less if somebody new takes the "
        "seat, and USD 90,000 a year less if the others take the accounts. It is better that the "
        "others take the accounts, the cost of the seat counted.",
    ]
    assert [row["label"] for row in told["rows"]][-2] == "Seat 6 leaves, nobody works the accounts"


def test_a_seat_that_is_worth_more_than_it_costs_is_not_called_a_saving(
    study: pl.DataFrame,
) -> None:
    dear = study.with_columns(seat_cost_usd=pl.lit(200_000.0))
    cheap = study.with_columns(seat_cost_usd=pl.lit(50_000.0))
    assert "so giving it up loses USD 26,600." in headcount(cheap)["sentences"][1]
    assert "it falls short of its cost by USD 9,655." in headcount(dear)["sentences"][2]
    # 150,000 lies between 76,600 - 9,000 and what a better plan might show.
    open_yet = study.with_columns(most_seat_value_usd=pl.lit(400_000.0))
    doubt = (
        "saves USD 73,400, which better plans might turn: the cost lies between the proved limits."
    )
    assert headcount(open_yet)["sentences"][1].endswith(doubt)
    unknown = headcount(study.with_columns(seat_cost_usd=pl.lit(None, pl.Float64)))["sentences"]
    assert unknown[1].endswith("What a seat costs is not counted.")
    assert unknown[3].endswith("before what a seat costs.")


def test_teams_without_a_plan_and_no_study_at_all(study: pl.DataFrame) -> None:
    money = [name for name in study.columns if name.endswith("_usd") and name != "seat_cost_usd"]
    no_plan = study.with_columns(
        *(
            pl.when(pl.col("option_kind") == "today").then(name).otherwise(None).alias(name)
            for name in money
        ),
        is_best=pl.col("option_kind") == "today",
    )
    assert headcount(no_plan)["sentences"][1:] == [
        "If Seat 6 leaves: no plan keeps the limits of the policy."
    ]
    assert headcount(study.clear()) == {"sentences": [], "rows": []}
