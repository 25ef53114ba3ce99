"""Categories of many levels as one number each: the log odds of winning at a level.

Levels are counted as integer codes, so that three million deals cost a second, not a minute.
"""

import numpy as np
import polars as pl

from pipelines.scoring.evidence import Bools, Floats, Ints

# Deals at which a level's own rate and the book's weigh the same.
SHRINKAGE_DEALS = 20.0


def level_codes(*parts: pl.Series) -> tuple[list[Ints], int]:
    """The codes of each part, counted over all of them; -1 where a level is unknown.

    Returns:
        (n) codes from 0 for each part, and how many levels there are.
    """
    united = pl.concat([part.cast(pl.String) for part in parts])
    ranks = united.rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1
    bounds = np.cumsum([part.len() for part in parts])[:-1]
    return np.split(ranks, bounds), int(ranks.max(initial=-1)) + 1


def log_odds(codes: Ints, is_won: Bools, levels: int) -> Floats:
    """Log odds of winning at each level less those of the book, shrunk: (levels + 1).

    A level without deals has 0, the book; so has the last entry, which the code -1 finds by
    wrapping around.
    """
    known = codes >= 0
    deals = np.bincount(codes[known], minlength=levels + 1)
    won = np.bincount(codes[known & is_won], minlength=levels + 1)
    return _shrunk(won, deals, _rate(is_won))


def left_out_log_odds(codes: Ints, is_won: Bools, fold: Ints, levels: int) -> Floats:
    """(n) the log odds of each deal's level among the deals of other folds."""
    found = np.empty(codes.size)
    for number in np.unique(fold):
        here = fold == number
        found[here] = log_odds(codes[~here], is_won[~here], levels)[codes[here]]
    return found


def _rate(is_won: Bools) -> float:
    return float((is_won.sum() + 1) / (is_won.size + 2))


def _shrunk(won: Ints, deals: Ints, rate: float) -> Floats:
    shrunk = (won + SHRINKAGE_DEALS * rate) / (deals + SHRINKAGE_DEALS)
    odds = np.log(shrunk / (1 - shrunk)) - np.log(rate / (1 - rate))
    return np.where(deals > 0, odds, 0.0)
