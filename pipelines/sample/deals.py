"""Opportunities: what accounts consider buying, from whom, how long it takes, and what comes of it.

Closed deals are drawn by closing day and opened one sales cycle earlier, so that the history has no
left edge where only short deals appear. Open deals are what the same flow leaves open today.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.sample.accounts import DEALS_SIZE_EFFECT, AccountChunk
from pipelines.sample.catalogue import INDUSTRIES, PRODUCTS
from pipelines.sample.history import History, win_factor
from pipelines.sample.ownership import Ownership
from pipelines.sample.team import SKILL_WIN_LOGIT

WIN_RATE = 0.25
SIZE_WIN_LOGIT = -0.15

# Days from opening to closing: quick repeat orders, and projects that take longer for larger
# clients (10 days a standard deviation of ln revenue; 23 days in all).
QUICK_SHARE, QUICK_MEDIAN_DAYS, QUICK_SPREAD, QUICK_LONGEST = 0.43, 8.0, 0.5, 29
PROJECT_MEAN_DAYS, PROJECT_SD_DAYS, PROJECT_SIZE_DAYS = 84.0, 23.0, 10.0
PROJECT_SHORTEST, PROJECT_LONGEST = 30, 200
STALE_SHARE, STALE_FACTOR = 0.15, 3.0

# A deal's budget in USD: ln = intercept + slope × ln employees + account and deal residuals.
BUDGET_INTERCEPT, BUDGET_SLOPE = 7.2, 0.45
BUDGET_ACCOUNT_SD, BUDGET_DEAL_SD = 0.55, 0.75
# How far from a quarter of the budget list prices may be (natural log) and stay likely.
PRICE_FOCUS = 1.3
PRICE_NOISE = 0.10

OPEN_STAGES = (
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Proposal/Price Quote",
    "Negotiation/Review",
)
WON_STAGE, LOST_STAGE = "Closed Won", "Closed Lost"
STAGES = (*OPEN_STAGES, WON_STAGE, LOST_STAGE)
# Salesforce sets these by itself when a deal enters a stage.
STAGE_PROBABILITY_PCT = (10, 10, 20, 75, 90, 100, 0)
NO_DAY = np.datetime64("NaT", "D")


@dataclass(frozen=True)
class Deals:
    """Deals of one chunk, sorted by account and opening day; one entry a deal.

    Attributes:
        account: index within the chunk. rep: rep number. product: number in `PRODUCTS`.
        stage: number in `STAGES`.
        closed: NaT while open.
        amount_usd: rounded to cents.
    """

    account: np.ndarray
    rep: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    stage: np.ndarray
    opened: np.ndarray
    closed: np.ndarray
    amount_usd: np.ndarray

    @property
    def is_won(self) -> np.ndarray:
        return self.stage == STAGES.index(WON_STAGE)


def win_logit(
    chunk: AccountChunk, account: np.ndarray, rep: np.ndarray, ownership: Ownership
) -> np.ndarray:
    """Log odds of winning without the intercept: rep, industry, skill and client size."""
    industry = chunk.industry[account]
    effects = np.array([entry.win_logit for entry in INDUSTRIES])
    team = ownership.team
    return (
        team.win_logit[rep]
        + effects[industry]
        + SKILL_WIN_LOGIT * team.has_skill[rep, industry]
        + SIZE_WIN_LOGIT * chunk.size[account]
    )


def draw_cycles(rng: np.random.Generator, size: np.ndarray, is_quick: np.ndarray) -> np.ndarray:
    """Whole days from opening to closing, at least 1; `size` is standardized ln revenue."""
    normal = rng.standard_normal(len(size))
    quick = np.exp(np.log(QUICK_MEDIAN_DAYS) + QUICK_SPREAD * normal)
    rest_sd = np.sqrt(PROJECT_SD_DAYS**2 - PROJECT_SIZE_DAYS**2)
    # Larger clients have more deals: the mean size of a deal's client is not that of an account.
    relative_size = size - DEALS_SIZE_EFFECT
    project = PROJECT_MEAN_DAYS + PROJECT_SIZE_DAYS * relative_size + rest_sd * normal
    days = np.where(
        is_quick,
        np.rint(quick).clip(1, QUICK_LONGEST),
        np.rint(project).clip(PROJECT_SHORTEST, PROJECT_LONGEST),
    )
    return days.astype(np.int64)


def draw_products(rng: np.random.Generator, budget_usd: np.ndarray) -> np.ndarray:
    """Product numbers: popular ones, priced near a quarter of the budget."""
    price = np.log([product.list_price_usd for product in PRODUCTS])
    popularity = np.log([product.popularity for product in PRODUCTS])
    apart = (np.log(budget_usd / 4)[:, None] - price) / PRICE_FOCUS
    # The largest of Gumbel-shifted log odds is a draw from the odds.
    return np.argmax(popularity - apart**2 / 2 + rng.gumbel(size=apart.shape), axis=1)


def draw_deals(
    rng: np.random.Generator,
    chunk: AccountChunk,
    ownership: Ownership,
    history: History,
    win_intercept: float,
) -> Deals:
    """The closed deals of the history and the open ones of today."""
    closed_count = rng.poisson(chunk.deals_per_year * history.years)
    quick_days = QUICK_SHARE * QUICK_MEDIAN_DAYS * np.exp(QUICK_SPREAD**2 / 2)
    project_days = (1 - QUICK_SHARE) * PROJECT_MEAN_DAYS
    # Little's law: deals open today = deals a day × mean days open.
    open_count = rng.poisson(chunk.deals_per_year / 365.25 * (quick_days + project_days))
    accounts = np.arange(len(chunk))
    account = np.concatenate([np.repeat(accounts, closed_count), np.repeat(accounts, open_count)])
    count, closed_total = len(account), int(closed_count.sum())
    is_open = np.arange(count) >= closed_total

    # Among open deals the long ones are over-represented in proportion to their length.
    open_quick_share = quick_days / (quick_days + project_days)
    is_quick = rng.random(count) < np.where(is_open, open_quick_share, QUICK_SHARE)
    cycle = draw_cycles(rng, chunk.size[account], is_quick)
    progress = rng.random(count)
    age = np.floor(cycle * progress)
    age = np.where(rng.random(count) < STALE_SHARE, age * STALE_FACTOR, age).astype(np.int64)

    closed = history.draw_working_days(rng, count)
    opened = np.where(is_open, history.today - age, closed - cycle)
    rep = chunk.rep_on(account, opened, ownership)
    chance = 1 / (1 + np.exp(-(win_intercept + win_logit(chunk, account, rep, ownership))))
    is_won = (rng.random(count) < chance * win_factor(closed)) & ~is_open

    quantity, product, amount = _draw_amounts(rng, chunk, account)
    stage = np.where(is_won, STAGES.index(WON_STAGE), STAGES.index(LOST_STAGE))
    stage = np.where(is_open, np.floor(progress * len(OPEN_STAGES)).astype(int), stage)
    order = np.lexsort((closed, opened, is_open, account))
    return Deals(
        account=account[order],
        rep=rep[order],
        product=product[order],
        quantity=quantity[order],
        stage=stage[order],
        opened=opened[order],
        closed=np.where(is_open, NO_DAY, closed)[order],
        amount_usd=amount[order],
    )


def _draw_amounts(
    rng: np.random.Generator, chunk: AccountChunk, account: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Quantity, product and amount: list price × quantity × N(1, 0.10)."""
    expected = BUDGET_INTERCEPT + BUDGET_SLOPE * np.log(chunk.employees)
    expected = expected + BUDGET_ACCOUNT_SD * rng.standard_normal(len(chunk))
    budget = np.exp(expected[account] + BUDGET_DEAL_SD * rng.standard_normal(len(account)))
    product = draw_products(rng, budget)
    price = np.array([entry.list_price_usd for entry in PRODUCTS])[product]
    quantity = np.maximum(np.rint(budget / price), 1).astype(np.int64)
    # Five standard deviations: no price is negative.
    noise = 1 + PRICE_NOISE * rng.standard_normal(len(account)).clip(-5, 5)
    return quantity, product, np.round(price * quantity * noise, 2)
