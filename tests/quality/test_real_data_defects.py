"""The public sets: every defect that their SOURCES.md names is a finding, and every file balances.

Left out is what no row or column holds: a history that begins late, seeds that are hashed.
"""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.settings.loader import load_settings
from pipelines.stages.check import CheckReport, check_input

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
REAL_DATA = Path(os.environ.get("TERRITORY_REAL_DATA", ROOT / ".." / "shared" / "data"))

pytestmark = pytest.mark.skipif(
    not REAL_DATA.is_dir(), reason=f"no data at {REAL_DATA}; set TERRITORY_REAL_DATA to its folder"
)

SETS: dict[str, dict[str, Any]] = {
    "maven_crm": {"mapping": "maven_crm", "as_of": "2017-12-31"},
    "classicmodels": {"mapping": "classicmodels", "as_of": "2005-05-31"},
    "us_companies_inc5000": {
        "mapping": "us_companies_inc5000",
        "as_of": "2019-12-31",
        "has_market": True,
    },
    "salesforce_fivetran_seeds": {
        "mapping": "salesforce",
        "as_of": "2024-01-01",
        "table_prefix": "sf_",
        "table_suffix": "_data",
    },
    "hubspot_fivetran_seeds": {
        "mapping": "hubspot",
        "as_of": "2024-01-01",
        "table_suffix": "_data",
    },
}

# Defect, as SOURCES.md names it: table, column, rules of which one must name it, and rows.
ACCOUNT, DEAL, REP = "raw_crm__account", "raw_crm__opportunity", "raw_crm__rep"
DEFECTS: dict[str, dict[str, tuple[str, str | None, str, int]]] = {
    "maven_crm": {
        "GTXPro in the pipeline": (DEAL, "product_id", "alias_applied", 1480),
        "deals without account": (DEAL, "account_id", "missing_reference", 1425),
        "prospects without engage_date": (DEAL, "opened_date", "opportunity_opened_known", 500),
        "lost deals with a value of 0": (DEAL, "amount_usd", "value_suppressed", 2473),
        "sector technolgy": (ACCOUNT, "industry", "alias_applied", 12),
        "country Philipines": (ACCOUNT, "country", "alias_applied", 1),
        "no state, ZIP or coordinates": (ACCOUNT, "city", "account_place_known", 85),
        "revenue in millions": (ACCOUNT, "annual_revenue_usd", "unit_converted", 85),
        "agents without deal": (REP, "rep_id", "rep_has_deals", 5),
        "no account owner": (ACCOUNT, "owner_rep_id", "no_owners", 85),
    },
    "classicmodels": {
        "customers without rep": (ACCOUNT, "owner_rep_id", "account_without_owner", 22),
        "title Sale Manager": (REP, "role", "misspelled_word", 1),
        "country spelled USA or UK": (ACCOUNT, "country", "alias_applied", 41),
    },
    "us_companies_inc5000": {
        "workers missing": (ACCOUNT, "employee_count", "rare_gap", 1),
        "workers zero": (ACCOUNT, "employee_count", "account_employees_plausible", 4),
        "revenue as text with a unit word": (
            ACCOUNT,
            "annual_revenue_usd",
            "unit_converted",
            5012,
        ),
        "founded 0": (ACCOUNT, "founded", "lone_zero", 1),
        "metro missing": (ACCOUNT, "metro", "partly_filled", 813),
        "cities no ZIP code knows": (ACCOUNT, "city", "unknown_city", 370),
    },
    "salesforce_fivetran_seeds": {
        "probability 1000": (DEAL, "probability_pct", "excluded_defect", 1),
        "every opportunity deleted": (DEAL, None, "all_rows_excluded", 10),
        "won deals without amount": (DEAL, "amount_usd", "excluded_defect", 4),
        "owners that do not resolve": (ACCOUNT, "owner_rep_id", "unknown_reference", 1),
        "hashes instead of ids": (ACCOUNT, "owner_rep_id", "not_a_salesforce_id", 1),
        "contact ids of 17 characters": ("crm.Contact", "Id", "not_a_salesforce_id", 2),
        "contacts whose account is not there": ("crm.Contact", "AccountId", "unknown_reference", 3),
    },
    "hubspot_fivetran_seeds": {
        "deals without amount": (DEAL, "amount_usd", "empty_column", 44),
        "deals without close date": (DEAL, "closed_date", "empty_column", 44),
        "deals without owner": (DEAL, "rep_id", "missing_reference", 22),
        "no number of employees": (ACCOUNT, "employee_count", "missing_column", 24),
        "no postal code": (ACCOUNT, "postal_code", "missing_column", 24),
        "no parent company": (ACCOUNT, "parent_account_id", "missing_column", 24),
    },
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CheckReport]:
    found = {}
    for name, one in SETS.items():
        given = dict(one)
        folder = tmp_path_factory.mktemp(name)
        mapping, as_of = given.pop("mapping"), given.pop("as_of")
        sources = {
            "crm": {
                "mapping": str(CONFIG / "mappings" / f"{mapping}.yaml"),
                "path": str(REAL_DATA / name),
            }
        }
        if given.pop("has_market", False):
            sources["market"] = {
                "mapping": str(CONFIG / "mappings" / "us_market_derived.yaml"),
                "path": str(REAL_DATA / "market_us"),
            }
        sources["crm"] |= given
        project = {"name": name, "data_dir": "data", "as_of": as_of, "sources": sources}
        project |= {"scoring": str(CONFIG / "scoring.yaml"), "policies": str(CONFIG / "policies")}
        (folder / "project.yaml").write_text(yaml.safe_dump(project))
        scratch = folder / "scratch"
        scratch.mkdir()
        settings = load_settings(folder / "project.yaml")
        from datetime import date

        found[name] = check_input(settings, scratch, today=date(2026, 1, 1), names_rows=True)
    return found


@pytest.mark.parametrize(
    ("name", "defect"), [(name, defect) for name in DEFECTS for defect in DEFECTS[name]]
)
def test_a_defect_is_a_finding(reports: dict[str, CheckReport], name: str, defect: str) -> None:
    table, column, rule, rows = DEFECTS[name][defect]
    found = [
        finding
        for finding in reports[name].findings
        if finding["table"] == table
        and finding["rule"] == rule
        and (column is None or column in (finding["column"] or "").split(", "))
    ]
    assert [finding["rows_affected"] for finding in found] == [rows]


SOFT_DELETED = {"sf_account_data.csv": 9, "sf_opportunity_data.csv": 10}


def test_soft_deleted_rows_are_left_out_by_name(reports: dict[str, CheckReport]) -> None:
    files = {file["file"]: file for file in reports["salesforce_fivetran_seeds"].files}
    found = {name: file["excluded_by"].get("soft_deleted") for name, file in files.items()}
    assert {name: count for name, count in found.items() if count} == SOFT_DELETED
    assert files["sf_contact_data.csv"]["excluded_by"] == {"only_checked": 4}


@pytest.mark.parametrize("name", SETS)
def test_every_file_balances(reports: dict[str, CheckReport], name: str) -> None:
    assert reports[name].files
    assert all(file["is_reconciled"] for file in reports[name].files)
    assert sum(file["rows_loaded"] for file in reports[name].files) > 0
