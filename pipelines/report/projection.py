"""Places on a plane: equal-area for the United States, plain degrees for the rest of the world."""

from dataclasses import dataclass

import numpy as np

from pipelines.report.outlines import Area

# Whole units of the plane that make one pixel of a map 960 wide.
UNITS = 10

# A map of the United States is drawn when at least this share of the places is there.
US_SHARE = 0.6

# Longest span of the world that is drawn at one scale, in degrees of latitude.
MERCATOR_LIMIT_DEGREES = 80.0

_DIAMETER = 1070.0


@dataclass(frozen=True)
class Frame:
    """A plane of `width` × `height` units, y downwards, and the outlines that go with it."""

    area: Area
    width: int
    height: int
    middle_latitude: float = 0.0

    def place(self, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
        """Coordinates in units, one row a place; NaN where a place is unknown or off the map."""
        longitude = np.asarray(longitude, dtype=float)
        latitude = np.asarray(latitude, dtype=float)
        if self.area == "us":
            return albers_usa(longitude, latitude) * UNITS
        stretch = np.cos(np.radians(self.middle_latitude))
        x = longitude * stretch * UNITS
        y = -latitude * UNITS
        off = np.abs(latitude) > MERCATOR_LIMIT_DEGREES
        return np.column_stack([np.where(off, np.nan, x), np.where(off, np.nan, y)])


def frame_of(longitude: np.ndarray, latitude: np.ndarray) -> Frame:
    """The frame that shows most of these places."""
    known = np.isfinite(longitude) & np.isfinite(latitude)
    if not known.any():
        return Frame("us", 960 * UNITS, 600 * UNITS)
    on_us_map = np.isfinite(albers_usa(longitude[known], latitude[known])[:, 0])
    if on_us_map.mean() >= US_SHARE:
        return Frame("us", 960 * UNITS, 600 * UNITS)
    middle = float(np.median(np.abs(latitude[known])))
    return Frame("world", 360 * UNITS, 160 * UNITS, middle_latitude=min(middle, 60.0))


def albers_usa(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Pixels of a map 960 × 600: the states, with Alaska and Hawaii as insets at the lower left.

    Conic equal-area with the standard parallels 29.5° and 45.5° (USGS), Alaska 55° and 65° at 35 %
    of the scale, Hawaii 8° and 18°. NaN outside of the states.
    """
    alaska = (latitude > 50.5) & ((longitude < -129.5) | (longitude > 170))
    hawaii = (latitude > 18) & (latitude < 23) & (longitude > -161) & (longitude < -154)
    south_of_canada = latitude < np.where(longitude < -95, 49.1, 49.45)
    states = (
        (latitude > 24.3) & south_of_canada & (longitude > -125.2) & (longitude < -66.8) & ~hawaii
    )
    result = np.full((len(longitude), 2), np.nan)
    for chosen, parallels, rotation, center, scale, (east, south) in (
        (states, (29.5, 45.5), 96.0, (-0.6, 38.7), 1.0, (0.0, 0.0)),
        (alaska, (55.0, 65.0), 154.0, (-2.0, 58.5), 0.35, (-0.307, 0.201)),
        (hawaii, (8.0, 18.0), 157.0, (-3.0, 19.9), 1.0, (-0.205, 0.212)),
    ):
        if not chosen.any():
            continue
        turned = (longitude[chosen] + rotation + 180.0) % 360.0 - 180.0
        x, y = _conic(turned, latitude[chosen], parallels)
        middle_x, middle_y = _conic(np.array([center[0]]), np.array([center[1]]), parallels)
        result[chosen, 0] = 480 + _DIAMETER * (scale * (x - middle_x[0]) + east)
        result[chosen, 1] = 300 - _DIAMETER * (scale * (y - middle_y[0]) - south)
    return result


def _conic(
    longitude: np.ndarray, latitude: np.ndarray, parallels: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Conic equal-area projection (Snyder, Map Projections, 1987, p. 100) on the unit sphere."""
    low, high = np.sin(np.radians(parallels))
    cone = (low + high) / 2
    constant = 1 + low * (2 * cone - low)
    radius = np.sqrt(constant - 2 * cone * np.sin(np.radians(latitude))) / cone
    angle = cone * np.radians(longitude)
    return radius * np.sin(angle), np.sqrt(constant) / cone - radius * np.cos(angle)
