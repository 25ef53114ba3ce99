"""One chunk of accounts as arrays, before it becomes an export."""

from dataclasses import dataclass

import numpy as np

from pipelines.sample.catalogue import INDUSTRIES
from pipelines.sample.families import SAME_INDUSTRY_SHARE, draw_parents
from pipelines.sample.firmographics import draw_employees, draw_revenue
from pipelines.sample.ownership import UNOWNED, Ownership
from pipelines.sample.places import Places

# Opportunities a year: ln rate ~ N(ln 3.2, 0.55), so that two thirds of accounts have 2 to 6 a
# year and a few have twenty; larger clients buy more often.
DEALS_PER_YEAR, DEALS_SPREAD, DEALS_SIZE_EFFECT = 3.2, 0.45, 0.30
# Hours an account asks for grow far slower than its size.
HOURS_SIZE_EXPONENT, HOURS_SPREAD = 0.28, 0.35
TYPICAL_EMPLOYEES = 80.0
NEGLECTED_SHARE = 0.12
UNOWNED_ATTENTION = 0.35
# Mean and standard deviation of ln revenue in USD millions, of a million draws.
LN_REVENUE_MEAN, LN_REVENUE_SD = 3.36, 2.15
TENURE_DAYS, AGE_DAYS, AGE_SPREAD = 900.0, 1_900.0, 0.6


@dataclass(frozen=True)
class AccountChunk:
    """Accounts `start`, `start + 1`, …; all arrays have one entry an account.

    Attributes:
        size: standardized ln revenue.
        owner: rep number of today's owner or `UNOWNED`; `predecessor` worked the account before
            `owned_since` and works it while it has no active owner.
        deals_per_year: expected opportunities a year.
        attention: relative hours a year, mean not fixed.
    """

    start: int
    industry: np.ndarray
    revenue_musd: np.ndarray
    employees: np.ndarray
    size: np.ndarray
    parent: np.ndarray
    county: np.ndarray
    owner: np.ndarray
    predecessor: np.ndarray
    owned_since: np.ndarray
    created: np.ndarray
    deals_per_year: np.ndarray
    attention: np.ndarray

    def __len__(self) -> int:
        return len(self.industry)

    def rep_on(self, account: np.ndarray, day: np.ndarray, ownership: Ownership) -> np.ndarray:
        """Rep number who works `account` (indices) on `day`; arrays of one shape."""
        owner, left = self.owner[account], ownership.team.left
        is_owner_there = (
            (owner != UNOWNED)
            & (day >= self.owned_since[account])
            & (day <= left[np.maximum(owner, 0)])
        )
        return np.where(is_owner_there, owner, self.predecessor[account])


def draw_accounts(
    rng: np.random.Generator,
    start: int,
    count: int,
    places: Places,
    ownership: Ownership,
    today: np.datetime64,
) -> AccountChunk:
    """`count` accounts with size, place, family and owner."""
    revenue = draw_revenue(rng, count)
    employees = draw_employees(rng, revenue)
    parent = draw_parents(rng, revenue)
    shares = np.array([industry.share for industry in INDUSTRIES])
    industry = rng.choice(len(INDUSTRIES), count, p=shares)
    follows = (parent >= 0) & (rng.random(count) < SAME_INDUSTRY_SHARE)
    industry = np.where(follows, industry[np.maximum(parent, 0)], industry)
    county = places.draw_counties(rng, industry)
    owner = ownership.draw_owners(rng, county, parent)

    team = ownership.team
    age = np.rint(AGE_DAYS * np.exp(AGE_SPREAD * rng.standard_normal(count))).astype(int)
    created = today - age.clip(20, 9_000).astype("timedelta64[D]")
    tenure = np.rint(rng.exponential(TENURE_DAYS, count)).astype("timedelta64[D]")
    end = np.where(owner == UNOWNED, today, np.minimum(today, team.left[np.maximum(owner, 0)]))
    hired = np.where(owner == UNOWNED, created, team.hired[np.maximum(owner, 0)])
    owned_since = np.maximum(np.maximum(end - tenure, hired), created)
    # Whoever left had their accounts before they left.
    owned_since = np.minimum(owned_since, end)

    size = (np.log(revenue) - LN_REVENUE_MEAN) / LN_REVENUE_SD
    rate = DEALS_SIZE_EFFECT * size + DEALS_SPREAD * rng.standard_normal(count)
    attention = (employees / TYPICAL_EMPLOYEES) ** HOURS_SIZE_EXPONENT
    attention *= np.exp(HOURS_SPREAD * rng.standard_normal(count))
    attention[rng.random(count) < NEGLECTED_SHARE] = 0.0
    attention[owner == UNOWNED] *= UNOWNED_ATTENTION
    return AccountChunk(
        start=start,
        industry=industry,
        revenue_musd=revenue,
        employees=employees,
        size=size,
        parent=parent,
        county=county,
        owner=owner,
        predecessor=ownership.draw_veterans(rng, county),
        owned_since=owned_since,
        created=created,
        deals_per_year=DEALS_PER_YEAR * np.exp(rate),
        attention=attention,
    )
