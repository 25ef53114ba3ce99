"""Random companies with every feature of the policy at once, and plans of them, good or bad."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from optimization.book.planning import Planning, build_planning
from optimization.engine.answer import Answer
from optimization.engine.bound import certify
from optimization.engine.problem import Prices
from optimization.policy import Policy

AS_OF = date(2026, 11, 1)
INDUSTRIES = ("retail", "health", "finance", "")
SEGMENTS = ("key", "mid", "small", "public")
ZONES = ("N", "S", "W")


@dataclass(frozen=True)
class Company:
    """What a plan is made from."""

    accounts: pl.DataFrame
    reps: pl.DataFrame
    overrides: pl.DataFrame
    policy: Policy
    matrix: pl.DataFrame | None

    def planning(self) -> Planning:
        return build_planning(
            self.accounts,
            self.reps,
            self.overrides,
            self.policy,
            as_of=AS_OF,
            travel_matrix=self.matrix,
        )


def random_company(seed: int, accounts: int = 24, reps: int = 4) -> Company:
    """The same for the same seed; which features it has is drawn as well."""
    rng = np.random.default_rng(seed)
    book, team = _accounts(rng, accounts, reps), _reps(rng, reps)
    policy = _policy(rng, accounts)
    matrix = None
    if policy.travel.matrix is not None:
        pairs = [(a, b) for a in ("north", "south") for b in ZONES if rng.random() < 0.7]
        matrix = pl.DataFrame(
            {
                "from_zone": [a for a, _ in pairs],
                "to_zone": [b for _, b in pairs],
                "hours": rng.uniform(0, 7, len(pairs)).round(2),
                "km": [None if rng.random() < 0.3 else float(rng.uniform(0, 400)) for _ in pairs],
            },
            schema={
                "from_zone": pl.String,
                "to_zone": pl.String,
                "hours": pl.Float64,
                "km": pl.Float64,
            },
        )
    return Company(book, team, _overrides(rng, book, reps), policy, matrix)


def random_answer(planning: Planning, seed: int) -> Answer:
    """Some allowed plan at some prices, with the bound that the prices prove."""
    rng = np.random.default_rng(seed)
    problem = planning.problem
    shape = (problem.rep_count, len(problem.resources))
    prices = Prices(
        above=rng.exponential(300, shape) * (rng.random(shape) < 0.5),
        below=rng.exponential(300, shape) * (rng.random(shape) < 0.3),
        budget=rng.exponential(500, len(problem.budgets)),
    )
    certificate = certify(problem, prices)
    arcs = problem.pairs.all_arcs()
    pick = arcs.first[:-1] + (rng.random(problem.unit_count) * np.diff(arcs.first)).astype(int)
    owner = arcs.rep[pick]
    evaluation = problem.evaluate(owner)
    return Answer(
        owner=owner,
        objective=evaluation.objective,
        bound=certificate.bound,
        prices=certificate.prices,
        relaxation=evaluation.relaxation,
        least_relaxation=0.0,
        status="work_limit",
        is_repeatable=True,
    )


def _accounts(rng: np.random.Generator, n: int, reps: int) -> pl.DataFrame:
    ids = [f"A{i:02d}" for i in range(n)]
    owner = [f"R{rng.integers(0, reps + 1)}" if rng.random() < 0.8 else None for _ in range(n)]
    known = rng.random(n) < 0.85

    def maybe(values: Any, share: float = 0.2) -> list[Any]:
        return [None if rng.random() < share else value for value in np.array(values).tolist()]

    hours = rng.lognormal(4, 1, n)
    sales = rng.lognormal(8, 1, n) * (rng.random(n) < 0.7)
    return pl.DataFrame(
        {
            "account_id": ids,
            "account_name": ids,
            "family_id": [
                ids[i if rng.random() < 0.7 else int(rng.integers(0, n))]
                if rng.random() < 0.9
                else None
                for i in range(n)
            ],
            "segment": rng.choice(SEGMENTS, n),
            "industry": [one or None for one in rng.choice(INDUSTRIES, n).tolist()],
            "country": [one or None for one in rng.choice(["US", "CA", ""], n).tolist()],
            "state": rng.choice([*ZONES, "X"], n),
            "latitude": np.where(known, rng.uniform(38, 44, n), np.nan),
            "longitude": np.where(known, rng.uniform(-98, -88, n), np.nan),
            "owner_rep_id": owner,
            # R<reps> is nobody of the plan: its accounts are forced to move.
            "incumbent_rep_id": [None if one == f"R{reps}" else one for one in owner],
            "service_hours": hours,
            "visits_per_year": maybe(rng.integers(0, 30, n).astype(float), 0.05),
            "potential_usd": maybe(sales + rng.lognormal(8, 1, n)),
            "actual_sales_usd": maybe(sales, 0.1),
            "complexity_score": maybe(rng.uniform(0.5, 2.5, n), 0.1),
            "tenure_months": maybe(rng.uniform(0, 50, n)),
            "open_deal_probability_pct": maybe(rng.uniform(0, 100, n), 0.6),
            "days_to_renewal": maybe(rng.integers(-50, 300, n), 0.5),
            "days_since_owner_change": maybe(rng.integers(0, 400, n), 0.4),
            "is_strategic": maybe(rng.random(n) < 0.1, 0.3),
        },
        strict=False,
    ).with_columns(pl.col("latitude", "longitude").fill_nan(None))


def _reps(rng: np.random.Generator, reps: int) -> pl.DataFrame:
    multiplier = rng.choice([1.0, 1.2, 1.5], reps)
    capacity = rng.choice([0.0, 500.0, 900.0], reps, p=[0.1, 0.4, 0.5])
    based = rng.random(reps) < 0.8
    return pl.DataFrame(
        {
            "rep_id": [f"R{j}" for j in range(reps)],
            "rep_name": [f"Name {min(j, 2)}" for j in range(reps)],
            "manager_id": "M",
            "region": rng.choice(["north", "south", "west"], reps),
            "country": [one or None for one in rng.choice(["US", "CA", ""], reps).tolist()],
            "latitude": np.where(based, rng.uniform(38, 44, reps), np.nan),
            "longitude": np.where(based, rng.uniform(-98, -88, reps), np.nan),
            "experience_level": "junior",
            "experience_multiplier": multiplier,
            "capacity_hours": capacity,
            "effective_capacity_hours": capacity * multiplier,
            "fte_share": rng.choice([0.5, 1.0], reps),
            "ramp_share": [None if rng.random() < 0.2 else 0.8 for _ in range(reps)],
            "skill_industries": [
                "|".join(rng.choice(INDUSTRIES[:3], 2, replace=False)) if listed else None
                for listed in rng.random(reps) < 0.6
            ],
            "is_vacant": False,
        },
        schema_overrides={"ramp_share": pl.Float64},
    ).with_columns(pl.col("latitude", "longitude").fill_nan(None))


def _overrides(rng: np.random.Generator, accounts: pl.DataFrame, reps: int) -> pl.DataFrame:
    """One row per account at most, so that none contradicts another; families may still."""
    rows: list[tuple[str, str, str | None, str | None]] = []
    singles = (
        accounts.filter(pl.col("family_id").is_null() | (pl.col("family_id").is_unique()))
        .filter(pl.col("account_id") == pl.col("family_id"))["account_id"]
        .to_list()
    )
    for account_id in singles[: int(rng.integers(0, 5))]:
        action = str(rng.choice(["assign", "forbid", "forbid", "separate", "together"]))
        group = "g" if action in ("separate", "together") else None
        rows.append((account_id, action, f"R{rng.integers(0, reps)}", group))
    schema = {"account_id": pl.String, "action": pl.String, "rep_id": pl.String}
    return pl.DataFrame(rows, schema=schema | {"group_id": pl.String}, orient="row")


def _policy(rng: np.random.Generator, accounts: int) -> Policy:
    def some(chance: float, value: Any, other: Any = None) -> Any:
        return value if rng.random() < chance else other

    soft = {"soft_tolerance_pct": 5, "soft_price_usd_per_pct": 20}
    metrics: list[dict[str, Any]] = [
        {"metric": "hours", "tolerance_pct": 30, **some(0.5, soft, {})},
        {
            "metric": "potential",
            "tolerance_pct": 20,
            "targets": str(rng.choice(["capacity", "headcount", "equal"])),
            "fixed_targets": some(0.4, {"R0": 9_000.0}, {}),
        },
        {
            "name": "key ones",
            "metric": "account_count",
            "accounts": {"segment": ["key"]},
            "tolerance_pct": 60,
            **some(0.5, soft, {}),
        },
    ]
    eligibility = [
        {"name": "public", "accounts": {"segment": ["public"]}, "reps": {"region": ["south"]}},
        {"name": "country", "same": ["country"]},
        {"name": "skills", "accounts": {"segment": ["key"]}, "same": ["industry_skill"]},
    ]
    locks = [
        {"name": "late deal", "open_deal_probability_from_pct": 80},
        {"name": "renewal", "renewal_within_days": 20, "expires_on": "2026-11-01"},
        {"name": "over", "accounts": {"segment": ["mid"]}, "expires_on": "2026-10-31"},
        {"name": "strategic", "strategic": True},
        {"name": "young", "tenure_months_below": 2, "owner_changed_within_days": 300},
    ]
    budgets = [
        {"measure": "accounts", "limit": 5},
        {"measure": "sales", "limit_pct": 15},
        {"measure": "tenure_months", "limit_pct": 60},
    ]
    limits = [
        {"name": "few", "maximum": accounts // 3},
        {"name": "both", "accounts": {"segment": ["mid"]}, "minimum": 1, "maximum": 3},
        {"name": "north", "reps": {"region": ["north"]}, "minimum": 2},
    ]
    tiers = [
        {"name": "tail", "accounts": {"segment": ["small"]}, "price_usd": 40},
        {"name": "rest", "accounts": {"segment": ["small", "mid"]}, "price_usd": 400},
    ]
    levels = [
        {
            "by": "region",
            "metrics": [
                {"metric": "hours", "tolerance_pct": 10, **(soft | {"soft_tolerance_pct": 3})},
                {"metric": "sales", "tolerance_pct": 40},
            ],
        },
        {"by": "country", "metrics": [{"metric": "potential", "tolerance_pct": 15}]},
    ]
    matrix = {"file": "trips.csv", "account_zone": "state", "rep_zone": "region"}
    return Policy.model_validate(
        {
            "metrics": metrics[: int(rng.integers(0, 4))],
            "keep_families_together": bool(rng.random() < 0.8),
            "eligibility": some(0.6, eligibility, []),
            "locks": some(0.6, locks, []),
            "account_limits": some(0.5, limits, []),
            "move_budgets": some(0.5, budgets, []),
            "unassigned": some(0.5, tiers, []),
            "must_separate": some(0.4, [{"name": "rivals", "account_ids": ["A01", "A05"]}], []),
            "keep_together": some(0.4, [{"name": "joint", "account_ids": ["A02", "A07"]}], []),
            "travel": {
                "max_distance_km": some(0.4, 400),
                "max_hours_per_rep": some(0.4, 150),
                "matrix": some(0.4, matrix),
            },
            "overtime": {
                "price_usd_per_hour": float(rng.choice([0, 90])),
                "max_pct": some(0.4, 130),
            },
            "levels": some(0.5, levels, []),
        }
    )
