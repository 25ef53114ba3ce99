"""Derive the shipped facts from public-domain federal statistics.

Run once per vintage by hand, never by the pipeline::

    python -m pipelines.sample.derive_facts --cbp cbp_2021_county_naics2.csv \
        --qcew qcew_2025_q3_area_totals.csv.gz --population co-est2023-alldata.csv.gz \
        --zip-metadata zip_metadata_2022_subset.parquet --hud hud_zip_county_122025.csv.gz \
        --out pipelines/sample/facts

One county set rules every output: the 3,144 counties of the 2023 population estimates. County
Business Patterns 2021 still counts Connecticut by its eight former counties and Alaska by a census
area that has since been split; both are moved to the new counties (see `county_moves`), so that no
establishment of those states is lost.
"""

import argparse
from pathlib import Path

import polars as pl

# Postal codes kept: every code above this population, and at least this many a county, so that
# metropolitan counties keep their spread and no county is left without an address.
POPULATION_KEPT = 14_000
CODES_PER_COUNTY = 2

# Valdez-Cordova (02261) was divided in 2019 into Chugach and Copper River.
ALASKA_SPLIT = {"02261": ("02063", "02066")}


def read_counties(population: Path, qcew: Path) -> pl.DataFrame:
    """One row a county: name, population of two years, employment (QCEW, all ownerships)."""
    estimates = (
        pl.read_csv(population, infer_schema=False)
        .filter(pl.col("SUMLEV") == "50")
        .select(
            county_fips=pl.col("STATE").str.zfill(2) + pl.col("COUNTY").str.zfill(3),
            county_name="CTYNAME",
            state_name="STNAME",
            population_2022=pl.col("POPESTIMATE2022").cast(pl.Int32),
            population_2023=pl.col("POPESTIMATE2023").cast(pl.Int32),
        )
    )
    employment = (
        pl.read_csv(qcew, infer_schema=False)
        # Aggregation level 70 is a county, all industries and ownerships.
        .filter(pl.col("agglvl_code") == "70")
        .select(
            county_fips="area_fips",
            is_qcew_suppressed=pl.col("disclosure_code").fill_null("").eq("N"),
            qcew_establishments=pl.col("qtrly_estabs").cast(pl.Int32),
            qcew_employment=pl.col("month3_emplvl").cast(pl.Int32),
            qcew_weekly_wage_usd=pl.col("avg_wkly_wage").cast(pl.Int32),
        )
    )
    return estimates.join(employment, on="county_fips", how="left").sort("county_fips")


def read_crosswalk(hud: Path) -> pl.DataFrame:
    """ZIP × county: share of the ZIP's business addresses, of all addresses if it has none."""
    rows = pl.read_csv(hud, infer_schema=False).select(
        postal_code="ZIP",
        # The carrier dropped leading zeros of states 01 to 09.
        county_fips=pl.col("COUNTY").str.zfill(5),
        city=pl.col("USPS_ZIP_PREF_CITY").str.to_titlecase(),
        state="USPS_ZIP_PREF_STATE",
        business=pl.col("BUS_RATIO").cast(pl.Float64),
        total=pl.col("TOT_RATIO").cast(pl.Float64),
    )
    has_business = pl.col("business").sum().over("postal_code") > 0
    return rows.with_columns(share=pl.when(has_business).then("business").otherwise("total")).drop(
        "business", "total"
    )


def read_areas(zip_metadata: Path) -> pl.DataFrame:
    """ZIP code tabulation areas with Gazetteer point, ACS population and 2021 county.

    Rows without a land area are no tabulation areas; their coordinates stem from GeoNames
    (CC-BY 4.0) and are left out.
    """
    return (
        pl.read_parquet(zip_metadata)
        .filter(pl.col("land_area_sq_mi").is_not_null() & (pl.col("population") > 0))
        .select(
            postal_code="zip",
            latitude="lat",
            longitude="lon",
            population="population",
            former_fips="county_fips",
        )
    )


def county_moves(
    areas: pl.DataFrame, crosswalk: pl.DataFrame, counties: pl.DataFrame
) -> pl.DataFrame:
    """Former county → county of 2023 with the share of its establishments that moves there.

    Connecticut: share of the population of the former county's ZIP areas whose business addresses
    lie in the planning region (HUD crosswalk). Alaska: share of population 2023.
    """
    connecticut = (
        areas.filter(pl.col("former_fips").str.starts_with("09"))
        .join(crosswalk, on="postal_code")
        .filter(pl.col("county_fips").str.starts_with("09"))
        .group_by("former_fips", "county_fips")
        .agg(weight=(pl.col("population") * pl.col("share")).sum())
    )
    alaska = pl.concat(
        counties.filter(pl.col("county_fips").is_in(parts)).select(
            former_fips=pl.lit(former),
            county_fips="county_fips",
            weight=pl.col("population_2023").cast(pl.Float64),
        )
        for former, parts in ALASKA_SPLIT.items()
    )
    return (
        pl.concat([connecticut, alaska])
        .with_columns(share=pl.col("weight") / pl.col("weight").sum().over("former_fips"))
        .filter(pl.col("share") > 0)
        .select("former_fips", "county_fips", "share")
        .sort("former_fips", "county_fips")
    )


