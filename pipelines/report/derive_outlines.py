"""Derive the shipped outlines from public-domain boundaries.

Run once per vintage by hand, never by the pipeline, on the files of the npm packages `us-atlas`
(Census Bureau) and `world-atlas` (Natural Earth)::

    python -m pipelines.report.derive_outlines --us counties-10m.json --world countries-110m.json

What is kept are the lines themselves, each once: a border between two counties is a county line,
one between two states or at the coast is a state line. A map needs no closed areas.
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipelines.report.outlines import FOLDER, UNITS_PER_DEGREE

Point = tuple[float, float]

# A line may leave the real border by this much: 1 pixel at four times the width of a screen.
TOLERANCE_DEGREES = {"us": 0.015, "world": 0.1}

# An islet shorter than this along its shore is a speck at any zoom of the map.
SHORTEST_DEGREES = {"us": 0.06, "world": 0.5}


def decoded_arcs(topology: dict[str, Any]) -> list[list[Point]]:
    """The arcs of a TopoJSON topology as longitude and latitude."""
    (scale_x, scale_y), (move_x, move_y) = (
        topology["transform"]["scale"],
        topology["transform"]["translate"],
    )
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * scale_x + move_x, y * scale_y + move_y))
        arcs.append(points)
    return arcs


def arc_owners(geometries: Iterable[dict[str, Any]]) -> dict[int, set[str]]:
    """The ids of the areas on either side of each arc."""
    owners: dict[int, set[str]] = {}
    for number, geometry in enumerate(geometries):
        for arc in _arcs_of(geometry.get("arcs", [])):
            # An arc walked backwards is the complement of its number.
            owners.setdefault(arc if arc >= 0 else ~arc, set()).add(str(geometry.get("id", number)))
    return owners


def simplified(points: list[Point], tolerance: float) -> list[Point]:
    """The line with every point left out that is within `tolerance` of it (Douglas–Peucker)."""
    keep = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        farthest, distance = first, tolerance
        for index in range(first + 1, last):
            found = _distance(points[index], points[first], points[last])
            if found > distance:
                farthest, distance = index, found
        if farthest != first:
            keep.add(farthest)
            spans += [(first, farthest), (farthest, last)]
    return [points[index] for index in sorted(keep)]


def encoded(points: list[Point]) -> list[int]:
    """First point, then the steps from point to point, in hundredths of a degree."""
    whole = [(round(x * UNITS_PER_DEGREE), round(y * UNITS_PER_DEGREE)) for x, y in points]
    line = [*whole[0]]
    for (x, y), (next_x, next_y) in pairwise(whole):
        if (x, y) != (next_x, next_y):
            line += [next_x - x, next_y - y]
    return line


def _arcs_of(nested: Any) -> Iterator[int]:
    for item in nested:
        if isinstance(item, int):
            yield item
        else:
            yield from _arcs_of(item)


def _distance(point: Point, start: Point, end: Point) -> float:
    (x, y), (x1, y1), (x2, y2) = point, start, end
    length2 = (x2 - x1) ** 2 + (y2 - y1) ** 2
    share = (
        0.0
        if length2 == 0
        else max(0.0, min(1.0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length2))
    )
    return float(((x - x1 - share * (x2 - x1)) ** 2 + (y - y1 - share * (y2 - y1)) ** 2) ** 0.5)


def _lines(arcs: list[list[Point]], chosen: Iterable[int], kind: str) -> list[list[int]]:
    lines = []
    for number in sorted(chosen):
        xs, ys = zip(*arcs[number], strict=True)
        is_islet = arcs[number][0] == arcs[number][-1] and (
            max(xs) - min(xs) + max(ys) - min(ys) < SHORTEST_DEGREES[kind]
        )
        line = encoded(simplified(arcs[number], TOLERANCE_DEGREES[kind]))
        if not is_islet and len(line) > 2:
            lines.append(line)
    return lines


def derive(us: Path, world: Path, folder: Path) -> None:
    """Write `us.json` and `world.json` into `folder`."""
    topology = json.loads(us.read_text())
    arcs = decoded_arcs(topology)
    owners = arc_owners(topology["objects"]["counties"]["geometries"])
    between_counties = {
        arc
        for arc, areas in owners.items()
        if len(areas) == 2 and len({area[:2] for area in areas}) == 1
    }
    _write(
        folder / "us.json",
        {
            "borders": _lines(arcs, owners.keys() - between_counties, "us"),
            "inner": _lines(arcs, between_counties, "us"),
        },
    )
    topology = json.loads(world.read_text())
    arcs = decoded_arcs(topology)
    owners = arc_owners(topology["objects"]["countries"]["geometries"])
    _write(folder / "world.json", {"borders": _lines(arcs, owners, "world"), "inner": []})


def _write(path: Path, outlines: dict[str, list[list[int]]]) -> None:
    path.write_text(json.dumps(outlines, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--us", type=Path, required=True)
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=FOLDER)
    arguments = parser.parse_args()
    derive(arguments.us, arguments.world, arguments.out)
