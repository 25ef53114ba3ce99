"""Planning tables of a sample company of any size, without files and without a warehouse.

    from benchmarks.books import planning_book

    book = planning_book(accounts=200_000, reps=500, seed=7)
    book.accounts, book.reps, book.overrides, book.as_of

The company is the one that `territory demo` writes for the same numbers and seed: the generator's
own functions draw it chunk by chunk from the same random streams, and `benchmarks.book_scores`
scores it by the formulas of the dbt models. At 1,200 accounts × 25 reps every column equals the
table that the pipeline makes of the written files, to the last digit kept; a test holds them
against each other at 400 × 12. What it looks like, seed 7:

    accounts × reps                                1,200 × 25  20,000 × 100  1,000,000 × 1,000
    service hours an account                             33.7           7.9                1.6
    visits an account                                     4.2           1.0                0.2
    hours needed ÷ effective capacity                    0.94          0.89               0.90
    sales ÷ potential                                    0.25          0.37               0.86
    largest account's sales ÷ mean target                1.02          0.84               0.25
    coefficient of variation over today's territories,
      hours, potential, sales ÷ target      0.31, 0.44, 0.47  0.23, 0.25, 0.37  0.22, 0.26, 0.27
    sales of incumbents above +15 % of target            9.4 %         6.8 %              2.7 %

Hours fall because the team's hours are what the accounts share; sales rise against potential
because the markets of the United States stay as large as they are while the book grows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from benchmarks.book_scores import History, default_scoring, score
from pipelines.sample import company
from pipelines.sample.accounts import AccountChunk, draw_accounts
from pipelines.sample.activities import Activities, draw_activities
from pipelines.sample.calibration import PILOT_ACCOUNTS, Calibration, calibrate
from pipelines.sample.catalogue import INDUSTRIES, PRODUCTS
from pipelines.sample.deals import STAGE_PROBABILITY_PCT, Deals, draw_deals
from pipelines.sample.export import account_rows
from pipelines.sample.facts import read_facts
from pipelines.sample.firmographics import SEGMENTS
from pipelines.sample.history import History as Window
from pipelines.sample.history import build_history
from pipelines.sample.overrides import override_rows
from pipelines.sample.ownership import Ownership, build_ownership
from pipelines.sample.places import Places, load_places
from pipelines.sample.team import Team, build_team
from pipelines.settings.scoring import Scoring

AS_OF = date(2026, 6, 30)
DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Book:
    """The planner's input: int_plan__account, int_plan__rep, stg_plan__override."""

    accounts: pl.DataFrame
    reps: pl.DataFrame
    overrides: pl.DataFrame
    as_of: date


def planning_book(accounts: int, reps: int, seed: int, scoring: Scoring | None = None) -> Book:
    """The planning tables of the sample company of this size and seed on 30 June 2026.

    Args:
        accounts: number of accounts. reps: seats, vacant ones included.
        scoring: constants of the scores; by default those the project ships.
    """
    scoring = scoring or default_scoring()
    draw = _Company.begin(accounts, reps, seed)
    chunks = list(draw.chunks())
    frame = pl.concat([chunk.accounts for chunk in chunks])
    cycles = pl.concat([chunk.cycles for chunk in chunks])
    hours = sum(chunk.logged_standard_hours for chunk in chunks)
    overrides = chunks[0].overrides
    del chunks
    scores = score(History(frame, cycles, hours), scoring)
    return Book(
        accounts=_account_table(frame.hstack(scores)),
        reps=rep_table(draw.ownership.team, reps, scoring),
        overrides=overrides,
        as_of=AS_OF,
    )


@dataclass(frozen=True)
class _Drawn:
    """One chunk of accounts with what its deals and activities amount to."""

    accounts: pl.DataFrame
    cycles: pl.DataFrame
    logged_standard_hours: float
    overrides: pl.DataFrame