def derive_county_business(cbp: Path, moves: pl.DataFrame) -> pl.DataFrame:
    """County × sector: establishments, employment, annual payroll in USD thousands.

    Moved counts are rounded, so a moved sector may differ from its source total by a few units.
    Payroll keeps two digits: nothing is computed from it, and it would double the file.
    """
    measures = ("establishments", "employment", "annual_payroll_kusd")
    rows = pl.read_csv(cbp, schema_overrides={"fips": pl.String, "naics": pl.String}).join(
        moves, left_on="fips", right_on="former_fips", how="left"
    )
    return (
        rows.select(
            county_fips=pl.coalesce("county_fips", "fips"),
            naics="naics",
            **{name: pl.col(name) * pl.col("share").fill_null(1.0) for name in measures},
        )
        .group_by("county_fips", "naics")
        .agg(pl.col(name).sum().round().cast(pl.Int32) for name in measures)
        .filter(pl.col("establishments") > 0)
        .with_columns(
            pl.col("annual_payroll_kusd").cast(pl.Float64).round_sig_figs(2).cast(pl.Int32)
        )
        .sort("naics", "county_fips")
    )


def derive_postal_codes(
    areas: pl.DataFrame, crosswalk: pl.DataFrame, counties: pl.DataFrame
) -> pl.DataFrame:
    """The sample of postal codes: populous ones, and the two largest of every county."""
    return (
        areas.join(
            crosswalk.sort("share", "county_fips", descending=[True, False]).unique(
                "postal_code", keep="first", maintain_order=True
            ),
            on="postal_code",
        )
        .join(counties, on="county_fips", how="semi")
        .with_columns(
            rank=pl.struct(-pl.col("population"), "postal_code").rank("ordinal").over("county_fips")
        )
        .filter((pl.col("population") >= POPULATION_KEPT) | (pl.col("rank") <= CODES_PER_COUNTY))
        .select(
            "postal_code",
            "city",
            "state",
            "county_fips",
            # Thousandths of a degree are about 100 m, and whole numbers pack better than floats.
            latitude_milli=(pl.col("latitude") * 1000).round().cast(pl.Int32),
            longitude_milli=(pl.col("longitude") * 1000).round().cast(pl.Int32),
            # Three digits are enough for a weight.
            population=pl.col("population").round_sig_figs(3).cast(pl.Int32),
        )
        .sort("county_fips", "postal_code")
    )


def with_centers(
    counties: pl.DataFrame, areas: pl.DataFrame, crosswalk: pl.DataFrame
) -> pl.DataFrame:
    """`counties` with USPS state code and the population-weighted mean of their ZIP areas."""
    weighted = areas.join(crosswalk, on="postal_code").with_columns(
        weight=pl.col("population") * pl.col("share")
    )
    centers = (
        weighted.filter(pl.col("weight") > 0)
        .group_by("county_fips")
        .agg(
            latitude=(pl.col("latitude") * pl.col("weight")).sum() / pl.col("weight").sum(),
            longitude=(pl.col("longitude") * pl.col("weight")).sum() / pl.col("weight").sum(),
        )
    )
    states = (
        crosswalk.with_columns(state_fips=pl.col("county_fips").str.head(2))
        .group_by("state_fips", "state")
        .len()
        .sort("len", "state", descending=[True, False])
        .unique("state_fips", keep="first", maintain_order=True)
        .select("state_fips", "state")
    )
    return (
        counties.with_columns(state_fips=pl.col("county_fips").str.head(2))
        .join(states, on="state_fips")
        .join(centers, on="county_fips", how="left")
        .with_columns(
            latitude_milli=(pl.col("latitude") * 1000).round().cast(pl.Int32),
            longitude_milli=(pl.col("longitude") * 1000).round().cast(pl.Int32),
        )
        .drop("state_fips", "latitude", "longitude")
        .sort("county_fips")
    )


def derive(
    *, cbp: Path, qcew: Path, population: Path, zip_metadata: Path, hud: Path, out: Path
) -> None:
    """Write `counties`, `county_business` and `postal_codes` as Parquet into `out`."""
    crosswalk = read_crosswalk(hud)
    areas = read_areas(zip_metadata)
    counties = read_counties(population, qcew)
    out.mkdir(parents=True, exist_ok=True)
    tables = {
        "counties": with_centers(counties, areas, crosswalk),
        "county_business": derive_county_business(cbp, county_moves(areas, crosswalk, counties)),
        "postal_codes": derive_postal_codes(areas, crosswalk, counties),
    }
    for name, table in tables.items():
        table.write_parquet(
            out / f"{name}.parquet", compression="zstd", compression_level=19, statistics=False
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for option in ("--cbp", "--qcew", "--population", "--zip-metadata", "--hud", "--out"):
        parser.add_argument(option, type=Path, required=True)
    derive(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
