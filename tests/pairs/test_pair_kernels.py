"""The kernels where they leave the plain formulas: chords, polynomials and selection by lanes."""

import math
from dataclasses import replace

import numpy as np
import pytest
from pair_books import CITIES, plain_book
from pair_reference import great_circle_km

from optimization.engine.problem import Prices
from optimization.pairs import kernels
from optimization.pairs.territory import TerritoryPairs


def arc_error(loop: object, half_sines: np.ndarray) -> float:
    """Largest relative error of 2 arcsin(sqrt(t)) as `loop` computes it for points on a circle."""
    angle = 2 * np.arcsin(np.sqrt(half_sines))
    at = np.stack((np.cos(angle), np.sin(angle), np.zeros_like(angle)))
    found = np.empty(angle.size)
    loop(found, np.array([1.0, 0.0, 0.0]), at, 2.0, 1.0)  # type: ignore[operator]
    return float(np.max(np.abs(found / angle - 1)))


def test_the_near_series_is_as_exact_as_it_says() -> None:
    # From 6 km on: below, the points themselves are no more exact than 1e-13 of their distance.
    sines = np.geomspace(2.5e-7, kernels.NEAR, 20_001)
    assert arc_error(kernels._near_hours, sines) < 5e-13
    assert arc_error(kernels._near_hours, sines[sines > 1e-3]) < 5e-15


def test_the_far_polynomial_is_as_exact_as_it_says() -> None:
    assert arc_error(kernels._far_hours, np.linspace(1e-2, 1.0 - 1e-2, 20_001)) < 2e-14


def test_the_cap_is_reached_exactly_where_it_should() -> None:
    """A visit beyond the cap costs the cap, whichever polynomial is in use (switch: 86 hours)."""
    for cap in (0.5, 8.0, 85.0, 86.0, 87.0, 300.0):
        book = replace(plain_book(reps=4), cap_hours_per_visit=cap)
        book.rep_latitude[:] = [39.1, 39.6, -20.0, -39.1]
        book.rep_longitude[:] = [-94.6, -94.6, 20.0, 85.4]
        pairs = TerritoryPairs(book)
        km = [
            great_circle_km(*CITIES[4], lat, lon)
            for lat, lon in zip(book.rep_latitude, book.rep_longitude, strict=True)
        ]
        hours = [12 * min(2 * one_way * 1.2 / 70, cap) for one_way in km]
        free = Prices.zero(4, book.resource_count, 0)
        ranking = pairs.cheapest(free, 4)
        assert sorted(ranking.rep[0].tolist()) == [0, 1, 2, 3]
        expected = [hours[j] * (70 * 0.435 + 50) for j in ranking.rep[0]]
        np.testing.assert_allclose(ranking.priced[0], expected, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("width", [1, 31, 32, 33, 64, 100, 257])
@pytest.mark.parametrize("depth", [1, 3, 9, 300])
def test_selection_is_a_stable_sort(width: int, depth: int) -> None:
    """Values drawn from a few, so that there are ties; some inf, which are never chosen."""
    draw = np.random.default_rng(width * depth)
    for highest in (2, 7, 10_000):
        row = np.full(math.ceil(width / kernels.LANES) * kernels.LANES, np.inf)
        row[:width] = draw.integers(0, highest, width)
        row[:width][draw.random(width) < 0.2] = np.inf
        reps = np.sort(draw.choice(1_000, width, replace=False)).astype(np.int64)
        rep, priced = np.full(depth, -1), np.full(depth, np.inf)
        lanes = row.reshape(-1, kernels.LANES)
        kernels._select(lanes, np.empty(kernels.LANES), reps, rep, priced)
        order = np.argsort(row[:width], kind="stable")[:depth]
        order = order[np.isfinite(row[order])]
        assert rep[: order.size].tolist() == reps[order].tolist()
        assert priced[: order.size].tolist() == row[order].tolist()
        assert (rep[order.size :] == -1).all()


def test_one_compilation_serves_all_books() -> None:
    """Read-only arrays, slices of others and other sizes need no new compiled kernels."""
    kernels.warm_up()
    before = len(kernels.rank.signatures)
    book = plain_book(accounts=3, reps=2)
    sales = np.arange(6.0)[::2]
    hours = np.ones(3)
    hours.flags.writeable = False
    pairs = TerritoryPairs(replace(book, sales=sales, service_hours=hours))
    pairs.cheapest(Prices.zero(2, book.resource_count, 0), 1, np.arange(4)[::2])
    pairs.at(np.arange(6)[::2] // 2, np.zeros(3, dtype=np.int64))
    assert len(kernels.rank.signatures) == before == 1
    assert len(kernels.account_values.signatures) == 1
    assert len(kernels.allowed.signatures) == 1
    assert len(kernels.mean_trips.signatures) == 1
