"""The outlines shipped for maps: US states and counties, and the countries of the world."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

FOLDER = Path(__file__).parent / "shapes"

UNITS_PER_DEGREE = 100
"""Coordinates are whole hundredths of a degree: 1.1 km."""

Area = Literal["us", "world"]


@dataclass(frozen=True)
class Outlines:
    """Lines as arrays of (longitude, latitude) in degrees, one row a point.

    Attributes:
        borders: of states and coasts, or of countries.
        inner: of counties.
    """

    borders: tuple[np.ndarray, ...]
    inner: tuple[np.ndarray, ...]


def load_outlines(area: Area) -> Outlines:
    """The outlines of `area`."""
    content = json.loads((FOLDER / f"{area}.json").read_text())
    return Outlines(
        borders=tuple(_decoded(line) for line in content["borders"]),
        inner=tuple(_decoded(line) for line in content["inner"]),
    )


def _decoded(line: list[int]) -> np.ndarray:
    """A line of first point and steps as degrees."""
    return np.cumsum(np.array(line, dtype=np.int64).reshape(-1, 2), axis=0) / UNITS_PER_DEGREE
