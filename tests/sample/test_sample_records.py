"""Records refer to each other as in a CRM, and carry the flaws of a real book."""

import numpy as np
import polars as pl
import pytest

from pipelines.sample.families import draw_parents
from pipelines.sample.names import company_names, person_names
from pipelines.sample.places import distance_km
from pipelines.sample.record_ids import ACCOUNT, record_ids
from tests.sample.exported_company import AS_OF, ExportedCompany


def test_record_ids_carry_the_checksum_of_salesforce() -> None:
    # Bits of each five characters, lowest first: 0015e → 0, 00000 → 0, 000Ab → 8, of A…Z0…5.
    assert record_ids("0015e00000", 10 * 62 + 37, 1).item() == "0015e00000000AbAAI"


def test_record_ids_are_consecutive_and_distinct() -> None:
    ids = record_ids(ACCOUNT, 61, 5_000)
    assert ids.n_unique() == 5_000
    assert ids.str.len_bytes().unique().to_list() == [18]
    assert ids[0] == record_ids(ACCOUNT, 0, 62)[61]


def test_every_reference_resolves(company: ExportedCompany) -> None:
    accounts = set(company.accounts["Account ID"])
    sellers = set(company.sellers["User ID"])
    users = set(company.text("users.csv")["User ID"])
    products = set(company.text("products.csv")["Product Code"])
    overrides = company.text("overrides.csv")
    references = (
        (company.accounts["Parent Account ID"], accounts),
        (company.accounts["Account Owner ID"], sellers),
        (company.opportunities["Account ID"], accounts),
        (company.opportunities["Owner ID"], sellers),
        (company.opportunities["Product Code"], products),
        (company.activities["Account ID"], accounts),
        (company.activities["Assigned To ID"], sellers),
        (company.sellers["Manager ID"], users),
        (overrides["Account ID"], accounts),
        (overrides["Rep ID"], sellers),
    )
    for column, known in references:
        assert set(column.drop_nulls()) <= known, column.name


def test_keys_are_unique(company: ExportedCompany) -> None:
    for name in ("accounts", "users", "products", "opportunities", "activities"):
        table = company.text(f"{name}.csv")
        assert table.to_series(0).is_unique().all(), name
    assert company.accounts["Account Name"].is_unique().all()


def test_families_have_no_cycle_and_the_largest_member_leads() -> None:
    revenue = np.exp(np.random.default_rng(5).normal(size=3_001))
    parent = draw_parents(np.random.default_rng(6), revenue)
    ancestor = parent.copy()
    for _ in range(3):
        ancestor = np.where(ancestor >= 0, parent[np.maximum(ancestor, 0)], -1)
    assert (ancestor == -1).all()
    children = parent >= 0
    assert (revenue[parent[children]] >= revenue[children]).all()
    assert parent[parent[children]].max() >= 0, "some families have three levels"


def test_a_tiny_chunk_has_no_family() -> None:
    assert draw_parents(np.random.default_rng(1), np.ones(3)).tolist() == [-1, -1, -1]


def test_ownership_has_the_flaws_of_a_real_book(company: ExportedCompany) -> None:
    owner = company.accounts["Account Owner ID"]
    former = company.sellers.filter(pl.col("Active") == "0")["User ID"].to_list()
    vacant = company.sellers.filter("is_vacant")["User ID"].to_list()
    assert owner.null_count() / len(owner) == pytest.approx(0.05, abs=0.015)
    assert owner.is_in(former).mean() == pytest.approx(0.035, abs=0.012)
    assert not owner.is_in(vacant).any()
    assert len(former) == 5
    assert len(vacant) == 2
    owned = company.accounts.join(
        company.sellers.select("User ID", home_lat="Latitude", home_lon="Longitude"),
        left_on="Account Owner ID",
        right_on="User ID",
    ).drop_nulls("Billing Latitude")
    coordinates = [
        owned[name].cast(pl.Float64).to_numpy()
        for name in ("Billing Latitude", "Billing Longitude", "home_lat", "home_lon")
    ]
    distance = distance_km(*coordinates)
    assert np.median(distance) < 400
    # Legacy owners, and children that share the owner of a distant parent.
    assert 0.02 < np.mean(distance > 1_500) < 0.15


def test_families_are_split_between_owners(company: ExportedCompany) -> None:
    accounts = company.accounts.select("Account ID", "Parent Account ID", "Account Owner ID")
    pairs = accounts.join(
        accounts.select("Account ID", parent_owner="Account Owner ID"),
        left_on="Parent Account ID",
        right_on="Account ID",
    ).drop_nulls()
    assert 0.1 < (pairs["Account Owner ID"] != pairs["parent_owner"]).mean() < 0.5


