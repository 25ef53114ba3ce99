"""Public data sets as they come, through the mappings of the project."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.ingest import FileLoad, IngestResult, SourceInput, ingest_sources

ROOT = Path(__file__).parents[2]
MAPPINGS = ROOT / "config" / "mappings"
REAL_DATA = Path(os.environ.get("TERRITORY_REAL_DATA", ROOT / ".." / "shared" / "data"))

needs_real_data = pytest.mark.skipif(
    not REAL_DATA.is_dir(), reason=f"no data at {REAL_DATA}; set TERRITORY_REAL_DATA to its folder"
)


class Ingested:
    def __init__(self, mapping: str, path: Path) -> None:
        self.connection = duckdb.connect()
        source = SourceInput(MAPPINGS / f"{mapping}.yaml", path)
        self.result: IngestResult = ingest_sources(self.connection, [source], run_id="run")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def loads(self) -> dict[str, FileLoad]:
        return {
            load.source_table.partition("__")[2]: load
            for load in self.result.loads
            if load.file_role == "records"
        }


@pytest.fixture(scope="module")
def maven() -> Ingested:
    return Ingested("maven_crm", REAL_DATA / "maven_crm")


@pytest.fixture(scope="module")
def classicmodels() -> Ingested:
    return Ingested("classicmodels", REAL_DATA / "classicmodels")


@pytest.fixture(scope="module")
def market() -> Ingested:
    return Ingested("us_market_derived", REAL_DATA / "market_us")


@needs_real_data
def test_maven_reconciles_to_the_row(maven: Ingested) -> None:
    loaded = {name: (load.rows_read, load.rows_loaded) for name, load in maven.loads().items()}
    assert loaded == {
        "account": (85, 85),
        "rep": (35, 35),
        "product": (7, 7),
        "opportunity": (8800, 8800),
    }
    assert all(load.is_reconciled() for load in maven.result.loads)


@needs_real_data
def test_maven_keeps_every_sale(maven: Ingested) -> None:
    assert maven.rows(
        "SELECT sum(CAST(amount_usd AS DECIMAL(18,2))) FROM raw_crm__opportunity"
        " WHERE status = 'won'"
    ) == [(Decimal("10005534.00"),)]
    assert maven.rows(
        "SELECT count(*) FROM raw_crm__opportunity JOIN raw_crm__product USING (product_id)"
        " WHERE product_id = 'GTX Pro'"
    ) == [(1480,)]
    assert maven.rows(
        "SELECT status, count(*) FROM raw_crm__opportunity GROUP BY 1 ORDER BY 1"
    ) == [
        ("lost", 2473),
        ("open", 2089),
        ("won", 4238),
    ]


@needs_real_data
def test_maven_findings(maven: Ingested) -> None:
    assert {(f.rule, f.column_name, f.affected_rows) for f in maven.result.findings} == {
        ("alias_applied", "country", 1),
        ("alias_applied", "industry", 12),
        ("alias_applied", "product_id", 1480),
        # Lost deals carry 0, which is no amount.
        ("value_suppressed", "amount_usd", 2473),
        ("unit_converted", "annual_revenue_usd", 85),
        ("missing_reference", "account_id", 1425),
    }
    assert maven.rows(
        "SELECT annual_revenue_usd FROM raw_crm__account WHERE account_id = 'Acme Corporation'"
    ) == [("1100040000",)]


@needs_real_data
def test_classicmodels_reconciles(classicmodels: Ingested) -> None:
    loads = classicmodels.loads()
    assert {name: load.rows_loaded for name, load in loads.items()} == {
        "account": 122,
        "rep": 17,
        "product": 110,
        "opportunity": 326,
        "opportunity_line": 2996,
    }
    assert loads["rep"].excluded_by == {"not_a_seller": 6}
    assert all(load.is_reconciled() for load in loads.values())


@needs_real_data
def test_the_territory_called_na_is_a_territory(classicmodels: Ingested) -> None:
    assert classicmodels.rows(
        "SELECT region, count(*) FROM raw_crm__rep GROUP BY 1 ORDER BY 1"
    ) == [("APAC", 3), ("EMEA", 6), ("Japan", 2), ("NA", 6)]
    assert classicmodels.rows(
        "SELECT status, count(*) FROM raw_crm__opportunity GROUP BY 1 ORDER BY 1"
    ) == [("lost", 6), ("open", 13), ("won", 307)]
    assert classicmodels.rows("SELECT rep_name FROM raw_crm__rep WHERE rep_id = '1370'") == [
        ("Gerard Hernandez",)
    ]


@needs_real_data
def test_vintages_and_lost_zeros_of_the_market_tables_are_told(market: Ingested) -> None:
    told = {(f.rule, f.table_name): f for f in market.result.findings}
    assert told["county_vintage", "raw_market__county_business"].severity == "warning"
    assert ("leading_zeros_restored", "raw_market__county_population") in told
    connecticut = market.rows(
        "SELECT count(*) FROM raw_market__county_business WHERE county_fips LIKE '09%'"
    )
    assert connecticut[0][0] > 0


@needs_real_data
def test_the_market_tables_reconcile(market: Ingested) -> None:
    loads = market.loads()
    assert {name: (load.rows_read, load.rows_loaded) for name, load in loads.items()} == {
        "county_business": (48667, 48667),
        "county_employment": (19302, 3224),
        "county_population": (3195, 3144),
        "postal_code": (41994, 41994),
    }
    assert loads["county_population"].excluded_by == {"not_a_county": 51}
    assert loads["county_employment"].excluded_by["unknown_county"] == 51
    assert market.rows(
        "SELECT county_name, state_name FROM raw_market__county_population"
        " WHERE county_fips = '35013'"
    ) == [("Doña Ana County", "New Mexico")]
    assert market.rows(
        "SELECT annual_payroll_usd FROM raw_market__county_business"
        " WHERE county_fips = '01001' AND naics = '11'"
    ) == [("5107000",)]


CBP = """fipstate,fipscty,naics,emp_nf,emp,qp1_nf,qp1,ap_nf,ap,est
1,1,------,G,11000,G,1,G,400000,900
01,001,31----,G,500,G,1,G,25000,30
01,001,3111//,G,100,G,1,G,5000,10
01,001,44----,D,0,D,0,D,0,4
01,999,------,G,10,G,1,G,500,3
"""
QCEW = """area_fips,own_code,agglvl_code,year,qtr,disclosure_code,\
qtrly_estabs,month3_emplvl,avg_wkly_wage
US000,0,10,2025,3,,1,1,1
01000,0,50,2025,3,,1,1,1
01001,0,70,2025,3,,1196,12897,990
01001,5,71,2025,3,,1100,10000,980
01003,0,70,2025,3,N,12,0,0
01999,0,70,2025,3,,7,7,7
"""
POPULATION = """SUMLEV,STATE,COUNTY,STNAME,CTYNAME,NPOPCHG2023,POPESTIMATE2023
040,35,000,New Mexico,New Mexico,895,2114371
050,35,013,New Mexico,Doña Ana County,1202,225210
50,1,1,Alabama,Autauga County,497,60342
"""
ZIP_CODES = """zip,lat,lon,city,state,county
2139,42.36,-71.1,Cambridge,MA,25017
00501,,,Holtsville,NY,
"""


def test_official_layouts(tmp_path: Path) -> None:
    (tmp_path / "cbp22co.txt").write_text(CBP)
    (tmp_path / "qcew_2025_q3.csv").write_text(QCEW)
    (tmp_path / "co-est2023-alldata.csv").write_text(POPULATION, encoding="latin-1")
    (tmp_path / "zip_codes.csv").write_text(ZIP_CODES)
    official = Ingested("us_market_official", tmp_path)
    assert {name: load.excluded_by for name, load in official.loads().items()} == {
        "county_business": {"finer_than_sector": 1, "statewide": 1},
        "county_employment": {"not_a_county": 1, "not_a_county_total": 2, "unknown_county": 1},
        "county_population": {"not_a_county": 1},
        "postal_code": {},
    }
    assert official.rows(
        "SELECT county_fips, naics, establishments, employment, annual_payroll_usd"
        " FROM raw_market__county_business ORDER BY row_number"
    ) == [
        ("01001", "00", "900", "11000", "400000000"),
        ("01001", "31-33", "30", "500", "25000000"),
        ("01001", "44-45", "4", None, None),
    ]
    assert official.rows(
        "SELECT county_fips, employment, establishments, avg_weekly_wage_usd, is_suppressed"
        " FROM raw_market__county_employment ORDER BY row_number"
    ) == [("01001", "12897", "1196", "990", "false"), ("01003", None, "12", None, "true")]
    assert official.rows(
        "SELECT county_fips, county_name, state_fips, population_change"
        " FROM raw_market__county_population ORDER BY row_number"
    ) == [("35013", "Doña Ana County", "35", "1202"), ("01001", "Autauga County", "01", "497")]
    assert official.rows(
        "SELECT postal_code, county_fips, latitude FROM raw_market__postal_code ORDER BY row_number"
    ) == [("02139", "25017", "42.36"), ("00501", None, None)]


GAZETTEER = """GEOID\tALAND\tAWATER\tALAND_SQMI\tAWATER_SQMI\tINTPTLAT\tINTPTLONG      \n\
06390\t1\t0\t1\t0\t41.27\t-72.00\n06001\t1\t0\t1\t0\t41.79\t-72.86\n99999\t1\t0\t1\t0\t1\t1\n"""
HUD = """ZIP,COUNTY,USPS_ZIP_PREF_CITY,USPS_ZIP_PREF_STATE,RES_RATIO,BUS_RATIO,OTH_RATIO,TOT_RATIO
06390,36103,FISHERS ISLAND,NY,1,0,1,1
06390,9180,FISHERS ISLAND,NY,0,0,0,0
06001,9110,AVON,CT,0.9,0.4,1,0.9
06001,9120,AVON,CT,0.1,0.6,0,0.1
"""


def test_postal_codes_from_the_gazetteer_and_the_crosswalk(tmp_path: Path) -> None:
    (tmp_path / "2023_Gaz_zcta_national.txt").write_text(GAZETTEER)
    (tmp_path / "ZIP_COUNTY_122025.csv").write_text(HUD)
    official = Ingested("us_market_official", tmp_path)
    assert official.rows(
        "SELECT postal_code, county_fips, latitude FROM raw_market__postal_code ORDER BY 1"
    ) == [("06001", "09120", "41.79"), ("06390", "36103", "41.27"), ("99999", None, "1")]
    assert [finding.rule for finding in official.result.findings] == ["unknown_code"]


ANNUAL = QCEW.replace("qtrly_estabs,month3_emplvl,avg_wkly_wage",
                      "annual_avg_estabs,annual_avg_emplvl,annual_avg_wkly_wage")  # fmt: skip


def test_any_year_of_the_official_layouts(tmp_path: Path) -> None:
    (tmp_path / "qcew_2024.csv").write_text(ANNUAL.replace("2025,3,", "2024,A,"))
    newer = POPULATION.replace("POPESTIMATE2023", "POPESTIMATE2023,POPESTIMATE2024")
    newer = newer.replace("225210", "225210,225300").replace("60342", "60342,60400")
    newer = newer.replace("2114371", "2114371,2")
    (tmp_path / "co-est2024-alldata.csv").write_bytes(newer.encode("windows-1252"))
    official = Ingested("us_market_official", tmp_path)
    assert official.rows(
        "SELECT county_fips, year, quarter, establishments, employment"
        " FROM raw_market__county_employment ORDER BY 1"
    ) == [("01001", "2024", None, "1196", "12897"), ("01003", "2024", None, "12", None)]
    assert official.rows(
        "SELECT county_fips, population FROM raw_market__county_population ORDER BY 1"
    ) == [("01001", "60400"), ("35013", "225300")]


def test_counties_of_two_vintages_are_named(tmp_path: Path) -> None:
    (tmp_path / "cbp21co.txt").write_text(CBP + "09,001,------,G,10,G,1,G,5,2\n")
    new = POPULATION + "50,9,110,Connecticut,Capitol Planning Region,1,981447\n"
    (tmp_path / "co-est2023-alldata.csv").write_text(new, encoding="latin-1")
    findings = Ingested("us_market_official", tmp_path).result.findings
    (vintage,) = [finding for finding in findings if finding.rule == "county_vintage"]
    assert (vintage.severity, vintage.table_name) == ("warning", "raw_market__county_business")
    assert "raw_market__county_population those after it" in vintage.message
    suppressed = [finding for finding in findings if finding.rule == "value_suppressed"]
    assert [(f.column_name, f.affected_rows) for f in suppressed] == [
        ("employment", 1),
        ("annual_payroll_usd", 1),
    ]


def test_official_files_are_optional(tmp_path: Path) -> None:
    assert Ingested("us_market_official", tmp_path).result.loads == ()
