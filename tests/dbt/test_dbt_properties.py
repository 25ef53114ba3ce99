"""What must hold for any company: on a generated one of 400 accounts and 12 reps."""

import math
from collections.abc import Callable
from datetime import date, timedelta
from statistics import mean
from typing import Any

import numpy as np
import pytest

from tests.dbt.company import AS_OF, small_company
from tests.dbt.dbt_run import Built

Rows = dict[str, list[dict[str, Any]]]

SCORES = (
    "SELECT account_id, complexity_score, value_index, cycle_index, service_hours, "
    "potential_usd::DOUBLE FROM int_account__workload JOIN int_account__complexity USING "
    "(account_id) JOIN int_account__value_index USING (account_id) JOIN int_account__cycle USING "
    "(account_id) JOIN int_account__potential USING (account_id) ORDER BY account_id"
)


OTHER_FACTORS = "cycle_factor, offering_factor"


def random_company(seed: int = 11, *, currency: float = 1.0) -> Rows:
    """Accounts of lognormal size in eight industries, with deals; amounts times `currency`."""
    rng = np.random.default_rng(seed)
    accounts, opportunities = [], []
    for number in range(400):
        revenue = math.exp(rng.normal(16.5, 1.6))
        employees = max(1, round(math.exp(2.12 + 0.745 * math.log(revenue / 1e6))))
        account = f"A{number:03}"
        accounts.append(
            {
                "account_id": account,
                "account_name": account,
                "industry": f"Industry {number % 8}",
                "annual_revenue_usd": f"{revenue:.2f}",
                "employee_count": employees,
                "owner_rep_id": f"R{number % 12}",
            }
        )
        for deal in range(rng.poisson(2)):
            opened = np.datetime64("2025-07-01") + rng.integers(0, 240)
            amount = 200 * employees**0.8 * math.exp(rng.normal(0, 0.8)) * currency
            opportunities.append(
                {
                    "opportunity_id": f"{account}-{deal}",
                    "account_id": account,
                    "rep_id": f"R{number % 12}",
                    "product_id": f"P{rng.integers(4)}",
                    "stage": "Won",
                    "status": "won",
                    "opened_date": opened,
                    "closed_date": opened + rng.integers(5, 120),
                    "amount_usd": f"{amount:.2f}",
                }
            )
    products = [
        {"product_id": f"P{n}", "product_name": f"P{n}", "list_price_usd": 10**n} for n in range(4)
    ]
    reps = [{"rep_id": f"R{n}", "rep_name": f"Rep {n}"} for n in range(12)]
    return {
        "raw_crm__account": accounts,
        "raw_crm__opportunity": opportunities,
        "raw_crm__product": products,
        "raw_crm__rep": reps,
    }


@pytest.fixture(scope="module")
def book(build_company: Callable[..., Built]) -> Built:
    return build_company(random_company())


def test_hours_fill_the_share_of_capacity(book: Built) -> None:
    ((total,),) = book.rows("SELECT sum(service_hours) FROM int_account__workload")
    assert total == pytest.approx(0.9 * 12 * 1500 * 1.25, abs=0.02)


def test_hours_grow_slower_than_revenue(book: Built) -> None:
    """The elasticity of hours to revenue; at 1, large accounts would take the whole team."""
    rows = book.rows(
        "SELECT ln(annual_revenue_usd), ln(service_hours) FROM int_account__workload"
        " INNER JOIN int_account__profile USING (account_id)"
    )
    revenue, hours = (np.array(column) for column in zip(*rows, strict=True))
    slope = np.polyfit(revenue, hours, 1)[0]
    assert 0.1 < slope < 0.6


def test_nothing_depends_on_the_currency(book: Built, build_company: Callable[..., Built]) -> None:
    dear = build_company(random_company(currency=1000))
    for (account, *scores, potential), (same, *dear_scores, dear_potential) in zip(
        book.rows(SCORES), dear.rows(SCORES), strict=True
    ):
        assert account == same
        # Cents weigh less in the dear currency.
        assert dear_scores == pytest.approx(scores, rel=1e-3)
        assert dear_potential == pytest.approx(1000 * potential, rel=1e-3, abs=10)
    kappa = "SELECT hours_per_index, service_hours FROM int_book__calibration"
    assert dear.rows(kappa)[0] == pytest.approx(book.rows(kappa)[0], rel=1e-3)