def test_the_team_has_vacancies_ramping_and_part_time_reps(
    default_company: ExportedCompany,
) -> None:
    sellers = default_company.sellers
    active = sellers.filter(pl.col("Active") == "1")
    assert active.height == 25
    assert active["is_vacant"].sum() == 1
    assert active.filter(pl.col("tenure") < 6).height == 2
    assert sellers.height - active.height == 2
    people = sellers.filter(~pl.col("is_vacant"))
    for column in ("Latitude", "Longitude", "Hire Date", "Hourly Cost", "City", "FTE %"):
        assert people[column].null_count() == 0, column
    assert 0 < people["Industry Skills"].null_count() < 0.7 * people.height
    assert sellers["multiplier"].n_unique() == 3
    assert sellers["Region"].n_unique() == 4
    managers = default_company.text("users.csv").filter(pl.col("Title") == "Regional Sales Manager")
    assert set(sellers["Manager ID"]) == set(managers["User ID"])


def test_coordinates_lie_near_the_postal_code(company: ExportedCompany) -> None:
    located = company.accounts.drop_nulls("Billing Latitude").join(
        company.text("zip_codes.csv"), left_on="Billing Zip/Postal Code", right_on="zip"
    )
    columns = ("Billing Latitude", "Billing Longitude", "lat", "lon")
    distance = distance_km(*(located[name].cast(pl.Float64).to_numpy() for name in columns))
    assert distance.max() < 15
    assert (located["state"] == located["Billing State/Province"]).all()
    assert 0.85 < located.height / company.accounts.height < 0.91


def test_deals_belong_to_a_rep_who_was_there(company: ExportedCompany) -> None:
    deals = company.opportunities.join(company.sellers, left_on="Owner ID", right_on="User ID")
    assert (deals["Created Date"] >= deals["Hire Date"]).all()
    gone = deals.drop_nulls("End Date")
    assert gone.height > 0
    assert (gone["Created Date"] <= gone["End Date"]).all()
    with_account = company.opportunities.join(company.accounts, on="Account ID")
    assert (with_account["Created Date"] >= with_account["Created Date_right"]).all()


def test_the_probability_of_a_deal_is_that_of_its_stage(company: ExportedCompany) -> None:
    by_stage = company.opportunities.group_by("Stage").agg(
        pl.col("Probability (%)").cast(pl.Int64).unique()
    )
    assert dict(by_stage.iter_rows()) == {
        "Prospecting": [10],
        "Qualification": [10],
        "Needs Analysis": [20],
        "Proposal/Price Quote": [75],
        "Negotiation/Review": [90],
        "Closed Won": [100],
        "Closed Lost": [0],
    }


def test_contracts_renew_within_a_year_and_some_dates_have_passed(company: ExportedCompany) -> None:
    under_contract = company.accounts.drop_nulls("Renewal Date")
    assert (under_contract["Type"] == "Customer").all()
    days = (under_contract["Renewal Date"].str.to_date("%m/%d/%Y") - AS_OF).dt.total_days()
    assert -20 <= days.min() < 0  # type: ignore[operator]
    assert 300 < days.max() < 365  # type: ignore[operator]
    customers = company.accounts.filter(pl.col("Type") == "Customer").height
    assert under_contract.height / customers == pytest.approx(0.6, abs=0.03)


def test_the_largest_accounts_are_strategic(company: ExportedCompany) -> None:
    flag = pl.col("Strategic") == "1"
    accounts = company.accounts.drop_nulls("Annual Revenue")
    assert accounts.select(flag.mean()).item() == pytest.approx(0.02, abs=0.002)
    least = accounts.filter(flag)["Annual Revenue"].min()
    # Firmographic revenue is rounded to three digits, after the flag was set.
    assert accounts.filter(~flag)["Annual Revenue"].max() <= least  # type: ignore[operator]


def test_overrides_can_all_be_honoured(company: ExportedCompany) -> None:
    overrides = company.text("overrides.csv")
    assert overrides["Account ID"].is_unique().all()
    assert set(overrides["Action"]) == {"lock", "assign", "forbid", "together", "separate"}
    groups = overrides.drop_nulls("Group ID").group_by("Action").agg(pl.len())
    assert dict(groups.iter_rows()) == {"together": 2, "separate": 3}
    accounts = company.accounts
    parents = accounts["Parent Account ID"].drop_nulls().to_list()
    named = overrides.join(accounts, on="Account ID").join(
        company.sellers, left_on="Account Owner ID", right_on="User ID"
    )
    assert named.height == overrides.height
    assert (named["Active"] == "1").all()
    assert named["Parent Account ID"].is_null().all()
    assert not named["Account ID"].is_in(parents).any()
    targets = named.filter(pl.col("Action").is_in(["assign", "forbid"]))
    assert (targets["Rep ID"] != targets["Account Owner ID"]).all()
    active = company.sellers.filter((pl.col("Active") == "1") & ~pl.col("is_vacant"))
    assert targets["Rep ID"].is_in(active["User ID"].to_list()).all()
    expiry = overrides["Expires"].str.to_date("%m/%d/%Y")
    assert (expiry < AS_OF).sum() > 0, "some have expired"
    assert expiry.null_count() > groups["len"].sum(), "some never expire"


def test_names_are_distinct_over_a_million_accounts() -> None:
    industry = np.zeros(1_000_000, dtype=np.int64)
    assert company_names(0, industry, 7)["account_name"].n_unique() == 1_000_000
    assert len(set(person_names(0, 8_000, 7))) == 8_000
