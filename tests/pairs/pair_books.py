"""Random small books with everything a pair can meet: families, vacant incumbents, unknown places,
matrix zones, a maximum distance, giants, units without owner, locks, classes and budgets."""

from dataclasses import replace

import numpy as np

from optimization.engine.problem import Prices
from optimization.pairs.inputs import PairInputs

CITIES = np.array([[40.7, -74.0], [34.1, -118.2], [41.9, -87.6], [29.8, -95.4], [39.1, -94.6]])


def random_book(seed: int, accounts: int | None = None, reps: int | None = None) -> PairInputs:
    """Every feature is on in some seeds and off in others."""
    draw = np.random.default_rng(seed)
    n = accounts or int(draw.integers(1, 25))
    j = reps or int(draw.integers(1, 9))
    units = int(draw.integers(1, n + 1))
    of_account = np.concatenate((np.arange(units), draw.integers(0, units, n - units)))
    of_account = draw.permutation(of_account)
    sizes = np.bincount(of_account, minlength=units)
    industries, classes = int(draw.integers(1, 5)), int(draw.integers(1, 4))
    separable, budgets = int(draw.integers(0, 6)), int(draw.integers(0, 3))
    zones, rep_zones = int(draw.integers(1, 4)), int(draw.integers(1, 4))
    clock, travel = draw.random(2) < 0.6
    resources = separable + int(clock) + int(travel)
    order = draw.permutation(resources)
    incumbent = np.where(draw.random(n) < 0.7, draw.integers(0, j, n), -1)
    class_reps = draw.random((classes, j)) < 0.7
    class_reps[np.arange(classes), draw.integers(0, j, classes)] = True
    where, base = _places(draw, n), _places(draw, j)
    scale = draw.uniform(0.5, 3.0, (j, separable))
    has_matrix = draw.random() < 0.5
    trip_hours = draw.uniform(0.0, 9.0, (zones, rep_zones))
    trip_hours[draw.random(trip_hours.shape) < 0.3] = np.nan
    trip_km = np.where(draw.random(trip_hours.shape) < 0.5, np.nan, 55.0 * trip_hours)
    fixed = np.where(draw.random(units) < 0.2, draw.integers(0, j, units), -1)
    weight = np.where(incumbent[:, None] >= 0, draw.random((n, budgets)), 0.0)
    return PairInputs(
        member=np.argsort(of_account, kind="stable"),
        member_first=np.concatenate(([0], np.cumsum(sizes))),
        class_of=draw.integers(0, classes, units),
        class_reps=class_reps,
        fixed=fixed,
        nobody_usd=np.where(draw.random(units) < 0.3, draw.uniform(0.0, 3e4, units), np.inf),
        latitude=where[:, 0],
        longitude=where[:, 1],
        visits=np.where(draw.random(n) < 0.1, 0.0, draw.uniform(0.0, 24.0, n)),
        sales=draw.lognormal(9.0, 1.0, n),
        win_usd=np.where(draw.random(n) < 0.2, 0.0, draw.lognormal(7.0, 1.0, n)),
        needed_experience=draw.uniform(1.0, 1.5, n),
        industry=draw.integers(-1, industries, n),
        incumbent=incumbent,
        service_hours=draw.uniform(0.0, 80.0, n),
        zone=draw.integers(-1, zones, n) if has_matrix else np.full(n, -1),
        move_weight=weight / max(n, 1),
        rep_latitude=base[:, 0],
        rep_longitude=base[:, 1],
        experience_multiplier=draw.choice([1.0, 1.25, 1.5, 1.1], j),
        knows=draw.random((industries, j)) < 0.4,
        has_skills=draw.random(j) < 0.7,
        rep_zone=draw.integers(-1, rep_zones, j),
        capacity_hours=draw.uniform(500.0, 1800.0, j),
        trip_hours=trip_hours if has_matrix else np.zeros((0, 0)),
        trip_km=trip_km if has_matrix else np.zeros((0, 0)),
        amount=draw.lognormal(0.0, 1.0, (units, separable)),
        counts_above=draw.random((units, separable)) < 0.8,
        scale=scale,
        fill_cap=np.where(draw.random((j, separable)) < 0.4, np.inf, 0.95 * scale),
        separable_resource=order[:separable],
        clock_resource=int(order[separable]) if clock else -1,
        travel_resource=int(order[-1]) if travel else -1,
        travel_scale=float(draw.uniform(50.0, 400.0)),
        margin=0.3,
        circuity=float(draw.uniform(1.0, 1.5)),
        speed_km_per_hour=70.0,
        cap_hours_per_visit=float(draw.choice([2.0, 8.0, 60.0, 1_000.0])),
        cost_per_km_usd=0.435,
        cost_per_hour_usd=50.0,
        max_distance_km=float(draw.choice([np.inf, np.inf, 300.0, 2_500.0])),
        experience_penalty=0.3,
        skill_penalty=0.15,
        loss_rate=0.15,
        relief_for_experience=0.2,
        relief_for_skill=0.25,
        handover_usd=25.0,
    )


