"""Values of single pairs against numbers worked out by hand."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pair_books import plain_book
from pair_reference import great_circle_km

from optimization.pairs.inputs import PairInputs
from optimization.pairs.territory import AccountValues, TerritoryPairs

KANSAS_CITY = (39.1, -94.6)


def values(book: PairInputs) -> AccountValues:
    """Account 0 with every rep."""
    reps = np.arange(book.rep_count)
    return TerritoryPairs(book).account_values(np.zeros_like(reps), reps)


def with_bases(*places: tuple[float, float], **changes: Any) -> PairInputs:
    book = replace(plain_book(reps=len(places)), **changes)
    book.rep_latitude[:], book.rep_longitude[:] = np.array(places).T
    return book


@pytest.mark.parametrize(
    ("here", "there", "kilometres"),
    [
        ((0.0, 0.0), (0.0, 90.0), math.pi / 2 * 6371.0088),
        ((90.0, 0.0), (-90.0, 0.0), math.pi * 6371.0088),
        ((0.0, 179.5), (0.0, -179.5), math.pi / 180 * 6371.0088),
        # New York JFK to Los Angeles LAX: 3,974 km on the sphere.
        ((40.6413, -73.7781), (33.9416, -118.4085), 3974.0),
    ],
)
def test_known_distances(
    here: tuple[float, float], there: tuple[float, float], kilometres: float
) -> None:
    book = with_bases(there, circuity=1.0, cap_hours_per_visit=1e4)
    book.latitude[0], book.longitude[0] = here
    assert values(book).distance_km[0] == pytest.approx(12 * 2 * kilometres, rel=5e-4)


class TestTravel:
    def test_hours_and_cost_by_hand(self) -> None:
        """12 round trips of 2 x km x 1.2 at 70 km/h; USD 0.435 a km and USD 50 an hour."""
        found = values(with_bases((40.1, -94.6)))
        hours = 12 * 2 * great_circle_km(*KANSAS_CITY, 40.1, -94.6) * 1.2 / 70
        assert found.travel_hours[0] == pytest.approx(hours)
        assert found.distance_km[0] == pytest.approx(hours * 70)
        assert found.travel_cost_usd[0] == pytest.approx(hours * 70 * 0.435 + hours * 50)

    def test_a_far_visit_costs_no_more_than_the_cap(self) -> None:
        found = values(with_bases((21.3, -157.9)))
        assert found.travel_hours[0] == pytest.approx(12 * 8.0)
        assert found.distance_km[0] == pytest.approx(12 * 8.0 * 70)

    def test_no_coordinates_no_travel(self) -> None:
        book = with_bases(KANSAS_CITY, (41.9, -94.6))
        book.latitude[0] = math.nan
        assert values(book).travel_hours.tolist() == [0.0, 0.0]

    def test_a_rep_without_base_has_the_mean_of_the_others(self) -> None:
        found = values(with_bases(KANSAS_CITY, (40.1, -94.6), (math.nan, math.nan))).travel_hours
        assert found[0] == 0.0 < found[1]
        assert found[2] == pytest.approx(found[1] / 2)


class TestMatrix:
    """One account zone, three rep zones: 2 h listed with 150 km, 5 h without km, one not listed."""

    HOURS, KM = np.array([[2.0, 5.0, np.nan]]), np.array([[150.0, np.nan, np.nan]])

    def book(self, **changes: Any) -> PairInputs:
        book = with_bases(
            *[(40.1, -94.6)] * 4,
            trip_hours=self.HOURS,
            trip_km=self.KM,
            rep_zone=np.array([0, 1, 2, -1]),
            **changes,
        )
        book.zone[0] = 0
        return book

    def test_listed_trips_replace_the_great_circle(self) -> None:
        found = values(self.book())
        circle = 12 * 2 * great_circle_km(*KANSAS_CITY, 40.1, -94.6) * 1.2 / 70
        assert found.travel_hours.tolist() == pytest.approx([48.0, 96.0, circle, circle])
        # 5 h one way is cut to a cap of 8 h both ways, and 700 km to 560.
        assert found.distance_km[:2].tolist() == pytest.approx([12 * 300.0, 12 * 560.0])

    def test_listed_km_are_cut_with_their_hours(self) -> None:
        found = values(self.book(cap_hours_per_visit=3.0))
        assert found.distance_km[0] == pytest.approx(12 * 300.0 * 3 / 4)

    def test_the_maximum_distance_holds_for_listed_km(self) -> None:
        assert TerritoryPairs(self.book(max_distance_km=149.0)).allowed_reps(0).tolist() == [2, 3]
        assert TerritoryPairs(self.book(max_distance_km=150.0)).allowed_reps(0).tolist() == [
            0,
            2,
            3,
        ]
        assert TerritoryPairs(self.book(max_distance_km=350.0)).allowed_reps(0).tolist() == [
            0,
            1,
            2,
            3,
        ]


class TestMaximumDistance:
    """Reps 0, 133 and 267 km down the road (0, 1 and 2 degrees of latitude, circuity 1.2)."""

    BASES = (KANSAS_CITY, (40.1, -94.6), (41.1, -94.6))

    def test_farther_reps_are_not_allowed(self) -> None:
        pairs = TerritoryPairs(with_bases(*self.BASES, max_distance_km=200.0))
        assert pairs.allowed_reps(0).tolist() == [0, 1]
        assert pairs.pair_count() == 2

    def test_the_incumbent_stays_allowed(self) -> None:
        book = with_bases(*self.BASES, max_distance_km=100.0, incumbent=np.array([2]))
        assert TerritoryPairs(book).allowed_reps(0).tolist() == [0, 2]

    def test_a_unit_that_nobody_reaches_is_exempt(self) -> None:
        book = with_bases(*self.BASES[1:], max_distance_km=100.0)
        pairs = TerritoryPairs(book)
        assert pairs.waived_units.tolist() == [0]
        assert pairs.allowed_reps(0).tolist() == [0, 1]

    def test_a_unit_that_may_have_nobody_is_not_exempt(self) -> None:
        book = with_bases(*self.BASES[1:], max_distance_km=100.0, nobody_usd=np.array([200.0]))
        pairs = TerritoryPairs(book)
        assert pairs.waived_units.size == 0
        assert pairs.allowed_reps(0).tolist() == [2]


class TestFit:
    @pytest.mark.parametrize(
        ("needed", "experience", "knows", "has_skills", "fit"),
        [
            (1.0, 1.0, False, False, 1.0),
            (1.5, 1.0, False, False, 0.7),  # half a level short: the whole experience penalty
            (1.25, 1.0, False, False, 0.85),
            (1.5, 1.5, False, False, 1.0),
            (1.0, 1.0, False, True, 0.85),
            (1.0, 1.0, True, True, 1.0),
            (1.5, 1.0, False, True, 0.7 * 0.85),
        ],
    )
    def test_share_of_the_win(
        self, needed: float, experience: float, knows: bool, has_skills: bool, fit: float
    ) -> None:
        book = replace(
            plain_book(reps=1),
            win_usd=np.array([400.0]),
            needed_experience=np.array([needed]),
            industry=np.array([0]),
            experience_multiplier=np.array([experience]),
            knows=np.array([[knows]]),
            has_skills=np.array([has_skills]),
        )
        found = values(book)
        assert found.expected_sales_usd[0] == pytest.approx(1_000 + 400 * fit)
        assert found.fit_loss_usd[0] == 0.0

    def test_the_best_is_sought_among_those_it_may_have(self) -> None:
        """The senior is not eligible: the junior in the class loses nothing against itself."""
        book = replace(
            plain_book(reps=2),
            win_usd=np.array([400.0]),
            needed_experience=np.array([1.5]),
            experience_multiplier=np.array([1.0, 1.5]),
            class_reps=np.array([[True, False]]),
        )
        assert values(book).fit_loss_usd.tolist() == [0.0, 0.0]
        assert TerritoryPairs(book).best_fit_usd.tolist() == pytest.approx([280.0])
        locked = replace(book, fixed=np.array([1]))
        assert values(locked).fit_loss_usd.tolist() == pytest.approx([120.0, 0.0])


class TestChange:
    def test_only_leaving_an_active_incumbent_costs(self) -> None:
        new = values(plain_book())
        assert new.disruption_loss_usd.tolist() == new.handover_usd.tolist() == [0.0, 0.0]
        owned = values(replace(plain_book(), incumbent=np.array([0])))
        # 15 % of USD 1,000, of which an equally experienced successor saves a fifth.
        assert owned.disruption_loss_usd.tolist() == [0.0, pytest.approx(120.0)]
        assert owned.handover_usd.tolist() == [0.0, 25.0]

    def test_reliefs_add_up(self) -> None:
        book = replace(
            plain_book(reps=5),
            incumbent=np.array([0]),
            industry=np.array([0]),
            experience_multiplier=np.array([1.25, 1.0, 1.25, 1.0, 1.5]),
            knows=np.array([[False, False, False, True, True]]),
            has_skills=np.array([False, False, False, True, True]),
            relief_for_skill=0.2,
        )
        lost = values(book).disruption_loss_usd.tolist()
        assert lost == pytest.approx([0.0, 150.0, 120.0, 120.0, 90.0])

    def test_leaving_for_nobody_spends_the_budget_and_costs_the_price(self) -> None:
        book = replace(
            plain_book(),
            incumbent=np.array([0]),
            move_weight=np.array([[0.25]]),
            nobody_usd=np.array([200.0]),
        )
        found = TerritoryPairs(book).at(np.zeros(3, dtype=np.int64), np.arange(3))
        assert found.weight[:, 0].tolist() == [0.0, 0.25, 0.25]
        assert found.cost.tolist() == pytest.approx([0.0, 0.3 * 120.0 + 25.0, 200.0])
        assert not found.load[2].any()


def test_loads_by_hand() -> None:
    """40 h of service: 40 of 1,600 clock hours at a junior, 32 at a rep of multiplier 1.25."""
    book = replace(
        with_bases(KANSAS_CITY, (21.3, -157.9)),
        experience_multiplier=np.array([1.0, 1.25]),
        amount=np.array([[3.0]]),
        scale=np.array([[2.0], [4.0]]),
        fill_cap=np.array([[1.0], [np.inf]]),
    )
    found = TerritoryPairs(book).at(np.zeros(2, dtype=np.int64), np.arange(2))
    assert found.load.tolist() == [[1.5, 40 / 1600, 0.0], [0.75, (32 + 96) / 1600, 0.96]]
    assert found.fill.tolist() == [[0.5, 40 / 1600, 0.0], [0.75, (32 + 96) / 1600, 0.96]]
    giant = replace(book, counts_above=np.array([[False]]))
    found = TerritoryPairs(giant).at(np.zeros(2, dtype=np.int64), np.arange(2))
    assert found.load[:, 0].tolist() == [0.0, 0.0]
    assert found.fill[:, 0].tolist() == [0.5, 0.75]
