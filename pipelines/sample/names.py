"""Invented names and streets. Any likeness to a real firm or person is chance."""

import numpy as np
import polars as pl

from pipelines.sample.catalogue import INDUSTRIES


def _words(text: str, separator: str | None = None) -> tuple[str, ...]:
    return tuple(text.split(separator))


# 64 × 64 stems × 4 trades × 8 legal forms = 131,072 names, × 16 prefixes = 2 million.
FIRST_STEMS = _words(
    "Alder Amber Anchor Arbor Ash Aspen Bay Beacon Birch Blue Bright Bronze Canyon Cedar "
    "Chestnut Clear Cliff Clover Cobalt Copper Coral Crest Crown Crystal Dawn Delta Eagle Echo "
    "Elm Ember Falcon Fern Flint Forest Fox Garnet Glen Golden Granite Green Harbor Hawk Hazel "
    "Heron Hickory Iron Ivory Jade Juniper Lake Laurel Linden Maple Meadow Mill Oak Pearl Pine "
    "Quarry Raven Silver Stone Summit Willow"
)
SECOND_STEMS = _words(
    "bank bay bend berg bluff bourne bridge brook burg bury cliff cove creek crest dale dell "
    "diff fall field fleet ford forge gate glade glen grove hall ham harbor haven heath hill "
    "hold holm hurst island keep lake land ledge ley line lock march mead mere mill moor mount "
    "pass point pool port ridge rock shaw shore side stead stone ton vale water way worth"
)
LEGAL_FORMS = ("Inc", "LLC", "Corp", "Group", "Co", "Holdings", "Company", "Ltd")
PREFIXES = _words(
    " North South East West New First United Grand Royal Upper Lower Central Great Inner Outer", " "
)

FIRST_NAMES = _words(
    "Aaron Abby Adele Alan Alma Amir Andrea Angela Anton Beth Brian Bruno Carla Carlos Cecil "
    "Chloe Clara Colin Dana Daniel Darius Deborah Derek Diana Elena Eli Emma Eric Esther Fatima "
    "Felix Fiona Frank Gina Glenn Grace Hana Hector Helen Hugo Ian Ines Irene Isaac Ivan Jade "
    "Jamal Jane Jason Joan Joel Julia Kara Karl Keiko Kevin Laura Leo Lydia Marc Maria Mei Nadia "
    "Omar"
)
LAST_NAMES = _words(
    "Abbott Acosta Adler Ames Archer Ayala Baker Barnes Becker Bell Benson Blair Boyd Brandt "
    "Brooks Burke Cain Calder Castro Chan Cho Clarke Cohen Cole Cortez Crane Cruz Dalton Davis "
    "Deng Diaz Doyle Drake Dunn Ellis Evans Farrow Fisher Flores Foster Frost Garza Gibbs Gomez "
    "Grant Gupta Hale Hansen Harper Hayes Holt Howe Hsu Ito Jensen Joshi Keller Kemp Khan Kim "
    "Knox Kumar Lang Larsen Lee Levy Lopez Lowe Mason Mays Meyer Mills Moreno Moss Nash Nguyen "
    "Nolan Novak Okafor Olsen Ortiz Osei Page Park Patel Perez Pierce Pratt Quinn Ramos Reed "
    "Reyes Rice Rivera Roth Ruiz Sato Shah Shaw Silva Singh Snow Sosa Stone Sutton Tate Torres "
    "Tran Turner Valdez Vance Vega Voss Walker Walsh Ward Watts Weiss Wolfe Wong Wood Wright "
    "Yates York Young Zhang"
)
STREETS = _words(
    "Main St|Oak Ave|Maple Dr|Market St|Commerce Pkwy|Industrial Blvd|Park Ave|Washington St|"
    "Lincoln Way|Mill Rd|River Rd|Lake Shore Dr|Airport Rd|College Ave|Center St|Technology Dr",
    "|",
)

COMPANY_BITS = 17
COMPANY_MASK = (1 << COMPANY_BITS) - 1


def _mix(number: np.ndarray, odd: int, offset: int) -> np.ndarray:
    """A bijection of 0 … 2^17 − 1 that scatters neighbours (multiply, add, xor-shift)."""
    mixed = (number * odd + offset) & COMPANY_MASK
    mixed ^= mixed >> 8
    mixed = (mixed * 0x1D35) & COMPANY_MASK
    return mixed ^ (mixed >> 7)


def company_names(start: int, industry: np.ndarray, seed: int) -> pl.DataFrame:
    """Names of accounts `start`, `start + 1`, …; columns `stem` and `account_name`.

    Two accounts have the same name only more than two million accounts apart.
    """
    number = np.arange(start, start + len(industry), dtype=np.int64)
    odd = 2 * (seed * 7_919 % 60_000) + 1
    mixed = _mix(number & COMPANY_MASK, odd, seed * 104_729 % COMPANY_MASK)
    prefix = (number >> COMPANY_BITS) % len(PREFIXES)
    trades = np.array([industry_.trades for industry_ in INDUSTRIES])
    parts = pl.DataFrame(
        {
            "prefix": np.array([p + " " if p else "" for p in PREFIXES])[prefix],
            "first": np.array(FIRST_STEMS)[mixed & 63],
            "second": np.array(SECOND_STEMS)[(mixed >> 6) & 63],
            "trade": trades[industry, (mixed >> 12) & 3],
            "form": np.array(LEGAL_FORMS)[mixed >> 14],
        }
    )
    stem = pl.concat_str("prefix", "first", "second")
    return parts.select(
        stem=stem, account_name=pl.concat_str(stem, pl.lit(" "), "trade", pl.lit(" "), "form")
    )


def person_names(start: int, count: int, seed: int) -> list[str]:
    """`count` names of people; distinct for the first 8,000."""
    number = np.arange(start, start + count, dtype=np.int64)
    size = len(FIRST_NAMES) * len(LAST_NAMES)
    # 3,863 is prime and does not divide the number of names: a bijection of them.
    mixed = (number * 3_863 + seed * 101) % size
    first, last = np.divmod(mixed, len(LAST_NAMES))
    return [f"{FIRST_NAMES[f]} {LAST_NAMES[k]}" for f, k in zip(first, last, strict=True)]


def street_addresses(rng: np.random.Generator, count: int) -> pl.Series:
    """House number and street, such as `1204 Mill Rd`."""
    number = pl.Series(rng.integers(1, 9_900, count)).cast(pl.String)
    return number + " " + pl.Series(np.array(STREETS)[rng.integers(0, len(STREETS), count)])