def random_prices(book: PairInputs, seed: int) -> Prices:
    """Prices of the size that limits in USD have; about half of them zero."""
    draw = np.random.default_rng(seed)
    shape = (book.rep_count, book.resource_count)

    def some(size: tuple[int, ...], highest: float) -> np.ndarray:
        return np.where(draw.random(size) < 0.5, 0.0, draw.uniform(0.0, highest, size))

    return Prices(some(shape, 2e3), some(shape, 2e3), some((book.budget_count,), 1e5))


def plain_book(accounts: int = 1, reps: int = 2) -> PairInputs:
    """Single accounts in Kansas City, reps there too; nothing else counts unless it is set."""
    book = random_book(0, accounts, reps)
    places, bases = np.tile(CITIES[4], (accounts, 1)), np.tile(CITIES[4], (reps, 1))
    return replace(
        book,
        member=np.arange(accounts),
        member_first=np.arange(accounts + 1),
        class_of=np.zeros(accounts, dtype=np.int64),
        class_reps=np.ones((1, reps), dtype=bool),
        fixed=np.full(accounts, -1),
        nobody_usd=np.full(accounts, np.inf),
        latitude=places[:, 0].copy(),
        longitude=places[:, 1].copy(),
        visits=np.full(accounts, 12.0),
        sales=np.full(accounts, 1_000.0),
        win_usd=np.zeros(accounts),
        needed_experience=np.ones(accounts),
        industry=np.full(accounts, -1),
        incumbent=np.full(accounts, -1),
        service_hours=np.full(accounts, 40.0),
        zone=np.full(accounts, -1),
        move_weight=np.zeros((accounts, 0)),
        rep_latitude=bases[:, 0].copy(),
        rep_longitude=bases[:, 1].copy(),
        experience_multiplier=np.ones(reps),
        knows=np.zeros((1, reps), dtype=bool),
        has_skills=np.zeros(reps, dtype=bool),
        rep_zone=np.full(reps, -1),
        capacity_hours=np.full(reps, 1_600.0),
        trip_hours=np.zeros((0, 0)),
        trip_km=np.zeros((0, 0)),
        amount=np.ones((accounts, 1)),
        counts_above=np.ones((accounts, 1), dtype=bool),
        scale=np.ones((reps, 1)),
        fill_cap=np.full((reps, 1), np.inf),
        separable_resource=np.array([0]),
        clock_resource=1,
        travel_resource=2,
        travel_scale=100.0,
        circuity=1.2,
        cap_hours_per_visit=8.0,
        max_distance_km=np.inf,
    )


def _places(draw: np.random.Generator, count: int) -> np.ndarray:
    """Points around five cities and anywhere on earth; some on a city exactly, some unknown."""
    near = CITIES[draw.integers(0, 5, count)]
    places = near + draw.choice([0.0, 0.01, 2.0], (count, 1)) * draw.normal(size=(count, 2))
    anywhere = np.column_stack((draw.uniform(-90, 90, count), draw.uniform(-180, 180, count)))
    places = np.where(draw.random((count, 1)) < 0.1, anywhere, places)
    places[draw.random(count) < 0.15] = np.nan
    return places
