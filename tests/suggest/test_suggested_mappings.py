"""Draft mappings of the public sets, held against the column maps in their SOURCES.md."""

import os
from pathlib import Path

import duckdb
import pytest
import yaml

from pipelines.errors import InputError
from pipelines.ingest import SourceInput, ingest_sources, load_mapping
from pipelines.suggest import as_yaml, draft_mapping

ROOT = Path(__file__).parents[2]
REAL_DATA = Path(os.environ.get("TERRITORY_REAL_DATA", ROOT / ".." / "shared" / "data"))
needs_real_data = pytest.mark.skipif(
    not REAL_DATA.is_dir(), reason=f"no data at {REAL_DATA}; set TERRITORY_REAL_DATA to its folder"
)

# File, entity, and the columns that the set's own column map names for our fields. Where it names
# two (state, state_code), either is right.
COLUMN_MAPS = {
    "maven_crm/accounts.csv": (
        "account",
        "account_id=account account_name=account industry=sector annual_revenue_usd=revenue "
        "employee_count=employees country=office_location parent_account_id=subsidiary_of",
    ),
    "maven_crm/sales_teams.csv": (
        "rep",
        "rep_name=sales_agent manager_name=manager region=regional_office",
    ),
    "maven_crm/sales_pipeline.csv": (
        "opportunity",
        "rep_id=sales_agent stage=deal_stage opened_date=engage_date closed_date=close_date "
        "amount_usd=close_value product_id=product",
    ),
    "classicmodels/customers.csv": (
        "account",
        "account_id=customerNumber account_name=customerName city=city state=state "
        "postal_code=postalCode country=country owner_rep_id=salesRepEmployeeNumber",
    ),
    "classicmodels/employees.csv": ("rep", "manager_id=reportsTo region=officeCode"),
    "classicmodels/orders.csv": (
        "opportunity",
        "stage=status opened_date=orderDate closed_date=shippedDate",
    ),
    "classicmodels/orderdetails.csv": (
        "opportunity_line",
        "product_id=productCode quantity=quantityOrdered unit_price_usd=priceEach",
    ),
    "us_companies_inc5000/inc5000_2019.csv": (
        "account",
        "account_id=rank|profile account_name=name industry=industry annual_revenue_usd=revenue "
        "employee_count=workers city=city state=state",
    ),
    "salesforce_fivetran_seeds/sf_account_data.csv": (
        "account",
        "account_id=id account_name=name industry=industry annual_revenue_usd=annual_revenue "
        "employee_count=number_of_employees street=billing_street|shipping_street "
        "city=billing_city|shipping_city state=billing_state|billing_state_code|shipping_state|"
        "shipping_state_code postal_code=billing_postal_code|shipping_postal_code "
        "country=billing_country|billing_country_code|shipping_country|shipping_country_code "
        "latitude=billing_latitude|shipping_latitude "
        "longitude=billing_longitude|shipping_longitude "
        "parent_account_id=parent_id owner_rep_id=owner_id",
    ),
    "salesforce_fivetran_seeds/sf_opportunity_data.csv": (
        "opportunity",
        "stage=stage_name opened_date=created_date closed_date=close_date amount_usd=amount",
    ),
    "salesforce_fivetran_seeds/sf_user_data.csv": (
        "rep",
        "rep_id=id manager_id=manager_id region=user_role_id",
    ),
    "salesforce_fivetran_seeds/sf_opportunity_line_item_data.csv": (
        "opportunity_line",
        "product_id=product_2_id",
    ),
    "salesforce_fivetran_seeds/sf_product_2_data.csv": ("product", "product_id=id|product_code"),
    "hubspot_fivetran_seeds/company_data.csv": (
        "account",
        "account_id=id account_name=property_name industry=property_industry "
        "annual_revenue_usd=property_annualrevenue street=property_address city=property_city "
        "state=property_state country=property_country",
    ),
    "hubspot_fivetran_seeds/deal_data.csv": (
        "opportunity",
        "stage=deal_pipeline_stage_id opened_date=property_createdate "
        "closed_date=property_closedate amount_usd=property_amount rep_id=owner_id",
    ),
}


@needs_real_data
def test_nine_columns_in_ten_are_guessed_right_in_every_set() -> None:
    wrong: dict[str, list[str]] = {}
    counts: dict[str, list[int]] = {}
    for file, (entity, column_map) in COLUMN_MAPS.items():
        draft = draft_mapping(REAL_DATA / file)
        right, total = counts.setdefault(file.split("/")[0], [0, 0])
        for pair in column_map.split():
            field, _, columns = pair.partition("=")
            is_right = draft.entity.name == entity and draft.column_of(field) in columns.split("|")
            right, total = right + is_right, total + 1
            if not is_right:
                wrong.setdefault(file, []).append(f"{field}: {draft.column_of(field)}")
        counts[file.split("/")[0]] = [right, total]
    assert all(right >= 0.9 * total for right, total in counts.values()), (counts, wrong)


@needs_real_data
@pytest.mark.parametrize("file", COLUMN_MAPS)
def test_a_draft_is_a_mapping_the_pipeline_reads(file: str, tmp_path: Path) -> None:
    text = as_yaml(draft_mapping(REAL_DATA / file))
    content = yaml.safe_load(text)
    (entity,) = content["entities"].values()
    assert entity["file"] == Path(file).name
    if "# Nothing was found for what is required" not in text:
        path = tmp_path / "mapping.yaml"
        path.write_text(text, encoding="utf-8")
        assert load_mapping(path).entities


