"""Groups that do not fit: found where there are any, true by addition, and as small as can be."""

import itertools

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimization.engine.obstacles import joined, overfull_groups


def worst(supply: np.ndarray, room: np.ndarray, reaches: np.ndarray) -> float:
    """The largest excess of any set of sources over all sinks they reach: Hall's condition."""
    sets = itertools.product([False, True], repeat=supply.size)
    chosen = np.array(list(sets))
    sinks = (chosen.astype(int) @ reaches.astype(int)) > 0
    return float((chosen @ supply - sinks @ room).max())


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.integers(0, 2**32 - 1))
def test_groups_are_found_true_and_minimal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sources, sinks = rng.integers(1, 7, 2)
    supply = rng.integers(0, 9, sources).astype(float)
    room = rng.integers(0, 9, sinks).astype(float)
    room[rng.random(sinks) < 0.1] = np.inf
    reaches = rng.random((sources, sinks)) < 0.5
    groups = overfull_groups(supply, room, reaches)
    finite = np.where(np.isinf(room), 1e6, room)
    assert bool(groups) == (worst(supply, finite, reaches) > 0)
    for group in groups:
        touched = reaches[group.sources].any(axis=0)
        assert set(np.flatnonzero(touched)) == set(group.sinks)
        assert group.supply == supply[group.sources].sum()
        assert group.room == room[group.sinks].sum()
        assert group.supply > group.room
    if len(groups) == 1:
        # With any sink less the sources that remain have room enough.
        group = groups[0]
        for sink in group.sinks:
            left = group.sources[~reaches[group.sources, sink]]
            assert worst(supply[left], finite, reaches[left]) <= 0


def test_separate_shortages_are_named_apart() -> None:
    supply = np.array([5.0, 9.0, 2.0])
    room = np.array([4.0, 6.0, 3.0])
    groups = overfull_groups(supply, room, np.eye(3, dtype=bool))
    assert [(g.sources.tolist(), g.supply, g.room) for g in groups] == [
        ([1], 9.0, 6.0),
        ([0], 5.0, 4.0),
    ]


def test_a_source_that_reaches_nothing_is_a_group_without_sinks() -> None:
    (group,) = overfull_groups(np.array([2.0]), np.array([9.0]), np.zeros((1, 1), dtype=bool))
    assert (group.sinks.size, group.supply, group.room) == (0, 2.0, 0.0)


def test_columns_are_joined_where_all_rows_agree() -> None:
    rows = np.array([[1, 0, 1, 1], [0, 1, 0, 1]], dtype=bool)
    assert [one.tolist() for one in joined(rows)] == [[0, 2], [1], [3]]
