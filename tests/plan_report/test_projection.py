"""Places on the map: cities where they belong, insets where they are drawn, areas kept."""

import numpy as np
import pytest

from pipelines.report.outlines import load_outlines
from pipelines.report.projection import albers_usa, frame_of

CITIES = {
    "Seattle": (-122.33, 47.61),
    "Miami": (-80.19, 25.76),
    "Boston": (-71.06, 42.36),
    "San Diego": (-117.16, 32.72),
    "Anchorage": (-149.90, 61.22),
    "Honolulu": (-157.86, 21.31),
}


def place(name: str) -> np.ndarray:
    longitude, latitude = CITIES[name]
    return albers_usa(np.array([longitude]), np.array([latitude]))[0]


def test_cities_lie_inside_the_frame_in_the_right_order() -> None:
    for name in CITIES:
        x, y = place(name)
        assert 0 < x < 960, name
        assert 0 < y < 600, name
    assert place("Seattle")[0] < place("Boston")[0]
    assert place("Boston")[1] < place("Miami")[1]
    assert place("Anchorage")[1] > place("San Diego")[1]
    assert place("Honolulu")[1] > place("San Diego")[1]


@pytest.mark.parametrize(
    "outside", [(-0.13, 51.51), (-79.38, 43.65 + 7), (-99.13, 19.43), (139.69, 35.69)]
)
def test_other_countries_are_not_on_the_map_of_the_states(outside: tuple[float, float]) -> None:
    assert np.isnan(albers_usa(np.array([outside[0]]), np.array([outside[1]]))).all()


def test_equal_areas_stay_equal() -> None:
    def area(longitude: float, latitude: float) -> float:
        """Of a tenth of a degree, on the map, over its area on the sphere."""
        side = 0.1
        corners = albers_usa(
            np.array([longitude, longitude + side, longitude + side, longitude]),
            np.array([latitude, latitude, latitude + side, latitude + side]),
        )
        x, y = corners.T
        drawn = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
        sines = np.sin(np.radians([latitude + side, latitude]))
        return float(drawn / (np.radians(side) * (sines[0] - sines[1])))

    florida, montana = area(-81.5, 27.5), area(-109.5, 47.5)
    assert florida == pytest.approx(montana, rel=1e-4)


def test_the_frame_follows_where_the_accounts_are() -> None:
    states = np.array([[-122.33, 47.61], [-80.19, 25.76], [2.35, 48.86]])
    europe = np.array([[2.35, 48.86], [13.40, 52.52], [-80.19, 25.76]])
    assert frame_of(*states.T).area == "us"
    assert frame_of(*europe.T).area == "world"
    nowhere = np.full(3, np.nan)
    assert frame_of(nowhere, nowhere).area == "us"


def test_outlines_run_along_known_borders() -> None:
    states = np.concatenate(load_outlines("us").borders)
    four_corners = np.abs(states - (-109.045, 36.999)).sum(axis=1).min()
    assert four_corners < 0.05
    assert len(load_outlines("us").inner) > 5_000
    gibraltar = np.abs(np.concatenate(load_outlines("world").borders) - (-5.6, 36.0)).sum(axis=1)
    assert gibraltar.min() < 0.5
