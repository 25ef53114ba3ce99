"""The company has the statistics it is calibrated to.

Tolerances are about four standard errors at 5,000 accounts, so that another seed would pass too.
"""

from math import erf, exp, log, sqrt

import numpy as np
import polars as pl
import pytest

from pipelines.sample.firmographics import LARGEST_MUSD, draw_revenue
from pipelines.sample.places import load_places
from tests.sample.exported_company import AS_OF, ExportedCompany, gini


def revenue_distribution(musd: float) -> float:
    """The target, written out anew: 82 % ln N(2.54, 1.27) with a Pareto(1.17) tail above its
    ninth decile, 18 % ln N(6.94, 1.38)."""

    def normal(value: float) -> float:
        return (1 + erf(value / sqrt(2))) / 2

    decile = exp(2.54 + 1.2815515655446004 * 1.27)
    midsize = (
        normal((log(musd) - 2.54) / 1.27) if musd <= decile else 1 - 0.1 * (decile / musd) ** 1.17
    )
    return 0.82 * midsize + 0.18 * normal((log(musd) - 6.94) / 1.38)


@pytest.mark.parametrize("musd", [1.5, 5, 12.7, 40, 64, 200, 1_000, 5_000, 20_000])
def test_revenue_follows_the_mixture(company: ExportedCompany, musd: float) -> None:
    revenue = company.accounts["Annual Revenue"].drop_nulls().to_numpy() / 1e6
    assert np.mean(revenue <= musd) == pytest.approx(revenue_distribution(musd), abs=0.025)


def test_revenue_of_many_draws_follows_the_mixture_closely_and_stays_finite() -> None:
    revenue = draw_revenue(np.random.default_rng(1), 400_000)
    for musd in (1.5, 12.7, 64, 200, 1_000, 20_000):
        assert np.mean(revenue <= musd) == pytest.approx(revenue_distribution(musd), abs=0.004)
    assert 0 < revenue.min() <= revenue.max() <= LARGEST_MUSD


def test_employees_follow_revenue(company: ExportedCompany) -> None:
    known = company.accounts.drop_nulls(["Annual Revenue", "Employees"])
    ln_revenue = np.log(known["Annual Revenue"].to_numpy() / 1e6)
    ln_employees = np.log(known["Employees"].to_numpy())
    slope, intercept = np.polyfit(ln_revenue, ln_employees, 1)
    residual = np.std(ln_employees - intercept - slope * ln_revenue)
    assert slope == pytest.approx(0.745, abs=0.03)
    assert intercept == pytest.approx(2.12, abs=0.12)
    assert residual == pytest.approx(0.95, abs=0.04)


def test_a_quarter_of_closed_deals_is_won(
    company: ExportedCompany, default_company: ExportedCompany
) -> None:
    assert company.closed["is_won"].mean() == pytest.approx(0.25, abs=0.012)
    assert default_company.closed["is_won"].mean() == pytest.approx(0.25, abs=0.02)


def test_win_rate_depends_on_industry_skill_and_size(company: ExportedCompany) -> None:
    deals = company.closed.join(company.accounts, on="Account ID").join(
        company.sellers.select("User ID", "Industry Skills"), left_on="Owner ID", right_on="User ID"
    )
    skill = pl.col("Industry Skills").fill_null("").str.split("|").list.contains(pl.col("Industry"))
    by_skill = dict(deals.group_by(skill).agg(pl.col("is_won").mean()).iter_rows())
    assert by_skill[True] - by_skill[False] > 0.03
    by_industry = dict(deals.group_by("Industry").agg(pl.col("is_won").mean()).iter_rows())
    assert by_industry["Technology"] - by_industry["Banking"] > 0.05
    revenue = pl.col("Annual Revenue")
    by_size = dict(
        deals.drop_nulls("Annual Revenue")
        .group_by(revenue > 1e9)
        .agg(pl.col("is_won").mean())
        .iter_rows()
    )
    assert by_size[False] - by_size[True] > 0.03


def test_win_rate_differs_between_reps(company: ExportedCompany) -> None:
    rates = company.closed.group_by("Owner ID").agg(pl.len(), pl.col("is_won").mean())
    busy = rates.filter(pl.col("len") > 200)
    noise = np.sqrt(0.25 * 0.75 / busy["len"].to_numpy())
    assert busy["is_won"].std() > 2 * noise.mean()


def test_sales_cycle_has_two_humps(company: ExportedCompany) -> None:
    days = company.closed["cycle_days"].to_numpy()
    quick, projects = days[days < 30], days[days >= 30]
    assert len(quick) / len(days) == pytest.approx(0.43, abs=0.012)
    assert np.median(quick) == 8
    assert projects.mean() == pytest.approx(84, abs=1.5)
    assert projects.std() == pytest.approx(23, abs=1.0)
    # Hardly anything lies between the humps.
    assert np.mean((days >= 22) & (days < 34)) < 0.03
    assert days.min() >= 1


def test_projects_take_longer_with_larger_clients(company: ExportedCompany) -> None:
    deals = company.closed.filter(pl.col("cycle_days") >= 30).join(
        company.accounts.drop_nulls("Annual Revenue"), on="Account ID"
    )
    large = deals.filter(pl.col("Annual Revenue") > 1e9)["cycle_days"].mean()
    small = deals.filter(pl.col("Annual Revenue") < 2e7)["cycle_days"].mean()
    assert isinstance(large, float)
    assert isinstance(small, float)
    assert large - small > 10


