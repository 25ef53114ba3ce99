"""Log odds of levels by hand."""

import numpy as np
import polars as pl
import pytest

from pipelines.scoring.levels import left_out_log_odds, level_codes, log_odds


def test_levels_are_counted_over_both_parts_and_unknown_ones_are_marked() -> None:
    codes, levels = level_codes(pl.Series(["b", None, "a"]), pl.Series(["c", "b"]))
    assert levels == 3
    assert [part.tolist() for part in codes] == [[1, -1, 0], [2, 1]]


def test_odds_are_those_of_the_level_shrunk_toward_the_book() -> None:
    """Level 0: 20 of 20 won; book 21 ÷ 42 = ½. (20 + 10) ÷ 40 = ¾: odds 3. Level 2 has no deals."""
    is_won = np.arange(40) < 20
    codes = np.where(is_won, 0, 1)
    found = log_odds(codes, is_won, 3)
    assert found == pytest.approx([np.log(3), -np.log(3), 0.0, 0.0])
    assert found[-1] == 0.0


def test_a_deal_says_nothing_of_itself() -> None:
    """Two folds of one level: each is encoded by the other's outcomes."""
    is_won = np.array([True] * 20 + [False] * 20)
    fold = np.array([0] * 20 + [1] * 20)
    found = left_out_log_odds(np.zeros(40, dtype=np.int64), is_won, fold, 1)
    changed = left_out_log_odds(np.zeros(40, dtype=np.int64), is_won ^ (fold == 0), fold, 1)
    assert np.array_equal(found[:20], changed[:20])


def test_the_order_of_deals_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    codes, is_won = rng.integers(-1, 5, 200), rng.random(200) < 0.3
    order = rng.permutation(200)
    assert np.array_equal(log_odds(codes, is_won, 5), log_odds(codes[order], is_won[order], 5))
