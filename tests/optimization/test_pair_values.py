"""The value functions against numbers worked out by hand, and the laws they must keep."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_book import account, book, owned, rep

from optimization import Policy
from optimization.tables import AccountArrays, RepArrays, read_accounts, read_reps
from optimization.value import PairValues, great_circle_km, pair_values

KANSAS_CITY, CHICAGO = (39.1, -94.6), (41.9, -87.6)


def arrays(
    accounts: list[dict[str, Any]], reps: list[dict[str, Any]]
) -> tuple[AccountArrays, RepArrays]:
    tables = book(accounts, reps)
    staff = read_reps(tables.reps)
    return read_accounts(tables.accounts, staff), staff


def values(
    accounts: list[dict[str, Any]], reps: list[dict[str, Any]], **settings: Any
) -> PairValues:
    return pair_values(*arrays(accounts, reps), Policy.model_validate(settings))


def distance(here: tuple[float, float], there: tuple[float, float]) -> float:
    one, other = np.array([here]), np.array([there])
    return float(great_circle_km(one[:, 0], one[:, 1], other[:, 0], other[:, 1])[0, 0])


class TestDistance:
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
        self, here: tuple[float, float], there: tuple[float, float], kilometres: float
    ) -> None:
        assert distance(here, there) == pytest.approx(kilometres, rel=5e-4)

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(st.tuples(*[st.tuples(st.floats(-90, 90), st.floats(-180, 180)) for _ in range(3)]))
    def test_is_a_metric(self, points: tuple[tuple[float, float], ...]) -> None:
        a, b, c = points
        assert distance(a, a) == pytest.approx(0.0, abs=1e-3)
        assert distance(a, b) == pytest.approx(distance(b, a), abs=1e-6)
        assert distance(a, c) <= distance(a, b) + distance(b, c) + 1e-3

    def test_unknown_places_have_no_distance(self) -> None:
        assert math.isnan(distance((math.nan, math.nan), CHICAGO))


class TestTravel:
    def test_hours_and_cost_by_hand(self) -> None:
        """12 round trips of 2 x km x 1.2 at 70 km/h; USD 0.435 a km and USD 50 an hour."""
        far = rep("R0", latitude=40.1, longitude=-94.6)
        found = values([account("A0")], [far])
        kilometres = distance(KANSAS_CITY, (40.1, -94.6))
        hours = 12 * 2 * kilometres * 1.2 / 70
        assert found.travel_hours[0, 0] == pytest.approx(hours)
        assert found.distance_km[0, 0] == pytest.approx(hours * 70)
        assert found.travel_cost_usd[0, 0] == pytest.approx(hours * 70 * 0.435 + hours * 50)

    def test_a_far_visit_costs_no_more_than_the_cap(self) -> None:
        found = values([account("A0")], [rep("R0", latitude=21.3, longitude=-157.9)])
        assert found.travel_hours[0, 0] == pytest.approx(12 * 8.0)

    def test_no_coordinates_no_travel(self) -> None:
        found = values([account("A0", latitude=None)], [rep("R0"), rep("R1", latitude=41.9)])
        assert found.travel_hours.tolist() == [[0.0, 0.0]]

    def test_a_rep_without_base_has_the_mean_of_the_others(self) -> None:
        reps = [rep("R0"), rep("R1", latitude=40.1), rep("R2", latitude=None, longitude=None)]
        first, second, mean = values([account("A0")], reps).travel_hours[0]
        assert second > first
        assert mean == pytest.approx((first + second) / 2)


class TestExpectedSales:
    ACCOUNT = account("A0", service_hours=40.0, potential_usd=10_000.0, actual_sales_usd=2_000.0)

    def test_by_hand(self) -> None:
        """40 hours win half of 10 % of the USD 8,000 of whitespace, on top of today's sales."""
        found = values([self.ACCOUNT], [rep("R0")])
        assert found.expected_sales_usd[0, 0] == pytest.approx(2_000 + 8_000 * 0.1 * 0.5)

    def test_a_team_short_of_hours_serves_all_accounts_less(self) -> None:
        """20 hours of capacity for 40 of work: 20 hours win a third of the share."""
        found = values([self.ACCOUNT], [rep("R0", capacity_hours=20.0)])
        assert found.expected_sales_usd[0, 0] == pytest.approx(2_000 + 8_000 * 0.1 / 3)

    def test_sales_above_potential_leave_no_whitespace(self) -> None:
        rich = self.ACCOUNT | {"actual_sales_usd": 20_000.0}
        assert values([rich], [rep("R0")]).expected_sales_usd[0, 0] == 20_000

    def test_a_missing_potential_is_today_s_sales(self) -> None:
        unknown = self.ACCOUNT | {"potential_usd": None}
        assert values([unknown], [rep("R0")]).expected_sales_usd[0, 0] == 2_000

    @pytest.mark.parametrize(
        ("complexity", "multiplier", "skills", "fit"),
        [
            (1.0, 1.0, "", 1.0),
            (2.0, 1.0, "", 0.7),  # half a level short: the whole experience penalty
            (1.5, 1.0, "", 0.85),
            (5.0, 1.0, "", 0.7),  # no account asks for more than a senior
            (2.0, 1.5, "", 1.0),
            (0.2, 1.0, "", 1.0),
            (1.0, 1.0, "health", 0.85),
            (1.0, 1.0, "health| retail", 1.0),
            (2.0, 1.0, "health", 0.7 * 0.85),
        ],
    )
    def test_fit(self, complexity: float, multiplier: float, skills: str, fit: float) -> None:
        one = self.ACCOUNT | {"complexity_score": complexity}
        staff = rep("R0", experience_multiplier=multiplier, skill_industries=skills)
        found = values([one], [staff])
        assert found.expected_sales_usd[0, 0] == pytest.approx(2_000 + 400 * fit)

    def test_an_unknown_industry_costs_nothing(self) -> None:
        one = self.ACCOUNT | {"industry": None}
        found = values([one], [rep("R0", skill_industries="health")])
        assert found.expected_sales_usd[0, 0] == pytest.approx(2_400)


