"""Synthetic books of accounts with the heavy tails of real ones, for tests and benchmarks."""

import numpy as np
import polars as pl

from tests.book.tiny_book import Tables

INDUSTRIES = ("manufacturing", "retail", "health", "finance", "education", "logistics")
# Longitude, latitude and weight of a few large US metropolitan areas.
METROS = np.array(
    [
        (-74.0, 40.7, 19), (-118.2, 34.1, 13), (-87.6, 41.9, 9), (-96.8, 32.8, 8), (-95.4, 29.8, 7),
        (-77.0, 38.9, 6), (-80.2, 25.8, 6), (-75.2, 40.0, 6), (-84.4, 33.7, 6), (-71.1, 42.4, 5),
        (-112.1, 33.4, 5), (-122.4, 37.8, 5), (-83.0, 42.3, 4), (-122.3, 47.6, 4), (-93.3, 45.0, 4),
        (-104.9, 39.7, 3), (-90.2, 38.6, 3), (-81.7, 41.5, 2),
    ]
)  # fmt: skip
EMPTY_OVERRIDES = pl.DataFrame(
    schema={"account_id": pl.String, "action": pl.String, "rep_id": pl.String, "reason": pl.String}
)


def make_book(accounts: int, reps: int, seed: int = 1) -> Tables:
    """A company of heavy tails.

    Lognormal hours, potential with a Pareto tail (so giants occur) and 18 % of accounts in
    families; today's ownership is local but about 2:1 out of balance, 5 % of it missing.
    """
    rng = np.random.default_rng(seed)
    weight = METROS[:, 2] / METROS[:, 2].sum()
    home = rng.choice(len(METROS), reps, p=weight)
    place = rng.choice(len(METROS), accounts, p=weight)
    rep_xy = METROS[home, :2] + rng.normal(0, 0.2, (reps, 2))
    xy = METROS[place, :2] + rng.normal(0, 0.9, (accounts, 2))
    rep_ids = [f"R{j:03d}" for j in range(reps)]
    account_ids = [f"A{i:06d}" for i in range(accounts)]
    multiplier = rng.choice([1.0, 1.25, 1.5], reps)
    ramp = np.where(rng.random(reps) < 0.1, 0.6, 1.0)
    capacity = 1500.0 * ramp
    skills = ["|".join(sorted(rng.choice(INDUSTRIES, 2, replace=False))) for _ in range(reps)]

    # Size: lognormal body, Pareto(1.17) above its 90 % quantile. Potential follows employees
    # (size ^ 0.745), hours follow potential ^ 0.4: both with noise of their own.
    size = rng.lognormal(0.0, 1.27, accounts)
    tail = np.exp(1.27 * 1.2816)
    size = np.where(size > tail, tail * (1 + rng.pareto(1.17, accounts)), size)
    potential = 30_000 * size**0.745 * rng.lognormal(0.0, 0.4, accounts)
    hours = potential**0.4 * rng.lognormal(0.0, 0.5, accounts)
    hours *= 0.9 * (capacity * multiplier).sum() / hours.sum()
    sales = potential * rng.beta(1.2, 4.0, accounts) * (rng.random(accounts) < 0.7)

    distance = np.hypot(*(xy[:, None, :] - rep_xy[None, :, :]).transpose(2, 0, 1))
    appeal = rng.normal(0, 0.35, reps)[None, :] + rng.gumbel(0, 0.15, (accounts, reps))
    owner = np.argmax(appeal - distance / 4.0, axis=1)
    families = np.arange(accounts)
    members = rng.permutation(accounts)[: int(0.18 * accounts)]
    for start in range(0, len(members) - 2, 3):
        families[members[start : start + 3]] = members[start]
    owners = [rep_ids[j] if rng.random() > 0.05 else None for j in owner]
    incumbents = [o if o is None or rng.random() > 0.04 else None for o in owners]
    known = rng.random(accounts) > 0.03
    return Tables(
        accounts=pl.DataFrame(
            {
                "account_id": account_ids,
                "account_name": [f"Account {i}" for i in range(accounts)],
                "family_id": [account_ids[f] for f in families],
                "segment": rng.choice(["enterprise", "mid", "small"], accounts, p=[0.1, 0.3, 0.6]),
                "industry": rng.choice(INDUSTRIES, accounts),
                "country": "United States",
                "state": [f"S{p}" for p in place],
                "latitude": [float(y) if k else None for y, k in zip(xy[:, 1], known, strict=True)],
                "longitude": [
                    float(x) if k else None for x, k in zip(xy[:, 0], known, strict=True)
                ],
                "owner_rep_id": owners,
                "incumbent_rep_id": incumbents,
                "service_hours": hours,
                "visits_per_year": np.clip(np.round(hours / 4), 1, 40),
                "potential_usd": potential,
                "actual_sales_usd": sales,
                "complexity_score": rng.uniform(0.6, 1.8, accounts),
                "tenure_months": rng.uniform(1, 80, accounts),
            }
        ),
        reps=pl.DataFrame(
            {
                "rep_id": rep_ids,
                "rep_name": [f"Rep {j}" for j in range(reps)],
                "manager_id": [f"M{j % 4}" for j in range(reps)],
                "region": [f"G{h % 4}" for h in home],
                "country": "United States",
                "latitude": rep_xy[:, 1],
                "longitude": rep_xy[:, 0],
                "experience_level": ["junior" if m == 1 else "senior" for m in multiplier],
                "experience_multiplier": multiplier,
                "capacity_hours": capacity,
                "effective_capacity_hours": capacity * multiplier,
                "fte_share": 1.0,
                "ramp_share": ramp,
                "skill_industries": skills,
                "is_vacant": False,
            }
        ),
        overrides=EMPTY_OVERRIDES,
    )