@pytest.mark.parametrize(
    ("table", "score", "driver", "alike"),
    [
        ("int_account__complexity", "complexity_score", "size_factor", OTHER_FACTORS),
        ("int_opportunity__complexity", "complexity_score", "size_factor", OTHER_FACTORS),
        ("int_account__value_index", "value_index", "value_usd", "1"),
        ("int_account__cycle", "cycle_index", "shrunk_cycle_days", "segment_median_cycle_days"),
        ("int_account__potential", "potential_usd", "comparable_spend_usd", "actual_sales_usd"),
        ("int_account__workload", "service_hours", "effort_index", "1"),
        ("int_account__workload", "visits_per_year", "service_hours", "1"),
    ],
)  # fmt: skip
def test_scores_never_fall_where_what_drives_them_rises(
    book: Built, table: str, score: str, driver: str, alike: str
) -> None:
    """Among rows that are alike in all else; some must differ, or nothing is tested."""
    ((rises, falls),) = book.rows(
        "SELECT count(*) FILTER (WHERE score > before + 1e-9), "
        "count(*) FILTER (WHERE score < before - 1e-9) FROM ("
        f"SELECT {score} AS score, lag({score}) OVER "
        f"(PARTITION BY {alike} ORDER BY {driver}, {score}) AS before "
        f"FROM {table} WHERE {driver} IS NOT NULL)"
    )
    assert falls == 0
    assert rises > 5


def random_team(seed: int = 3, *, hours: float = 1.0) -> Rows:
    """60 reps of any tenure, share of a full post and selling hours (times `hours`)."""
    rng, planned = np.random.default_rng(seed), date.fromisoformat(AS_OF)
    reps = [
        {
            "rep_id": f"R{n:02}",
            "rep_name": f"Rep {n}",
            "hire_date": planned - timedelta(days=int(rng.integers(0, 3_000 if n % 2 else 400))),
            "fte_share": rng.choice([0.5, 0.8, 1.0]),
            "capacity_hours": float(rng.choice([1000, 1500])) * hours,
        }
        for n in range(60)
    ]
    account = {"account_id": "a", "account_name": "A", "owner_rep_id": "R00"}
    return {"raw_crm__account": [account], "raw_crm__rep": reps}


def test_capacity_grows_with_the_post_the_hours_and_the_time_in_it(
    build_company: Callable[..., Built],
) -> None:
    query = (
        "SELECT rep_id, selling_hours, fte_share, tenure_months, experience_multiplier, "
        "ramp_share, effective_capacity_hours FROM int_rep__capacity ORDER BY rep_id"
    )
    team = build_company(random_team()).rows(query)
    assert len({ramp for *_, ramp, _ in team}) > 10
    for mine in team:
        for other in team:
            if all(a <= b for a, b in zip(mine[1:4], other[1:4], strict=True)):
                assert mine[-1] <= other[-1] + 1e-6, (mine, other)
    twice = build_company(random_team(hours=2.0)).rows(query)
    assert [row[-1] for row in twice] == pytest.approx([2 * row[-1] for row in team], rel=1e-5)


def test_nothing_depends_on_the_order_of_rows(
    book: Built, build_company: Callable[..., Built]
) -> None:
    rng = np.random.default_rng(5)
    company = random_company()
    shuffled = build_company(
        {table: [rows[i] for i in rng.permutation(len(rows))] for table, rows in company.items()}
    )
    for table in (
        *("int_plan__account", "int_plan__rep", "int_finding__account"),
        *("int_book__calibration", "int_opportunity__complexity", "int_account__potential"),
    ):
        query = f"SELECT * FROM {table} ORDER BY ALL"
        assert book.rows(query) == shuffled.rows(query)


def test_potential_is_at_least_sales_and_most_customers_are_below_theirs(book: Built) -> None:
    rows = book.rows(
        "SELECT actual_sales_usd, comparable_spend_usd, potential_usd FROM int_account__potential"
    )
    assert all(potential >= sales for sales, _, potential in rows)
    share_above = mean(sales > comparable for sales, comparable, _ in rows if sales > 0)
    assert 0.1 < share_above < 0.3


def test_a_company_without_optional_data_builds(build_company: Callable[..., Built]) -> None:
    """Accounts and reps only: no products, deals, activities, overrides or market."""
    rows = {
        "raw_crm__account": [{"account_id": "a", "account_name": "A"}],
        "raw_crm__rep": [{"rep_id": "r", "rep_name": "R"}],
    }
    built = build_company(rows)
    assert built.rows("SELECT service_hours, potential_usd FROM int_plan__account") == [
        (0.9 * 1500 * 1.25, 0.0)
    ]


def test_owners_are_derived_when_the_run_says_so(build_company: Callable[..., Built]) -> None:
    company = small_company()
    for account in company["raw_crm__account"]:
        account["owner_rep_id"] = None
    built = build_company(company, derive_owner="when_none")
    owners = built.by_key("int_account__owner", "account_id", "owner_rep_id", "owner_source")
    assert owners["root"] == ("R1", "derived")  # R2 won more, but before the year
    assert owners["child"] == ("R2", "derived")
    assert owners["without owner"] == (None, "none")
