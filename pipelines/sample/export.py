"""The chunks as a Salesforce report export writes them: headings, ids, US dates."""

import numpy as np
import polars as pl

from pipelines.sample.accounts import AccountChunk
from pipelines.sample.activities import KINDS, Activities
from pipelines.sample.catalogue import INDUSTRIES, PRODUCTS
from pipelines.sample.csv_table import us_date
from pipelines.sample.deals import STAGE_PROBABILITY_PCT, STAGES, Deals
from pipelines.sample.firmographics import SEGMENTS, segment_of
from pipelines.sample.names import company_names, street_addresses
from pipelines.sample.ownership import UNOWNED
from pipelines.sample.places import Places
from pipelines.sample.record_ids import ACCOUNT, OPPORTUNITY, TASK, record_ids
from pipelines.sample.team import Team

# Fields a CRM leaves empty now and then.
NO_COORDINATES_SHARE, NO_REVENUE_SHARE, NO_EMPLOYEES_SHARE = 0.12, 0.02, 0.02
# Customers whose last purchase is older than the history.
OLD_CUSTOMER_SHARE = 0.25
# Customers under a yearly contract; in a few records the renewal has passed and nobody noted it.
CONTRACT_SHARE, CONTRACT_DAYS, LAPSED_DAYS = 0.6, 365, 20
# Accounts that leadership named strategic: the largest of the book.
STRATEGIC_SHARE = 0.02
# Children that carry their parent's name and their own city.
BRANCH_NAME_SHARE = 0.5


def _ids_at(ids: pl.Series | np.ndarray, index: np.ndarray) -> pl.Series:
    """Ids at `index`, null where it is negative."""
    known = pl.Series(ids).gather(np.maximum(index, 0))
    return known.set(pl.Series(index < 0), None) if (index < 0).any() else known


def account_rows(
    rng: np.random.Generator,
    chunk: AccountChunk,
    deals: Deals,
    places: Places,
    team: Team,
    seed: int,
    today: np.datetime64,
) -> pl.DataFrame:
    """accounts.csv of one chunk; `today` is the last day of the history."""
    count = len(chunk)
    names = company_names(chunk.start, chunk.industry, seed)
    address = places.draw_addresses(rng, chunk.county)
    ids = record_ids(ACCOUNT, chunk.start, count)
    # Nobody opens a deal with an account before it is created.
    created = chunk.created.copy()
    np.minimum.at(created, deals.account, deals.opened)
    won = np.bincount(deals.account[deals.is_won], minlength=count) > 0
    is_customer = won | (rng.random(count) < OLD_CUSTOMER_SHARE)
    # Three digits, as firmographic data is sold.
    scale = 10.0 ** (np.floor(np.log10(chunk.revenue_musd)) - 2)
    revenue = np.rint(np.rint(chunk.revenue_musd / scale) * scale * 1e6).astype(np.int64)
    segment = segment_of(chunk.revenue_musd, chunk.employees)
    has_owner = chunk.owner != UNOWNED
    is_strategic = chunk.revenue_musd >= np.quantile(chunk.revenue_musd, 1 - STRATEGIC_SHARE)
    frame = pl.DataFrame(
        {
            "Account ID": ids,
            "Account Name": _account_names(rng, chunk, names, address["city"]),
            "Parent Account ID": _ids_at(ids, chunk.parent),
            "Type": np.where(is_customer, "Customer", "Prospect"),
            "Industry": np.array([industry.name for industry in INDUSTRIES])[chunk.industry],
            "Segment": np.array(SEGMENTS)[segment],
            "Annual Revenue": revenue,
            "Employees": chunk.employees,
            "Billing Street": street_addresses(rng, count),
            "Billing City": address["city"],
            "Billing State/Province": address["state"],
            "Billing Zip/Postal Code": address["postal_code"],
            "Billing Country": pl.repeat("United States", count, eager=True),
            "Billing Latitude": address["latitude"],
            "Billing Longitude": address["longitude"],
            "Account Owner ID": _ids_at(team.rep_ids, chunk.owner),
            "Owner Since": chunk.owned_since,
            "Created Date": created,
            "has_owner": has_owner,
            "no_coordinates": rng.random(count) < NO_COORDINATES_SHARE,
            "no_revenue": rng.random(count) < NO_REVENUE_SHARE,
            "no_employees": rng.random(count) < NO_EMPLOYEES_SHARE,
            "Strategic": is_strategic.astype(np.int8),
            "Renewal Date": today
            + rng.integers(-LAPSED_DAYS, CONTRACT_DAYS - LAPSED_DAYS, count).astype(
                "timedelta64[D]"
            ),
            "has_contract": is_customer & (rng.random(count) < CONTRACT_SHARE),
        }
    )

    def blank(column: str, where: pl.Expr) -> pl.Expr:
        return pl.when(~where).then(column).alias(column)

    return frame.with_columns(
        blank("Billing Latitude", pl.col("no_coordinates")),
        blank("Billing Longitude", pl.col("no_coordinates")),
        blank("Annual Revenue", pl.col("no_revenue")),
        blank("Employees", pl.col("no_employees")),
        blank("Owner Since", ~pl.col("has_owner")),
        blank("Renewal Date", ~pl.col("has_contract")),
    ).select(
        pl.exclude("Owner Since", "Created Date", "Renewal Date", "^(has|no)_.*$"),
        us_date("Owner Since"),
        us_date("Created Date"),
        us_date("Renewal Date"),
    )


