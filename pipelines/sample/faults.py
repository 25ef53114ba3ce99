"""Known faults for a dirty export, at the rates real data sets show, with an answer key.

Formats are no faults: a mapping file says that dates are US dates or that revenue is in millions.
What is injected here is what a mapping cannot mend.
"""

from dataclasses import dataclass

import polars as pl

from pipelines.sample.deals import LOST_STAGE, OPEN_STAGES, WON_STAGE
from pipelines.sample.ownership import UNOWNED_SHARE

DUPLICATE_KIND = "exact_duplicate"
# GeoNames postal codes: 2 repeated rows in 41,490.
DUPLICATE_FILE, DUPLICATE_RATE = "accounts.csv", 2 / 41_490

ALWAYS = pl.lit(True)
CITY = pl.col("Billing City")
IS_OPEN = pl.col("Stage").is_in(OPEN_STAGES)
NOTHING = pl.lit(None, dtype=pl.String)


@dataclass(frozen=True)
class Fault:
    """One kind of fault in one column.

    Attributes:
        rate: share of the eligible rows; every kind appears at least once where a row is eligible.
        eligible: which rows may have it, over the columns of the file as text.
        dirty: the value it leaves.
    """

    kind: str
    file: str
    column: str
    rate: float
    eligible: pl.Expr
    dirty: pl.Expr


FAULTS = (
    # Maven: all 12 accounts of the sector read `technolgy`, 1 of 85 countries `Philipines`.
    Fault(
        "misspelled_category",
        "accounts.csv",
        "Industry",
        1.0,
        pl.col("Industry") == "Technology",
        pl.lit("Technolgy"),
    ),
    Fault(
        "misspelled_country",
        "accounts.csv",
        "Billing Country",
        1 / 85,
        ALWAYS,
        pl.lit("Unted States"),
    ),
    # classicmodels: 22 of 122 customers have no sales rep; 5 % of ours have none anyway.
    Fault(
        "missing_owner",
        "accounts.csv",
        "Account Owner ID",
        (22 / 122 - UNOWNED_SHARE) / (1 - UNOWNED_SHARE),
        ALWAYS,
        NOTHING,
    ),
    # Inc. 5000: 7.4 % of cities match no postal city, for the five reasons named there.
    Fault(
        "city_lower_case", "accounts.csv", "Billing City", 0.025, ALWAYS, CITY.str.to_lowercase()
    ),
    Fault(
        "city_with_state",
        "accounts.csv",
        "Billing City",
        0.025,
        ALWAYS,
        CITY + ", " + pl.col("Billing State/Province"),
    ),
    Fault(
        "city_abbreviated",
        "accounts.csv",
        "Billing City",
        0.010,
        CITY.str.len_chars() > 8,
        CITY.str.to_uppercase().str.head(2)
        + CITY.str.to_uppercase().str.slice(2).str.replace_all("[AEIOU]", ""),
    ),
    Fault(
        "city_typo",
        "accounts.csv",
        "Billing City",
        0.012,
        CITY.str.len_chars() > 4,
        CITY.str.head(2) + CITY.str.slice(3),
    ),
    Fault(
        "wrong_state",
        "accounts.csv",
        "Billing State/Province",
        0.002,
        pl.col("Billing State/Province") != "NE",
        pl.lit("NE"),
    ),
    # Inc. 5000: employees missing on 1 and zero on 4 of 5,012 firms.
    Fault("missing_employees", "accounts.csv", "Employees", 1 / 5_012, ALWAYS, NOTHING),
    Fault("zero_employees", "accounts.csv", "Employees", 4 / 5_012, ALWAYS, pl.lit("0")),
    # HUD crosswalk: every code that begins with zero lost it.
    Fault(
        "lost_leading_zero",
        "accounts.csv",
        "Billing Zip/Postal Code",
        1.0,
        pl.col("Billing Zip/Postal Code").str.starts_with("0"),
        pl.col("Billing Zip/Postal Code").str.strip_chars_start("0"),
    ),
    # Maven: all 1,480 deals of `GTX Pro` say `GTXPro`.
    Fault(
        "product_code_variant",
        "opportunities.csv",
        "Product Code",
        1.0,
        pl.col("Product Code") == "NT 60",
        pl.lit("NT60"),
    ),
    # Maven: 1,425 of 2,089 open deals have no account, none of 500 prospects an opening date, and
    # all 2,473 lost deals an amount of 0.
    Fault("missing_account", "opportunities.csv", "Account ID", 1_425 / 2_089, IS_OPEN, NOTHING),
    Fault(
        "missing_opened_date",
        "opportunities.csv",
        "Created Date",
        1.0,
        pl.col("Stage") == "Prospecting",
        NOTHING,
    ),
    Fault(
        "lost_amount_zero",
        "opportunities.csv",
        "Amount",
        1.0,
        pl.col("Stage") == LOST_STAGE,
        pl.lit("0.00"),
    ),
    # Salesforce seeds show these three, but are too small for a rate: 0.2 % is an assumption.
    Fault(
        "won_without_amount",
        "opportunities.csv",
        "Amount",
        0.002,
        pl.col("Stage") == WON_STAGE,
        NOTHING,
    ),
    Fault(
        "date_with_time",
        "opportunities.csv",
        "Close Date",
        0.002,
        pl.col("Close Date").is_not_null(),
        pl.col("Close Date") + " 00:00:00",
    ),
    Fault(
        "truncated_id",
        "opportunities.csv",
        "Owner ID",
        0.002,
        pl.col("Owner ID").is_not_null(),
        pl.col("Owner ID").str.head(17),
    ),
    # classicmodels: 1 of 23 job titles is misspelled; the territory of North America is `NA`.
    Fault(
        "misspelled_title",
        "users.csv",
        "Title",
        1 / 23,
        pl.col("Title").str.contains("Sales Manager", literal=True),
        pl.col("Title").str.replace("Sales", "Sale", literal=True),
    ),
    Fault(
        "null_like_text",
        "users.csv",
        "Region",
        1.0,
        pl.col("Region") == "Northeast",
        pl.lit("NA"),
    ),
)
