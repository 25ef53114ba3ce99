"""Random companies small enough to try every plan, with every feature of a policy mixed."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from tiny_book import Tables, account, override, rep, tables

# Kansas City, Omaha, Denver, nowhere.
PLACES = ((39.1, -94.6), (41.26, -95.93), (39.74, -104.99), (None, None))
SEGMENTS = ("enterprise", "mid", "small")
INDUSTRIES = ("retail", "health", "")


@st.composite
def tiny_companies(draw: st.DrawFn, most_units: int = 6) -> tuple[Tables, dict[str, Any]]:
    """Tables and a policy. One drawn seed gives the numbers, which is as repeatable and faster."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    features = draw(st.sets(st.sampled_from(sorted(FEATURES)), max_size=7))
    reps = _reps(rng)
    rep_ids = [row["rep_id"] for row in reps]
    units = int(
        rng.choice([most_units, most_units - 1, most_units - 1, rng.integers(1, most_units)])
    )
    accounts = _accounts(rng, rep_ids, units)
    policy: dict[str, Any] = {
        "metrics": _metrics(rng, rep_ids),
        "overtime": {"price_usd_per_hour": float(rng.choice([0, 40]))},
        "solver": {
            "rel_gap_pct": 0.0,
            "node_limit": 100_000,
            "relaxation_slack_points": float(rng.choice([0.0, 2.0, 30.0])),
        },
    }
    overrides: list[dict[str, Any]] = []
    for name in sorted(features):
        FEATURES[name](rng, accounts, rep_ids, overrides, policy)
    return tables(accounts, reps, overrides), policy


def _reps(rng: np.random.Generator) -> list[dict[str, Any]]:
    rows = []
    for j in range(int(rng.choice([1, 2, 3, 3, 3]))):
        place = PLACES[int(rng.integers(0, 4))]
        rows.append(
            rep(
                f"R{j}",
                region=str(rng.choice(["north", "south"])),
                latitude=place[0],
                longitude=place[1],
                experience_multiplier=float(rng.choice([1.0, 1.5])),
                capacity_hours=float(rng.choice([400, 800, 800, 0])),
                ramp_share=float(rng.choice([1.0, 0.5])),
                skill_industries=str(rng.choice(["", "retail", "retail|health"])),
                is_vacant=bool(rng.random() < 0.2),
            )
        )
    return rows


def _accounts(rng: np.random.Generator, rep_ids: list[str], units: int) -> list[dict[str, Any]]:
    rows = []
    for u in range(units):
        for member in range(int(rng.choice([1, 1, 1, 2]))):
            place = PLACES[int(rng.integers(0, 4))]
            owner = rng.choice([None, "R9", *rep_ids, *rep_ids])
            # Every tenth account or so is a giant.
            size = int(rng.choice([1, 2, 2, 3, 3, 4, 5, 6, 60]))
            rows.append(
                account(
                    f"A{u}{member}",
                    family_id=f"A{u}0",
                    segment=str(rng.choice(SEGMENTS, p=[0.2, 0.6, 0.2])),
                    industry=str(rng.choice(INDUSTRIES)),
                    state=str(rng.choice(["MO", "NE"])),
                    latitude=place[0],
                    longitude=place[1],
                    owner_rep_id=owner,
                    incumbent_rep_id=owner if owner in rep_ids else None,
                    service_hours=40.0 * size,
                    visits_per_year=float(rng.integers(0, 13)),
                    potential_usd=10_000.0 * int(rng.integers(1, 9)),
                    actual_sales_usd=1_000.0 * int(rng.integers(0, 20)),
                    complexity_score=float(rng.choice([0.8, 1.6])),
                    tenure_months=float(rng.integers(0, 60)),
                    open_deal_probability_pct=rng.choice([None, 30.0, 80.0]),
                    days_to_renewal=rng.choice([None, 20, 200]),
                    days_since_owner_change=rng.choice([None, 10, 400]),
                    is_strategic=bool(rng.random() < 0.2),
                )
            )
    return rows


def _metrics(rng: np.random.Generator, rep_ids: list[str]) -> list[dict[str, Any]]:
    """None to three bands: narrow and wide, soft inside, split in every way, one of a tier."""
    kinds: list[dict[str, Any]] = [
        {"metric": "hours"},
        {"metric": "potential"},
        {"metric": "sales", "targets": "equal"},
        {"metric": "account_count"},
        {"metric": "account_count", "fixed_targets": {rep_ids[0]: 2}},
        {"metric": "hours", "name": "mid hours", "accounts": {"segment": ["mid"]}},
        {
            "metric": "account_count",
            "name": "retail accounts",
            "accounts": {"industry": ["retail"]},
            "targets": "headcount",
        },
    ]
    chosen = rng.choice(len(kinds), size=int(rng.choice([0, 1, 1, 2, 2, 3])), replace=False)
    metrics = []
    for place in sorted(chosen.tolist()):
        tolerance = float(rng.choice([10, 30, 60, 90]))
        band = kinds[place] | {"tolerance_pct": tolerance}
        if rng.random() < 0.4:
            soft = {"soft_tolerance_pct": tolerance / 4, "soft_price_usd_per_pct": 30.0}
            band = band | soft
        metrics.append(band)
    names = [band.get("name", band["metric"]) for band in metrics]
    return [band for at, band in enumerate(metrics) if names[at] not in names[:at]]


def _ids(rng: np.random.Generator, accounts: list[dict[str, Any]], count: int) -> list[str]:
    """Ids of accounts in different families, fewer where there are not so many."""
    heads = [row["account_id"] for row in accounts if row["account_id"] == row["family_id"]]
    return [str(one) for one in rng.choice(heads, size=min(count, len(heads)), replace=False)]