@dataclass(frozen=True)
class _Company:
    """The sample company before its accounts are drawn, as `generate_company` sets it up."""

    accounts: int
    seed: int
    places: Places
    ownership: Ownership
    window: Window
    constants: Calibration

    @classmethod
    def begin(cls, accounts: int, reps: int, seed: int) -> "_Company":
        window = build_history(AS_OF)
        places = load_places()
        team = build_team(_stream(seed, company.TEAM_STREAM), places, reps, AS_OF, seed)
        ownership = build_ownership(team, places, window.start)
        rng = _stream(seed, company.PILOT_STREAM)
        pilot = draw_accounts(rng, 0, PILOT_ACCOUNTS, places, ownership, window.today)
        constants = calibrate(rng, pilot, ownership, window, accounts)
        return cls(accounts, seed, places, ownership, window, constants)

    def chunks(self) -> Iterator[_Drawn]:
        """The accounts in the generator's chunks, each from a random stream of its own."""
        own = self.ownership
        for number, start in enumerate(range(0, self.accounts, company.CHUNK_ACCOUNTS)):
            rng = _stream(self.seed, company.CHUNK_STREAM, number)
            count = min(company.CHUNK_ACCOUNTS, self.accounts - start)
            chunk = draw_accounts(rng, start, count, self.places, own, self.window.today)
            deals = draw_deals(rng, chunk, own, self.window, self.constants.win_intercept)
            per_attention = self.constants.hours_per_attention
            log = draw_activities(rng, chunk, own, self.window, per_attention)
            rows = account_rows(
                rng, chunk, deals, self.places, own.team, self.seed, self.window.today
            )
            overrides = _stream(self.seed, company.OVERRIDE_STREAM)
            yield _Drawn(
                accounts=_identity(chunk, rows, own.team).hstack(_dealings(chunk, deals)),
                cycles=_won_cycles(rows["Segment"], deals),
                logged_standard_hours=_logged_hours(log, own.team),
                # The generator draws overrides among the accounts of its first chunk only.
                overrides=_override_table(override_rows(overrides, chunk, own, AS_OF))
                if number == 0
                else pl.DataFrame(),
            )


