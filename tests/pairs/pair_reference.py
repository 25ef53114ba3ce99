"""What a pair costs and takes, one pair after the other in plain Python: what the kernels must say.

Written from the formulas, sharing no code with them: haversine and `math` instead of chords and
polynomials, loops instead of rows.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimization.engine.problem import Prices
from optimization.pairs.inputs import PairInputs

EARTH_RADIUS_KM = 6371.0088


@dataclass(frozen=True)
class Reference:
    """Values of any pair of a small book."""

    book: PairInputs

    def members(self, u: int) -> list[int]:
        first = self.book.member_first
        return [int(i) for i in self.book.member[first[u] : first[u + 1]]]

    # ---- travel

    def one_way(self, i: int, j: int) -> tuple[float, float] | None:
        """(hours, km) on the road, None where unknown."""
        book = self.book
        z, y = int(book.zone[i]), int(book.rep_zone[j])
        if z >= 0 and y >= 0 and not math.isnan(book.trip_hours[z, y]):
            hours, km = float(book.trip_hours[z, y]), float(book.trip_km[z, y])
            return hours, hours * book.speed_km_per_hour if math.isnan(km) else km
        km = book.circuity * great_circle_km(
            float(book.latitude[i]),
            float(book.longitude[i]),
            float(book.rep_latitude[j]),
            float(book.rep_longitude[j]),
        )
        return None if math.isnan(km) else (km / book.speed_km_per_hour, km)

    def known_round(self, i: int, j: int) -> tuple[float, float] | None:
        way = self.one_way(i, j)
        if way is None:
            return None
        hours, km = 2 * way[0], 2 * way[1]
        cap = self.book.cap_hours_per_visit
        return (cap, km * cap / hours) if hours > cap else (hours, km)

    def round_trip(self, i: int, j: int) -> tuple[float, float]:
        found = self.known_round(i, j)
        if found is not None:
            return found
        known = [self.known_round(i, other) for other in range(self.book.rep_count)]
        trips = [trip for trip in known if trip is not None]
        if not trips:
            return 0.0, 0.0
        return sum(t[0] for t in trips) / len(trips), sum(t[1] for t in trips) / len(trips)

    # ---- money

    def win(self, i: int, j: int) -> float:
        book = self.book
        short = min(max(book.needed_experience[i] - book.experience_multiplier[j], 0.0), 0.5)
        fit = 1 - book.experience_penalty * short / 0.5
        industry = int(book.industry[i])
        if industry >= 0 and book.has_skills[j] and not book.knows[industry, j]:
            fit *= 1 - book.skill_penalty
        return float(book.win_usd[i] * fit)

    @cached_property
    def unit_of(self) -> dict[int, int]:
        return {i: u for u in range(self.book.unit_count) for i in self.members(u)}

    def best_win(self, i: int) -> float:
        book, u = self.book, self.unit_of[i]
        may = set(np.flatnonzero(book.class_reps[book.class_of[u]]).tolist())
        if book.fixed[u] >= 0:
            may.add(int(book.fixed[u]))
        return max(self.win(i, j) for j in may)

    def leaves(self, i: int, j: int) -> bool:
        return bool(self.book.incumbent[i] >= 0 and self.book.incumbent[i] != j)

    def disruption(self, i: int, j: int) -> float:
        book = self.book
        if not self.leaves(i, j):
            return 0.0
        experience, industry = book.experience_multiplier, int(book.industry[i])
        relief = 0.0
        if experience[j] >= experience[book.incumbent[i]]:
            relief += book.relief_for_experience
        if industry >= 0 and book.knows[industry, j]:
            relief += book.relief_for_skill
        return float(book.sales[i] * book.loss_rate * (1 - relief))

    def cost(self, u: int, j: int) -> float:
        book, total = self.book, 0.0
        if j == book.rep_count:
            return float(book.nobody_usd[u])
        for i in self.members(u):
            hours, km = self.round_trip(i, j)
            total += book.visits[i] * (km * book.cost_per_km_usd + hours * book.cost_per_hour_usd)
            total += book.margin * self.disruption(i, j)
            total += book.margin * max(self.best_win(i) - self.win(i, j), 0.0)
            total += book.handover_usd if self.leaves(i, j) else 0.0
        return total

    # ---- limits

    def load_and_fill(self, u: int, j: int) -> tuple[list[float], list[float]]:
        book = self.book
        load, fill = [0.0] * book.resource_count, [0.0] * book.resource_count
        if j == book.rep_count:
            return load, fill
        for s, e in enumerate(book.separable_resource.tolist()):
            amount, scale = float(book.amount[u, s]), float(book.scale[j, s])
            load[e] = amount / scale if book.counts_above[u, s] else 0.0
            fill[e] = min(amount, float(book.fill_cap[j, s])) / scale
        travel = sum(book.visits[i] * self.round_trip(i, j)[0] for i in self.members(u))
        service = sum(book.service_hours[i] for i in self.members(u))
        clock = service / book.experience_multiplier[j] + travel
        if book.clock_resource >= 0:
            load[book.clock_resource] = fill[book.clock_resource] = clock / book.capacity_hours[j]
        if book.travel_resource >= 0:
            load[book.travel_resource] = fill[book.travel_resource] = travel / book.travel_scale
        return load, fill

    def weight(self, u: int, j: int) -> list[float]:
        return [
            sum(float(self.book.move_weight[i, b]) for i in self.members(u) if self.leaves(i, j))
            for b in range(self.book.budget_count)
        ]

    # ---- who may own what

    def is_near(self, i: int, j: int) -> bool:
        way = self.one_way(i, j)
        return (
            way is None or bool(self.book.incumbent[i] == j) or way[1] <= self.book.max_distance_km
        )

    def allowed(self, u: int) -> list[int]:
        book = self.book
        if book.fixed[u] >= 0:
            return [int(book.fixed[u])]
        eligible = np.flatnonzero(book.class_reps[book.class_of[u]]).tolist()
        near = [j for j in eligible if all(self.is_near(i, j) for i in self.members(u))]
        if math.isfinite(book.nobody_usd[u]):
            return [*near, book.rep_count]
        return near or eligible

    def is_waived(self, u: int) -> bool:
        book = self.book
        if book.fixed[u] >= 0 or math.isfinite(book.nobody_usd[u]):
            return False
        eligible = np.flatnonzero(book.class_reps[book.class_of[u]]).tolist()
        return not any(all(self.is_near(i, j) for i in self.members(u)) for j in eligible)

    def priced(self, u: int, j: int, prices: Prices) -> float:
        load, fill = self.load_and_fill(u, j)
        total = self.cost(u, j)
        total += sum(w * p for w, p in zip(self.weight(u, j), prices.budget, strict=True))
        if j < self.book.rep_count:
            total += sum(a * p for a, p in zip(load, prices.above[j], strict=True))
            total -= sum(f * p for f, p in zip(fill, prices.below[j], strict=True))
        return total


def great_circle_km(latitude: float, longitude: float, other: float, elsewhere: float) -> float:
    """Haversine; NaN where a place is unknown."""
    phi, psi = math.radians(latitude), math.radians(other)
    half = (
        math.sin((phi - psi) / 2) ** 2
        + math.cos(phi) * math.cos(psi) * math.sin(math.radians(longitude - elsewhere) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(half, 1.0))) if half == half else math.nan
