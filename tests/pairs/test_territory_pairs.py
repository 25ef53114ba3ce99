"""TerritoryPairs against the formulas written out pair by pair."""

from dataclasses import replace

import numpy as np
import pytest
from pair_books import plain_book, random_book, random_prices
from pair_reference import Reference

from optimization.engine.dense import DensePairs
from optimization.engine.problem import Prices
from optimization.pairs.territory import TerritoryPairs

SEEDS = range(60)
CLOSE = {"rtol": 1e-9, "atol": 1e-6}


@pytest.mark.parametrize("seed", SEEDS)
def test_values_of_every_pair(seed: int) -> None:
    book = random_book(seed)
    reference = Reference(book)
    units, owners = range(book.unit_count), range(book.rep_count + 1)
    pairs = [(u, j) for u in units for j in owners]
    unit, rep = np.array(pairs).T
    found = TerritoryPairs(book).at(unit, rep)
    cost = np.array([reference.cost(u, j) for u, j in pairs])
    # Nobody is no pair of units that need an owner; what is said of it then does not count.
    priced = np.isfinite(cost)
    np.testing.assert_allclose(found.cost[priced], cost[priced], **CLOSE)
    both = [reference.load_and_fill(u, j) for u, j in pairs]
    shape = (len(pairs), book.resource_count)
    np.testing.assert_allclose(found.load, np.reshape([load for load, _ in both], shape), **CLOSE)
    np.testing.assert_allclose(found.fill, np.reshape([fill for _, fill in both], shape), **CLOSE)
    weight = np.reshape([reference.weight(u, j) for u, j in pairs], found.weight.shape)
    np.testing.assert_allclose(found.weight, weight, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("seed", SEEDS)
def test_who_may_own_what(seed: int) -> None:
    book = random_book(seed)
    reference, pairs = Reference(book), TerritoryPairs(book)
    expected = [reference.allowed(u) for u in range(book.unit_count)]
    assert [pairs.allowed_reps(u).tolist() for u in range(book.unit_count)] == expected
    arcs = pairs.all_arcs()
    assert [part.tolist() for part in np.split(arcs.rep, arcs.first[1:-1])] == expected
    assert pairs.pair_count() == len(arcs) == sum(map(len, expected))
    waived = [u for u in range(book.unit_count) if reference.is_waived(u)]
    assert pairs.waived_units.tolist() == waived


def test_the_random_books_meet_every_case() -> None:
    """What the tests above rely on: each feature occurs, also where it decides something."""
    books = [random_book(seed) for seed in SEEDS]
    assert any(TerritoryPairs(book).waived_units.size for book in books)
    assert any((np.diff(book.member_first) > 2).any() for book in books)
    assert any(np.isnan(book.latitude).any() and book.trip_hours.size for book in books)
    assert any(np.isnan(book.rep_latitude).all() for book in books)
    assert any(np.isnan(book.rep_latitude).any() and book.trip_hours.size for book in books)
    assert any(
        (book.amount[:, None] > book.fill_cap[None]).any() for book in books if book.amount.size
    )
    barred = [book for book in books if np.isfinite(book.max_distance_km)]
    assert any(
        len(Reference(book).allowed(u)) < book.class_reps[book.class_of[u]].sum()
        for book in barred
        for u in np.flatnonzero(book.fixed < 0)
    )


@pytest.mark.parametrize("depth", [1, 2, 5, 40])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_cheapest_are_the_cheapest(seed: int, depth: int) -> None:
    book = random_book(seed)
    reference, prices = Reference(book), random_prices(book, seed)
    ranking = TerritoryPairs(book).cheapest(prices, depth)
    assert ranking.rep.shape == (book.unit_count, min(depth, book.rep_count + 1))
    for u in range(book.unit_count):
        allowed = reference.allowed(u)
        priced = {j: reference.priced(u, j, prices) for j in allowed}
        expected = sorted(priced.values())[: ranking.rep.shape[1]]
        count = len(expected)
        assert (ranking.rep[u, count:] == -1).all()
        assert np.isinf(ranking.priced[u, count:]).all()
        np.testing.assert_allclose(ranking.priced[u, :count], expected, rtol=1e-9, atol=1e-5)
        named = ranking.rep[u, :count].tolist()
        assert len(set(named)) == count
        of_named = [priced[j] for j in named]
        np.testing.assert_allclose(of_named, expected, rtol=1e-9, atol=1e-5)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_ranking_agrees_with_stored_matrices(seed: int) -> None:
    book = random_book(seed, accounts=120, reps=70)
    pairs, prices = TerritoryPairs(book), random_prices(book, seed)
    stored = DensePairs.copied(pairs).cheapest(prices, 6)
    found = pairs.cheapest(prices, 6)
    np.testing.assert_allclose(found.priced, stored.priced, rtol=1e-10, atol=1e-6)
    assert (found.rep == stored.rep).mean() > 0.99


def test_some_units_are_ranked_as_among_all() -> None:
    book = random_book(11, accounts=80, reps=9)
    pairs, prices = TerritoryPairs(book), random_prices(book, 1)
    whole = pairs.cheapest(prices, 3)
    units = np.arange(1, pairs.unit_count, 3)
    part = pairs.cheapest(prices, 3, units)
    np.testing.assert_array_equal(part.rep, whole.rep[units])
    np.testing.assert_array_equal(part.priced, whole.priced[units])


def test_equal_reps_are_named_by_index() -> None:
    pairs = TerritoryPairs(plain_book(accounts=2, reps=100))
    ranking = pairs.cheapest(Prices.zero(100, pairs.inputs.resource_count, 0), 5)
    assert ranking.rep.tolist() == [[0, 1, 2, 3, 4]] * 2


def test_threads_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimization.pairs.blocks.BLOCK_PAIRS", 50)
    book = random_book(21, accounts=300, reps=12)
    prices = random_prices(book, 2)
    alone, shared = TerritoryPairs(book, threads=1), TerritoryPairs(book, threads=3)
    one, three = alone.cheapest(prices, 4), shared.cheapest(prices, 4)
    np.testing.assert_array_equal(one.rep, three.rep)
    np.testing.assert_array_equal(one.priced, three.priced)
    some, others = alone.all_arcs(), shared.all_arcs()
    np.testing.assert_array_equal(some.rep, others.rep)
    np.testing.assert_array_equal(some.values.cost, others.values.cost)
    np.testing.assert_array_equal(some.values.load, others.values.load)


@pytest.mark.parametrize("seed", range(10))
def test_account_values_are_the_parts_of_the_cost(seed: int) -> None:
    book = random_book(seed)
    pairs, of = TerritoryPairs(book), Reference(book)
    n, reps = book.account_count, book.rep_count
    cells = [(i, j) for i in range(n) for j in range(reps)]
    account, rep = np.array(cells).T
    found = pairs.account_values(account, rep)
    expected = {
        "travel_hours": [book.visits[i] * of.round_trip(i, j)[0] for i, j in cells],
        "distance_km": [book.visits[i] * of.round_trip(i, j)[1] for i, j in cells],
        "expected_sales_usd": [book.sales[i] + of.win(i, j) for i, j in cells],
        "disruption_loss_usd": [of.disruption(i, j) for i, j in cells],
        "fit_loss_usd": [max(of.best_win(i) - of.win(i, j), 0.0) for i, j in cells],
        "handover_usd": [25.0 if of.leaves(i, j) else 0.0 for i, j in cells],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(found, name), values, err_msg=name, **CLOSE)
    best = [of.best_win(i) for i in range(n)]
    np.testing.assert_allclose(pairs.best_fit_usd, best, rtol=1e-12)
    alone = pairs.account_values(np.arange(n), np.full(n, reps))
    np.testing.assert_array_equal(alone.expected_sales_usd, book.sales)
    assert not alone.travel_cost_usd.any()
    assert not alone.fit_loss_usd.any()


def test_no_unit_no_pair() -> None:
    book = plain_book(accounts=0, reps=3)
    pairs = TerritoryPairs(book)
    assert pairs.pair_count() == 0
    assert len(pairs.all_arcs()) == 0
    assert pairs.cheapest(random_prices(book, 0), 2).rep.shape == (0, 2)


def test_no_rep_leaves_nobody() -> None:
    """Two accounts that may stay without owner, in a plan that has no rep at all."""
    book = replace(plain_book(accounts=2, reps=0), nobody_usd=np.array([5.0, np.inf]))
    pairs = TerritoryPairs(book)
    ranking = pairs.cheapest(random_prices(book, 0), 2)
    assert ranking.rep.tolist() == [[0], [-1]]
    assert ranking.priced.tolist() == [[5.0], [np.inf]]
    assert pairs.all_arcs().rep.tolist() == [0]


def test_arrays_of_other_shapes_or_types_are_refused() -> None:
    book = plain_book(accounts=3, reps=2)
    with pytest.raises(ValueError, match=r"PairInputs.sales has shape \(2,\), expected \(3,\)"):
        replace(book, sales=np.zeros(2))
    with pytest.raises(ValueError, match=r"PairInputs.zone has type int32"):
        replace(book, zone=np.zeros(3, dtype=np.int32))
    with pytest.raises(ValueError, match=r"names resources \[0, 2, 2\]"):
        replace(book, clock_resource=2)
    with pytest.raises(ValueError, match=r"PairInputs.incumbent holds indices outside -1 .. 1"):
        replace(book, incumbent=np.array([0, 2, -1]))
    with pytest.raises(ValueError, match=r"member_first does not cut the accounts"):
        replace(book, member_first=np.array([0, 2, 2, 3]))
