"""The drive-time matrix: reading the file, its place in the pairs, distance and hour limits."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tiny_book import account, allowed, override, owned, rep, rules_of, tables

from optimization import PlanInputError
from optimization.book.travel import read_travel_matrix

ZONES = {"file": "times.csv", "account_zone": "state", "rep_zone": "region"}
MATRIX = {"travel": {"matrix": ZONES}}
REPS = [rep("R1", region="north"), rep("R2", region="south")]
BOOK = tables([account("A1", state="MO"), account("A2", state="KS")], REPS)
TIMES = pl.DataFrame(
    {
        "from_zone": ["north", "south", "north"],
        "to_zone": ["MO", "MO", "CA"],
        "hours": [1.5, 2.0, 9.0],
        "km": [100.0, None, 900.0],
    }
)


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "times.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_is_read_with_text_zones(tmp_path: Path) -> None:
    frame = read_travel_matrix(written(tmp_path, "from_zone,to_zone,hours\n01,2, 1.5\n"))
    assert frame.rows() == [("01", "2", 1.5)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("from_zone,to_zone,hour\na,b,1\n", "column hours is missing (did you mean 'hour'?)"),
        ("from_zone,to_zone,hours\na,b,1\na,c,x\n", "row 3, column hours: 'x' is no number"),
        ("from_zone,to_zone,hours,km\na,b,1,far\n", "row 2, column km: 'far' is no number"),
        ("", "cannot be read as CSV"),
    ],
)
def test_a_broken_file_names_row_and_column(tmp_path: Path, text: str, message: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(PlanInputError) as error:
        read_travel_matrix(file)
    assert str(error.value).startswith(str(file))
    assert message in str(error.value)


def test_a_missing_file_is_named_with_the_nearest(tmp_path: Path) -> None:
    file = written(tmp_path, "")
    with pytest.raises(PlanInputError, match=r"no such travel matrix \(did you mean 'times.csv'"):
        read_travel_matrix(file.with_name("tmes.csv"))


def test_listed_pairs_take_the_matrix_and_others_the_great_circle() -> None:
    planning = BOOK.planned(MATRIX, travel_matrix=TIMES)
    inputs = planning.pairs.inputs
    # Zones of accounts and reps index the matrix; KS is not listed.
    assert inputs.trip_hours[inputs.zone[0], inputs.rep_zone].tolist() == [1.5, 2.0]
    assert inputs.trip_km[inputs.zone[0], inputs.rep_zone][0] == 100.0
    assert np.isnan(inputs.trip_km[inputs.zone[0], inputs.rep_zone][1])
    assert inputs.zone[1] == -1
    assert rules_of(planning) == ["account_zone_not_listed"]
    values = planning.pairs.account_values(np.array([0, 0, 1]), np.array([0, 1, 0]))
    # 12 visits, both ways, at most 8 hours each.
    assert values.travel_hours.tolist() == pytest.approx([36.0, 48.0, 0.0])
    assert values.distance_km.tolist() == pytest.approx([2400.0, 48.0 * 70, 0.0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (pl.lit(-1.0).alias("hours"), "row 2: hours must be a number of at least 0, found -1.0"),
        (pl.lit(None, dtype=pl.Float64).alias("hours"), "row 2: hours must be a number"),
        (pl.lit(float("inf")).alias("km"), "row 2: km must be a number"),
        (pl.lit("").alias("to_zone"), "row 2: to_zone is empty"),
        (pl.lit("MO").alias("to_zone"), "row 4: the pair north to MO stands more than once"),
    ],
)
def test_a_wrong_row_is_named(change: pl.Expr, message: str) -> None:
    with pytest.raises(PlanInputError, match=f"times.csv, {message}"):
        BOOK.planned(MATRIX, travel_matrix=TIMES.with_columns(change))


def test_matrix_and_policy_go_together() -> None:
    with pytest.raises(PlanInputError, match=r"travel\.matrix names times\.csv, but no travel"):
        BOOK.planned(MATRIX)
    with pytest.raises(PlanInputError, match=r"the policy has no travel\.matrix block"):
        BOOK.planned({}, travel_matrix=TIMES)
    with pytest.raises(PlanInputError, match=r"times\.csv: column to_zone is missing"):
        BOOK.planned(MATRIX, travel_matrix=TIMES.drop("to_zone"))


def test_pairs_beyond_the_distance_are_not_allowed() -> None:
    """New York to Los Angeles is 3,940 km as the crow flies."""
    book = tables(
        [
            account("NEW", latitude=40.7, longitude=-74.0),
            owned("OWN", "LA", latitude=40.7, longitude=-74.0),
        ],
        [
            rep("LA", latitude=34.1, longitude=-118.2),
            rep("NY", latitude=40.7, longitude=-74.1),
        ],
    )
    pairs = book.planned({"travel": {"max_distance_km": 600}}).problem.pairs
    assert pairs.allowed_reps(0).tolist() == [1]
    # Today's owner may keep what lies too far.
    assert pairs.allowed_reps(1).tolist() == [0, 1]


def test_a_unit_beyond_everybody_is_waived_and_told() -> None:
    planning = tables(
        [account("A1", latitude=34.1, longitude=-118.2), account("A2")],
        REPS,
        [override("A2", "assign", "R1")],
    ).planned({"travel": {"max_distance_km": 600}})
    assert rules_of(planning) == ["distance_waived"]
    assert allowed(planning, "A1") == ["R1", "R2"]
    assert planning.problem.pairs.allowed_reps(0).tolist() == [0, 1]


def test_travel_hours_are_limited_per_rep() -> None:
    planning = tables([account("A1", latitude=40.0), account("A2", latitude=40.0)], REPS).planned(
        {"travel": {"max_hours_per_rep": 50}, "metrics": []}
    )
    problem = planning.problem
    travel = problem.resources.index("travel_hours")
    hours = planning.pairs.account_values(np.array([0]), np.array([0])).travel_hours[0]
    assert 30 < hours < 50
    load = problem.evaluate(np.array([0, 0])).load[:, travel]
    assert load.tolist() == pytest.approx([2 * hours / 50, 0.0])
    assert not problem.evaluate(np.array([0, 0])).is_feasible
    assert problem.evaluate(np.array([0, 1])).is_feasible
