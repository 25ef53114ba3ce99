"""What hours win: concave, in proportion to money, blind to the order of accounts."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.book.pairing import needed_experience, win_usd
from optimization.policy import ResponsePolicy

RESPONSE = ResponsePolicy()
# So large a team that every account receives the hours it needs.
TEAM = SimpleNamespace(effective_capacity_hours=np.array([1e9]))

Hours = st.lists(st.floats(0.1, 5000), min_size=3, max_size=30)


def won(hours: np.ndarray, whitespace: np.ndarray, team: SimpleNamespace = TEAM) -> np.ndarray:
    accounts = SimpleNamespace(
        service_hours=hours, potential_usd=whitespace, actual_sales_usd=np.zeros(hours.size)
    )
    return win_usd(accounts, team, RESPONSE)  # type: ignore[arg-type]


def test_half_of_the_most_is_won_at_the_half_share_hours() -> None:
    """A tenth of 1,000 USD in the limit: 50 at 40 h, a third of 100 at 20 h."""
    assert won(np.array([40.0, 20.0]), np.full(2, 1000.0)) == pytest.approx([50.0, 100 / 3])


def test_a_team_that_is_too_small_gives_everybody_less() -> None:
    """Half the hours that are needed: 40 h become 20 h, 20 h become 10 h."""
    half = SimpleNamespace(effective_capacity_hours=np.array([30.0]))
    found = won(np.array([40.0, 20.0]), np.full(2, 1000.0), half)
    assert found == pytest.approx([100 / 3, 20.0])


@settings(max_examples=30, deadline=None)
@given(Hours, st.floats(1e-3, 1e3), st.integers(0, 2**31))
def test_more_hours_win_more_but_ever_less_of_it(
    hours: list[float], currency: float, seed: int
) -> None:
    sorted_hours = np.array([0.0, *np.unique(hours)])
    found = won(sorted_hours, np.full(sorted_hours.size, 1000.0))
    # Each account alone: the hours of a book sum up to what its team can give.
    assert (np.diff(found) >= 0).all()
    slopes = np.diff(found) / np.diff(sorted_hours)
    assert (np.diff(slopes) <= 1e-9).all()
    assert (found <= 1000 * RESPONSE.max_whitespace_share).all()
    dear = won(sorted_hours, np.full(sorted_hours.size, 1000.0 * currency))
    assert dear == pytest.approx(found * currency)
    order = np.random.default_rng(seed).permutation(sorted_hours.size)
    shuffled = won(sorted_hours[order], np.full(sorted_hours.size, 1000.0))
    assert np.array_equal(shuffled, found[order])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.3, 4), min_size=2, max_size=20))
def test_complex_accounts_call_for_experience_up_to_a_senior(scores: list[float]) -> None:
    needed = needed_experience(np.sort(scores))
    assert (np.diff(needed) >= 0).all()
    assert ((needed >= 1.0) & (needed <= 1.5)).all()