def test_amount_is_list_price_times_quantity_with_a_tenth_of_noise(
    company: ExportedCompany,
) -> None:
    products = company.text("products.csv").select("Product Code", pl.col("List Price").cast(float))
    deals = company.opportunities.join(products, on="Product Code")
    ratio = (deals["Amount"] / (deals["Quantity"] * deals["List Price"])).to_numpy()
    assert deals.height == company.opportunities.height
    assert ratio.mean() == pytest.approx(1, abs=0.003)
    assert ratio.std() == pytest.approx(0.10, abs=0.003)
    assert ratio.min() > 0


def test_accounts_have_two_to_six_opportunities_a_year_with_a_heavy_tail(
    company: ExportedCompany,
) -> None:
    counts = company.opportunities.group_by("Account ID").len()
    per_year = company.accounts.join(counts, on="Account ID", how="left")["len"].fill_null(0) / 2
    yearly = per_year.to_numpy()
    assert 2 <= np.median(yearly) <= 6
    assert np.mean((yearly >= 2) & (yearly <= 6)) > 0.6
    assert np.quantile(yearly, 0.99) > 3 * np.median(yearly)


def test_won_value_is_concentrated(
    company: ExportedCompany, default_company: ExportedCompany
) -> None:
    for exported in (company, default_company):
        won = exported.won_by_account()
        # Over customers and over the whole book.
        assert 0.66 <= gini(won[won > 0]) <= 0.85
        assert 0.66 <= gini(won) <= 0.85


def test_wins_peak_at_the_end_of_a_quarter(company: ExportedCompany) -> None:
    won = company.closed.filter("is_won")
    at_end = won.filter(pl.col("Close Date").dt.month() % 3 == 0).height
    peak = at_end / ((won.height - at_end) / 2)
    assert peak == pytest.approx(1.75, abs=0.15)


def test_the_hundred_largest_counties_hold_about_48_percent(company: ExportedCompany) -> None:
    places = load_places()
    largest = np.argsort(-places.account_share)[:100]
    assert places.account_share[largest].sum() == pytest.approx(0.48, abs=0.015)
    county = company.accounts.join(
        company.text("zip_codes.csv"), left_on="Billing Zip/Postal Code", right_on="zip"
    )["county"]
    assert len(county) == 5_000
    held = county.is_in(places.counties["county_fips"].gather(largest).to_list()).mean()
    assert held == pytest.approx(0.48, abs=0.035)


def test_industries_are_where_their_establishments_are(company: ExportedCompany) -> None:
    share = company.accounts.group_by("Industry").agg(
        (pl.col("Billing State/Province") == "TX").mean().alias("texas"), pl.len()
    )
    texas = dict(share.select("Industry", "texas").iter_rows())
    # Over a third of the mining and oil establishments are in Texas.
    assert texas["Energy"] > 2 * texas["Manufacturing"]


def test_eighteen_percent_of_accounts_are_in_families(company: ExportedCompany) -> None:
    accounts = company.accounts
    parents = accounts["Parent Account ID"].drop_nulls().unique()
    is_member = pl.col("Parent Account ID").is_not_null() | pl.col("Account ID").is_in(
        parents.to_list()
    )
    assert accounts.select(is_member.mean()).item() == pytest.approx(0.18, abs=0.001)


def test_required_hours_fill_most_of_the_teams_capacity(
    company: ExportedCompany, default_company: ExportedCompany
) -> None:
    for exported in (company, default_company):
        capacity = exported.sellers["effective_hours"].sum()
        assert 0.85 <= exported.hours_by_account["hours"].sum() / capacity <= 0.95


def test_reps_are_loaded_about_two_to_one(
    company: ExportedCompany, default_company: ExportedCompany
) -> None:
    for exported in (company, default_company):
        book = (
            exported.accounts.join(exported.hours_by_account, on="Account ID")
            .group_by("Account Owner ID")
            .agg(pl.col("hours").sum())
        )
        load = exported.sellers.filter((pl.col("Active") == "1") & ~pl.col("is_vacant")).join(
            book, left_on="User ID", right_on="Account Owner ID"
        )
        ratio = (load["hours"] / load["effective_hours"]).to_numpy()
        assert 1.6 <= np.quantile(ratio, 0.9) / np.quantile(ratio, 0.1) <= 2.5


def test_history_covers_24_months_and_nothing_lies_after_it(company: ExportedCompany) -> None:
    days = {
        "closed": company.closed["Close Date"],
        "opened": company.opportunities["Created Date"],
        "activity": company.activities["Date"],
        "owned": company.accounts["Owner Since"].drop_nulls(),
        "account": company.accounts["Created Date"],
        "hired": company.sellers["Hire Date"].drop_nulls(),
        "left": company.sellers["End Date"].drop_nulls(),
    }
    assert all(column.max() <= AS_OF for column in days.values())
    for name in ("closed", "activity"):
        assert str(days[name].min()) == "2024-07-01"
        assert days[name].max() == AS_OF