class TestDisruption:
    def test_only_a_change_of_an_active_owner_loses_sales(self) -> None:
        accounts = [
            owned("A0", "R0", actual_sales_usd=1_000.0),
            account("A1", actual_sales_usd=1_000.0),
            owned("A2", "R9", actual_sales_usd=1_000.0),
        ]
        lost = values(accounts, [rep("R0"), rep("R1")]).disruption_loss_usd
        # 15 % of USD 1,000, of which an equally experienced successor saves a fifth.
        assert lost.tolist() == [[0.0, pytest.approx(120.0)], [0.0, 0.0], [0.0, 0.0]]

    def test_reliefs_add_up(self) -> None:
        one = owned("A0", "R0", actual_sales_usd=1_000.0)
        reps = [
            rep("R0", experience_multiplier=1.25),
            rep("R1"),
            rep("R2", experience_multiplier=1.25),
            rep("R3", skill_industries="retail"),
            rep("R4", experience_multiplier=1.5, skill_industries="retail|health"),
        ]
        lost = values([one], reps).disruption_loss_usd[0]
        assert lost.tolist() == pytest.approx([0.0, 150.0, 120.0, 120.0, 90.0])


def test_values_do_not_depend_on_the_company_an_account_is_in() -> None:
    """A block of accounts has the values it has alone, as long as the team is large enough."""
    accounts = [
        owned(f"A{i}", "R0", actual_sales_usd=10.0 * i, latitude=35.0 + i) for i in range(5)
    ]
    reps = [rep("R0"), rep("R1", latitude=41.9, longitude=-87.6)]
    whole = values(accounts, reps)
    for i, one in enumerate(accounts):
        alone = values([one], reps)
        for name in vars(whole):
            assert getattr(whole, name)[i].tolist() == pytest.approx(getattr(alone, name)[0])