@needs_real_data
def test_the_draft_of_a_list_with_worded_amounts_loads_as_it_is(tmp_path: Path) -> None:
    folder = REAL_DATA / "us_companies_inc5000"
    drafted = as_yaml(draft_mapping(folder / "inc5000_2019.csv"))
    columns = yaml.safe_load(drafted)["entities"]["account"]["columns"]
    # Thirteen ranks stand twice.
    assert columns["account_id"] == "profile"
    (tmp_path / "mapping.yaml").write_text(drafted, encoding="utf-8")
    with duckdb.connect() as connection:
        result = ingest_sources(
            connection, [SourceInput(tmp_path / "mapping.yaml", folder)], run_id="run"
        )
        assert (result.rows_read, result.rows_loaded) == (5012, 5012)
        billions = "SELECT count(*) FROM raw_crm__account WHERE annual_revenue_usd::DOUBLE >= 1e9"
        assert connection.execute(billions).fetchone() == (23,)


def test_an_id_has_values_and_a_flag_in_words_is_read(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(
        "Id,Account Number,Account Name,Type\nA1,,Acme,Active customer\n"
        "A2,,Beta,Former customer\nA3,,Gamma,Prospect\n"
    )
    drafted = as_yaml(draft_mapping(path))
    assert yaml.safe_load(drafted)["entities"]["account"]["columns"]["account_id"] == "Id"
    (tmp_path / "mapping.yaml").write_text(drafted, encoding="utf-8")
    with duckdb.connect() as connection:
        ingest_sources(connection, [SourceInput(tmp_path / "mapping.yaml", tmp_path)], run_id="run")
        assert connection.execute(
            "SELECT is_customer FROM raw_crm__account ORDER BY account_id"
        ).fetchall() == [("true",), ("false",), ("false",)]


def test_a_foreign_export_with_semicolons_dates_and_minutes(tmp_path: Path) -> None:
    path = tmp_path / "Kundenbesuche.csv"
    path.write_bytes(
        "Activity ID;Account ID;Owner;Date;Duration in minutes;Notiz\n"
        "1;A1;R1;31.01.2026;90;Grüße\n2;A2;R1;28.02.2026;1,200;\n".encode("windows-1252")
    )
    draft = draft_mapping(path)
    assert draft.entity.name == "activity"
    content = yaml.safe_load(as_yaml(draft))
    entity = content["entities"]["activity"]
    assert entity["csv"] == {"delimiter": ";", "encoding": "windows-1252"}
    assert entity["columns"]["activity_date"] == {"column": "Date", "date_format": "%d.%m.%Y"}
    assert entity["columns"]["duration_hours"]["unit"] == "0.0166666666667"
    assert entity["ignore_columns"] == ["Notiz"]


@pytest.mark.parametrize(
    ("text", "csv", "revenue"),
    [
        (
            "Accounts\nAs of 2026-01-31\n\nAccount ID,Account Name,Annual Revenue,City\n"
            'A1,Acme,"$1,200.50",Bonn\nA2,Beta,"($1,300)",Rome\n',
            {"skip_lines": 3},
            {"thousands": ",", "marks": ["$"], "parentheses": "negative"},
        ),
        (
            "sep=;\nAccount ID;Account Name;Annual Revenue;City\n"
            "A1;Acme;1.200,50 EUR;Bonn\nA2;Beta;1.300 EUR;Rome\n",
            {"delimiter": ";", "skip_lines": 1},
            {"decimal": ",", "thousands": ".", "marks": ["EUR"]},
        ),
    ],
)
def test_a_report_for_people_is_drafted_and_read(
    tmp_path: Path, text: str, csv: dict[str, object], revenue: dict[str, object]
) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(text, encoding="utf-8")
    drafted = as_yaml(draft_mapping(path))
    entity = yaml.safe_load(drafted)["entities"]["account"]
    assert entity["csv"] == csv
    assert entity["columns"]["annual_revenue_usd"] == {"column": "Annual Revenue"} | revenue
    (tmp_path / "mapping.yaml").write_text(drafted, encoding="utf-8")
    with duckdb.connect() as connection:
        source = SourceInput(tmp_path / "mapping.yaml", tmp_path)
        ingest_sources(connection, [source], run_id="run", max_quarantined_share=1.0)
        found = connection.execute(
            "SELECT annual_revenue_usd FROM raw_crm__account ORDER BY ALL"
        ).fetchall()
        assert found[0] == ("1200.50",)


def test_hostile_headings_stay_data(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text('Account ID,Account Name,"a: b ""c""","#no\\n"\nA1,Acme,x,y\n')
    entity = yaml.safe_load(as_yaml(draft_mapping(path)))["entities"]["account"]
    assert entity["ignore_columns"] == ['a: b "c"', "#no\\n"]


@pytest.mark.parametrize("content", [b"", b"only one column\n1\n", b"PAR1\0\0", b"\0\0\0"])
def test_what_is_no_table_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"export\.csv"):
        draft_mapping(path)