def _locks(rng, accounts, rep_ids, overrides, policy) -> None:  # type: ignore[no-untyped-def]
    rules = [
        {"name": "deal", "open_deal_probability_from_pct": 60},
        {"name": "renewal", "renewal_within_days": 90},
        {"name": "change", "owner_changed_within_days": 180},
        {"name": "strategic", "strategic": True},
        {"name": "young", "tenure_months_below": 12, "accounts": {"segment": ["mid"]}},
        {"name": "listed", "account_ids": _ids(rng, accounts, 1)},
    ]
    chosen = rng.choice(len(rules), size=int(rng.integers(1, 3)), replace=False)
    policy["locks"] = [rules[place] for place in sorted(chosen.tolist())]


def _eligibility(rng, accounts, rep_ids, overrides, policy) -> None:  # type: ignore[no-untyped-def]
    rules = [
        {"name": "south", "accounts": {"segment": ["small"]}, "reps": {"region": ["south"]}},
        {"name": "skill", "accounts": {"segment": ["mid"]}, "same": ["industry_skill"]},
        {"name": "first", "accounts": {"state": ["NE"]}, "reps": {"rep_id": ["R0", "R1"]}},
    ]
    policy["eligibility"] = [rules[int(rng.integers(0, 3))]]


def _manual(rng, accounts, rep_ids, overrides, policy) -> None:  # type: ignore[no-untyped-def]
    for account_id in _ids(rng, accounts, 2):
        action = str(rng.choice(["lock", "assign", "forbid"]))
        rep_id = None if action == "lock" else str(rng.choice(rep_ids))
        overrides.append(override(account_id, action, rep_id))


def _together(rng, accounts, rep_ids, overrides, policy) -> None:  # type: ignore[no-untyped-def]
    for account_id in _ids(rng, accounts, 2):
        overrides.append(override(account_id, "together", None, "joint"))


def _separate(rng, accounts, rep_ids, overrides, policy) -> None:  # type: ignore[no-untyped-def]
    rivals = _ids(rng, accounts, int(rng.integers(2, 4)))
    grouped = {row["account_id"] for row in overrides if row["action"] == "together"}
    if len(rivals) >= 2 and not grouped & set(rivals):
        policy["must_separate"] = [{"name": "rivals", "account_ids": rivals}]


def _singles(rng, accounts, rep_ids, overrides, policy) -> None:  # type: ignore[no-untyped-def]
    policy["keep_families_together"] = False


def _account_limits(rng, accounts, rep_ids, overrides, policy) -> None:  # type: ignore[no-untyped-def]
    limit: dict[str, Any] = {"name": "book size", "maximum": int(rng.integers(1, 6))}
    if rng.random() < 0.5:
        limit |= {"minimum": int(rng.integers(0, 2))}
    if rng.random() < 0.5:
        limit |= {"accounts": {"segment": ["mid"]}, "reps": {"region": ["south"]}}
    policy["account_limits"] = [limit]


def _budgets(rng, accounts, rep_ids, overrides, policy) -> None:  # type: ignore[no-untyped-def]
    measure = str(rng.choice(["accounts", "sales", "tenure_months"]))
    share = float(rng.choice([0, 11, 23, 37, 61]))
    policy["move_budgets"] = [{"measure": measure, "limit_pct": share}]
    if rng.random() < 0.3 and measure != "accounts":
        policy["move_budgets"].append({"measure": "accounts", "limit": 2})


def _unassigned(rng, accounts, rep_ids, overrides, policy) -> None:  # type: ignore[no-untyped-def]
    price = float(rng.choice([0, 150, 4_000]))
    tier = {"name": "tail", "accounts": {"segment": ["mid"]}, "price_usd": price}
    policy["unassigned"] = [tier]


def _travel(rng, accounts, rep_ids, overrides, policy) -> None:  # type: ignore[no-untyped-def]
    travel: dict[str, Any] = {"max_hours_per_rep": float(rng.choice([20, 60, 150]))}
    if rng.random() < 0.5:
        travel["max_distance_km"] = 500.0
    policy["travel"] = travel


def _overtime(rng, accounts, rep_ids, overrides, policy) -> None:  # type: ignore[no-untyped-def]
    policy["overtime"] = {"price_usd_per_hour": 90.0, "max_pct": float(rng.choice([60, 100, 150]))}


def _levels(rng, accounts, rep_ids, overrides, policy) -> None:  # type: ignore[no-untyped-def]
    """A band of the policy, or a measure it leaves out, for regions: narrow, wide, soft inside."""
    names = [*(band.get("name", band["metric"]) for band in policy["metrics"]), "sales"]
    chosen = sorted(set(rng.choice(names, size=int(rng.integers(1, 3))).tolist()))
    bands: list[dict[str, Any]] = []
    for name in chosen:
        band: dict[str, Any] = {"metric": name, "tolerance_pct": float(rng.choice([5, 20, 50]))}
        if rng.random() < 0.5:
            band |= {"soft_tolerance_pct": 2.0, "soft_price_usd_per_pct": 40.0}
        bands.append(band)
    policy["levels"] = [{"by": "region", "metrics": bands}]


FEATURES = {
    "1 locks": _locks,
    "2 eligibility": _eligibility,
    "3 manual": _manual,
    "4 together": _together,
    "5 separate": _separate,
    "6 singles": _singles,
    "7 account limits": _account_limits,
    "8 budgets": _budgets,
    "9 unassigned": _unassigned,
    "a travel": _travel,
    "b overtime": _overtime,
    "c levels": _levels,
}
