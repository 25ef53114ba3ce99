"""The shipped facts are small, of one county set, and what the derivation makes of its sources."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.sample.derive_facts import derive, derive_county_business
from pipelines.sample.facts import FOLDER, read_facts

REAL_DATA = Path(
    os.environ.get("TERRITORY_REAL_DATA", Path(__file__).parents[3] / "shared" / "data")
)
MARKET = REAL_DATA / "market_us"


def test_facts_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*.parquet")) < 500_000


def test_facts_share_one_county_set() -> None:
    counties = set(read_facts("counties")["county_fips"])
    assert len(counties) == 3_144
    assert set(read_facts("county_business")["county_fips"]) <= counties
    assert set(read_facts("postal_codes")["county_fips"]) <= counties
    connecticut = {fips for fips in counties if fips.startswith("09")}
    assert connecticut == {f"09{region}0" for region in range(11, 20)}


def test_national_totals_are_plausible() -> None:
    business = read_facts("county_business")
    assert business["establishments"].sum() == pytest.approx(7_975_000, rel=0.001)
    assert read_facts("counties")["population_2023"].sum() == 334_914_895
    connecticut = business.filter(pl.col("county_fips").str.starts_with("09"))
    assert connecticut["establishments"].sum() == pytest.approx(87_457, rel=0.001)


def test_counties_are_located() -> None:
    counties = read_facts("counties")
    assert counties["latitude"].is_between(18.9, 71.5).all()
    assert counties["longitude"].is_between(-180, -66.9).all()
    cook = counties.row(by_predicate=pl.col("county_fips") == "17031", named=True)
    assert cook["county_name"] == "Cook County"
    assert cook["state"] == "IL"
    assert np.hypot(cook["latitude"] - 41.86, cook["longitude"] + 87.75) < 0.2


def test_moved_counties_keep_their_establishments(tmp_path: Path) -> None:
    (tmp_path / "cbp.csv").write_text(
        "fips,naics,employment,establishments,annual_payroll_kusd\n"
        "09001,54,1000,100,5000\n09003,54,500,50,2500\n01001,54,70,7,350\n"
    )
    moves = pl.DataFrame(
        {
            "former_fips": ["09001", "09001", "09003"],
            "county_fips": ["09120", "09190", "09190"],
            "share": [0.6, 0.4, 1.0],
        }
    )
    business = derive_county_business(tmp_path / "cbp.csv", moves)
    assert business.select("county_fips", "establishments", "employment").rows() == [
        ("01001", 7, 70),
        ("09120", 60, 600),
        ("09190", 90, 900),
    ]


@pytest.mark.skipif(
    not MARKET.is_dir(), reason=f"needs the market files (TERRITORY_REAL_DATA, tried {REAL_DATA})"
)
def test_the_shipped_facts_are_derived_from_the_sources(tmp_path: Path) -> None:
    derive(
        cbp=MARKET / "cbp_2021_county_naics2.csv",
        qcew=MARKET / "qcew_2025_q3_area_totals.csv.gz",
        population=MARKET / "co-est2023-alldata.csv.gz",
        zip_metadata=MARKET / "zip_metadata_2022_subset.parquet",
        hud=MARKET / "hud_zip_county_122025.csv.gz",
        out=tmp_path,
    )
    for name in ("counties", "county_business", "postal_codes"):
        derived = pl.read_parquet(tmp_path / f"{name}.parquet")
        assert_frame_equal(derived, pl.read_parquet(FOLDER / f"{name}.parquet"))
