"""Proposed bases of vacant seats, on a map one can think through."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.scoring.bases import REACH_KM, propose_bases

# Ten accounts around Boston, ten around Austin; one without a place.
BOSTON = [(f"B{i}", 42.3 + i / 100, -71.0) for i in range(10)]
AUSTIN = [(f"A{i}", 30.2 + i / 100, -97.7) for i in range(10)]
ACCOUNTS = pl.DataFrame(
    [(*row, 1.0) for row in [*BOSTON, *AUSTIN]] + [("nowhere", None, None, 1.0)],
    schema=["account_id", "latitude", "longitude", "weight"],
    orient="row",
)
SEATS = {"rep_id": pl.String, "latitude": pl.Float64, "longitude": pl.Float64}


def seats(*rows: tuple[str, float | None, float | None]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SEATS, orient="row")


NOBODY = seats()


def test_a_base_goes_where_nobody_is() -> None:
    """A rep in Boston: the vacant seat, though it is near Boston, is called for in Austin."""
    boston = seats(("R", 42.34, -71.0))
    (row,) = propose_bases(ACCOUNTS, boston, seats(("S", 42.0, -71.5))).to_dicts()
    assert row["base_account_id"].startswith("A")
    assert row["account_count"] == 10
    assert row["current_mean_distance_km"] > 2000
    assert row["mean_distance_km"] < 10


def test_a_few_remote_accounts_do_not_decide() -> None:
    """Two accounts on Hawaii are farther from Boston's rep than ten in Austin, but only two."""
    hawaii = pl.DataFrame(
        [("H1", 21.3, -157.8, 1.0), ("H2", 21.4, -157.8, 1.0)],
        schema=ACCOUNTS.schema,
        orient="row",
    )
    boston = seats(("R", 42.34, -71.0))
    (row,) = propose_bases(
        pl.concat([ACCOUNTS, hawaii]), boston, seats(("S", 42.0, -71.5))
    ).to_dicts()
    assert row["base_account_id"].startswith("A")


def test_each_seat_gets_the_cluster_it_is_nearest_to() -> None:
    found = propose_bases(ACCOUNTS, NOBODY, seats(("S1", 29.8, -95.4), ("S2", 40.7, -74.0)))
    assert found["rep_id"].to_list() == ["S1", "S2"]
    assert [name[0] for name in found["base_account_id"]] == ["A", "B"]
    assert found["account_count"].to_list() == [10, 10]


def test_a_base_is_nearer_than_the_one_it_replaces() -> None:
    """From New York to Boston are about 300 km; accounts lie within 10 km of each other."""
    found = propose_bases(ACCOUNTS.head(10), NOBODY, seats(("S", 40.7, -74.0)))
    (row,) = found.to_dicts()
    assert row["base_account_id"] in {"B4", "B5"}
    assert row["mean_distance_km"] == pytest.approx(2.8, abs=0.3)
    assert row["current_mean_distance_km"] == pytest.approx(310, abs=15)


def test_a_seat_without_a_base_gets_one_too() -> None:
    (row,) = propose_bases(ACCOUNTS.head(10), NOBODY, seats(("S", None, None))).to_dicts()
    assert row["current_mean_distance_km"] is None
    assert row["base_account_id"].startswith("B")


def test_without_seats_or_places_nothing_is_proposed() -> None:
    assert propose_bases(ACCOUNTS, NOBODY, seats()).is_empty()
    nowhere = ACCOUNTS.filter(pl.col("latitude").is_null())
    assert propose_bases(nowhere, NOBODY, seats(("S", 1.0, 1.0))).is_empty()


def test_more_seats_than_places_leave_seats_without_a_proposal() -> None:
    found = propose_bases(
        ACCOUNTS.head(2), NOBODY, seats(("S1", 1.0, 1.0), ("S2", 2.0, 2.0), ("S3", 3.0, 3.0))
    )
    assert found.height == 2


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-80, 80), st.floats(-179, 179), st.floats(0.1, 100)),
        min_size=3,
        max_size=25,
    ),
    st.integers(0, 2**31),
)
def test_the_order_of_accounts_does_not_matter(
    places: list[tuple[float, float, float]], order: int
) -> None:
    accounts = pl.DataFrame(
        [(f"A{i:02}", *place) for i, place in enumerate(places)],
        schema=["account_id", "latitude", "longitude", "weight"],
        orient="row",
    )
    rows = np.random.default_rng(order).permutation(len(places))
    vacant = seats(("S1", 10.0, 10.0), ("S2", -10.0, 100.0))
    found = propose_bases(accounts, NOBODY, vacant)
    assert found.equals(propose_bases(accounts[rows], NOBODY, vacant))
    assert 1 <= found["account_count"].sum() <= len(places)
    assert (found["mean_distance_km"] <= REACH_KM).all()