def _account_names(
    rng: np.random.Generator, chunk: AccountChunk, names: pl.DataFrame, city: pl.Series
) -> pl.Series:
    """Names of their own, or the parent's stem with the own city where nobody else has that."""
    is_branch = (chunk.parent >= 0) & (rng.random(len(chunk)) < BRANCH_NAME_SHARE)
    stem = names["stem"].gather(np.maximum(chunk.parent, 0))
    branch = pl.DataFrame({"is_branch": is_branch, "name": stem + " of " + city})
    return branch.with_columns(own=names["account_name"]).select(
        pl.when(pl.col("is_branch") & pl.struct("is_branch", "name").is_unique())
        .then("name")
        .otherwise("own")
    )["name"]


def opportunity_rows(
    chunk: AccountChunk, deals: Deals, team: Team, first_number: int
) -> pl.DataFrame:
    """opportunities.csv of one chunk; ids are numbered from `first_number`."""
    return pl.DataFrame(
        {
            "Opportunity ID": record_ids(OPPORTUNITY, first_number, len(deals.account)),
            "Account ID": _ids_at(record_ids(ACCOUNT, chunk.start, len(chunk)), deals.account),
            "Owner ID": _ids_at(team.rep_ids, deals.rep),
            "Product Code": _ids_at(np.array([p.code for p in PRODUCTS]), deals.product),
            "Quantity": deals.quantity,
            "Stage": _ids_at(np.array(STAGES), deals.stage),
            "Created Date": deals.opened,
            "Close Date": deals.closed,
            "Amount": deals.amount_usd,
            "Probability (%)": np.array(STAGE_PROBABILITY_PCT)[deals.stage],
        }
    ).with_columns(
        us_date("Created Date"), us_date("Close Date"), pl.col("Amount").cast(pl.Decimal(18, 2))
    )


def activity_rows(
    chunk: AccountChunk, activities: Activities, team: Team, first_number: int
) -> pl.DataFrame:
    """activities.csv of one chunk; ids are numbered from `first_number`."""
    return pl.DataFrame(
        {
            "Activity ID": record_ids(TASK, first_number, len(activities.account)),
            "Account ID": _ids_at(record_ids(ACCOUNT, chunk.start, len(chunk)), activities.account),
            "Assigned To ID": _ids_at(team.rep_ids, activities.rep),
            "Type": _ids_at(np.array([kind[0] for kind in KINDS]), activities.kind),
            "Date": activities.day,
            "Duration (Hours)": activities.duration_hours,
        }
    ).with_columns(us_date("Date"), pl.col("Duration (Hours)").cast(pl.Decimal(10, 2)))


def product_rows() -> pl.DataFrame:
    """products.csv."""
    return pl.DataFrame(
        {
            "Product Code": [product.code for product in PRODUCTS],
            "Product Name": [product.name for product in PRODUCTS],
            "Product Family": [product.family for product in PRODUCTS],
            "List Price": [product.list_price_usd for product in PRODUCTS],
            "Complexity": [product.complexity for product in PRODUCTS],
            "Active": [1 for _ in PRODUCTS],
        }
    )