def _stream(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _identity(chunk: AccountChunk, rows: pl.DataFrame, team: Team) -> pl.DataFrame:
    """Who and where the accounts are and who owns them, from the rows of the CRM export."""
    owner = chunk.owner
    at = np.maximum(owner, 0)
    is_active = pl.Series((owner >= 0) & ~team.is_vacant[at] & ~team.is_former[at])
    # A parent stands in the chunk of its children, two levels up at most.
    parent = np.where(chunk.parent >= 0, chunk.parent, np.arange(len(chunk)))
    root = parent[parent]
    owned_days = pl.Series((np.datetime64(AS_OF, "D") - chunk.owned_since).astype(np.int64))
    days = owned_days.set(~is_active, None)
    renewal_date = pl.col("Renewal Date").str.to_date("%m/%d/%Y")
    is_located = pl.col("Billing Latitude").is_not_null()
    places = read_facts("postal_codes").rename({"postal_code": "Billing Zip/Postal Code"})
    return rows.join(
        places, on="Billing Zip/Postal Code", how="left", maintain_order="left"
    ).select(
        account_id="Account ID",
        account_name="Account Name",
        family_id=rows["Account ID"].gather(root),
        segment=pl.col("Segment").cast(pl.Enum(SEGMENTS)),
        industry=pl.col("Industry").cast(pl.Enum([i.name for i in INDUSTRIES])),
        country="Billing Country",
        state="Billing State/Province",
        owner_rep_id="Account Owner ID",
        incumbent_rep_id=pl.when(is_active).then("Account Owner ID"),
        latitude=pl.when(is_located).then("Billing Latitude").otherwise("latitude"),
        longitude=pl.when(is_located).then("Billing Longitude").otherwise("longitude"),
        employee_count=pl.col("Employees").cast(pl.Float64),
        annual_revenue_usd=pl.col("Annual Revenue").cast(pl.Float64),
        tenure_months=(days / DAYS_PER_MONTH).round(4),
        days_to_renewal=pl.when(renewal_date >= AS_OF).then((renewal_date - AS_OF).dt.total_days()),
        days_since_owner_change=days,
        is_strategic=pl.col("Strategic") == 1,
        postal_code="Billing Zip/Postal Code",
        market_area_id="county_fips",
    )


def _dealings(chunk: AccountChunk, deals: Deals) -> pl.DataFrame:
    """Sales, won deals, offering and open deals of each account of the chunk."""
    year_ago = np.datetime64(AS_OF.replace(year=AS_OF.year - 1), "D")
    is_open = np.isnat(deals.closed)
    rating = np.array([product.complexity for product in PRODUCTS])
    cycle = (deals.closed - deals.opened).astype(np.int64)
    table = pl.DataFrame(
        {
            "account": deals.account,
            "product": deals.product,
            "is_won": deals.is_won,
            "is_open": is_open,
            "is_trailing": deals.is_won & (deals.closed > year_ago),
            "amount": deals.amount_usd,
            "cycle": np.where(is_open, 0, cycle),
            "probability": np.array(STAGE_PROBABILITY_PCT, dtype=float)[deals.stage],
            "rating": rating[deals.product],
        }
    )
    is_won = pl.col("is_won")
    per_account = table.group_by("account").agg(
        actual_sales_usd=pl.col("amount").filter("is_trailing").sum().round(2),
        won_deals=is_won.sum(),
        median_cycle_days=pl.col("cycle").filter(is_won).median(),
        open_deal_probability_pct=pl.col("probability").filter("is_open").max(),
    )
    offered = (
        table.filter(is_won | pl.col("is_open"))
        .unique(["account", "product"])
        .group_by("account")
        .agg(product_count=pl.len(), mean_rating=pl.col("rating").mean())
    )
    everyone = pl.DataFrame({"account": np.arange(len(chunk))})
    return (
        everyone.join(per_account, on="account", how="left", maintain_order="left")
        .join(offered, on="account", how="left", maintain_order="left")
        .select(
            pl.col("actual_sales_usd", "won_deals").fill_null(0),
            "median_cycle_days",
            "product_count",
            "mean_rating",
            "open_deal_probability_pct",
        )
    )


def _won_cycles(segment: pl.Series, deals: Deals) -> pl.DataFrame:
    """segment and cycle_days of every deal won."""
    won = deals.is_won
    days = (deals.closed[won] - deals.opened[won]).astype(np.int16)
    names = segment.cast(pl.Enum(SEGMENTS)).gather(deals.account[won])
    return pl.DataFrame({"segment": names, "cycle_days": days})


def _logged_hours(log: Activities, team: Team) -> float:
    """Junior-standard hours logged in the last 12 months."""
    recent = log.day > np.datetime64(AS_OF.replace(year=AS_OF.year - 1), "D")
    return float(log.duration_hours[recent] @ team.multiplier[log.rep[recent]])


def _account_table(frame: pl.DataFrame) -> pl.DataFrame:
    """int_plan__account from everything known of the accounts."""
    return frame.select(
        "account_id",
        "account_name",
        "family_id",
        pl.col("segment", "industry").cast(pl.String),
        "country",
        "state",
        "owner_rep_id",
        "incumbent_rep_id",
        "latitude",
        "longitude",
        "service_hours",
        "visits_per_year",
        "potential_usd",
        "actual_sales_usd",
        "complexity_score",
        "tenure_months",
        "open_deal_probability_pct",
        "days_to_renewal",
        "days_since_owner_change",
        "is_strategic",
        "postal_code",
        "market_area_id",
    )


def rep_table(team: Team, reps: int, scoring: Scoring) -> pl.DataFrame:
    """int_plan__rep: the seats of the plan, vacant ones included, without former sellers."""
    settings = scoring.capacity
    seats = pl.DataFrame({"User ID": team.rep_ids[:reps]}).join(
        team.users, on="User ID", maintain_order="left"
    )
    is_vacant = team.is_vacant[:reps]
    tenure = (np.datetime64(AS_OF, "D") - team.hired[:reps]).astype(float) / DAYS_PER_MONTH
    levels = sorted(settings.experience_levels, key=lambda level: level.minimum_tenure_months)
    names = [level.name for level in levels]
    steps = [level.minimum_tenure_months for level in levels]
    by_tenure = np.searchsorted(steps, tenure, side="right") - 1
    level = np.where(is_vacant, names.index(settings.default_experience_level), by_tenure)
    multiplier = np.array([one.multiplier for one in levels])[level]
    start = settings.ramp_start_share
    months = max(settings.ramp_months, 0.001)
    ramp = (start + (1 - start) * tenure / months).clip(start, 1.0)
    ramp = np.where(is_vacant, settings.vacant_seat_share, ramp)
    fte = seats["FTE %"].to_numpy() / 100
    hours = settings.selling_hours * fte * ramp
    managers = team.users.select(pl.col("User ID").alias("Manager ID"), manager="Full Name")
    return seats.join(managers, on="Manager ID", how="left", maintain_order="left").select(
        rep_id="User ID",
        rep_name="Full Name",
        manager_id="Manager ID",
        manager_name=pl.coalesce("manager", "Manager ID"),
        region="Region",
        country="Country",
        experience_level=pl.Series(np.array(names)[level]),
        skill_industries="Industry Skills",
        latitude="Latitude",
        longitude="Longitude",
        experience_multiplier=pl.Series(multiplier),
        capacity_hours=pl.Series(hours.round(4)),
        effective_capacity_hours=pl.Series((hours * multiplier).round(4)),
        fte_share=pl.Series(fte),
        ramp_share=pl.Series(ramp.round(6)),
        is_vacant=pl.Series(is_vacant),
        state="State/Province",
        postal_code="Zip/Postal Code",
    )


def _override_table(rows: pl.DataFrame) -> pl.DataFrame:
    """stg_plan__override: decisions that have not expired."""
    is_grouped = "Group ID" in rows.columns
    group = pl.col("Group ID") if is_grouped else pl.lit(None, dtype=pl.String)
    return (
        rows.filter(pl.col("Expires").is_null() | (pl.col("Expires") >= AS_OF))
        .select(
            account_id="Account ID",
            action="Action",
            rep_id="Rep ID",
            reason="Reason",
            expires_date="Expires",
            group_id=group,
        )
        .sort("account_id", "action", "rep_id")
    )
