"""Market files in the layouts of the Census Bureau and the Bureau of Labor Statistics.

Columns whose values do not ship with the project stay, as the layouts demand, and hold what those
offices publish for a value that is not available: `N`, or nothing.
"""

from pathlib import Path

import polars as pl

from pipelines.sample.facts import read_facts

# County Business Patterns: establishments by size class, 2021 layout.
CBP_SIZE_CLASSES = (
    *("n<5", "n5_9", "n10_19", "n20_49", "n50_99", "n100_249", "n250_499", "n500_999"),
    *("n1000", "n1000_1", "n1000_2", "n1000_3", "n1000_4"),
)
QCEW_MEASURES = (
    *("qtrly_estabs", "month1_emplvl", "month2_emplvl", "month3_emplvl", "total_qtrly_wages"),
    *("taxable_qtrly_wages", "qtrly_contributions", "avg_wkly_wage"),
)
QCEW_CHANGES = [f"oty_{measure}_{kind}" for measure in QCEW_MEASURES for kind in ("chg", "pct_chg")]
ESTIMATE_YEARS = (2020, 2021, 2022, 2023)


def write_market_files(out: Path, states: list[str]) -> dict[str, int]:
    """Write the four market files for all counties of the USPS codes `states`.

    Whole states, not only counties with accounts: market sizes are compared by state.

    Returns:
        Rows by file name.
    """
    counties = read_facts("counties").filter(pl.col("state").is_in(states)).sort("county_fips")
    tables = {
        "cbp21co.txt": county_business_rows(counties),
        "qcew_2025_q3_area.csv": county_employment_rows(counties),
        "co-est2023-alldata.csv": population_rows(counties),
        "zip_codes.csv": postal_code_rows(counties),
    }
    for name, table in tables.items():
        # BLS quotes every text, the Census Bureau none; its names are in Latin-1 (Doña Ana).
        is_qcew = name.startswith("qcew")
        text = table.write_csv(quote_style="non_numeric" if is_qcew else "necessary")
        (out / name).write_bytes(text.encode("latin-1" if name.startswith("co-est") else "utf-8"))
    return {name: table.height for name, table in tables.items()}


def county_business_rows(counties: pl.DataFrame) -> pl.DataFrame:
    """County Business Patterns, complete county file: a total and the sectors of each county."""
    cells = read_facts("county_business").join(counties, on="county_fips", how="semi")
    measures = ("employment", "annual_payroll_kusd", "establishments")
    totals = (
        cells.group_by("county_fips").agg(pl.col(measures).sum()).with_columns(naics=pl.lit(""))
    )
    rows = pl.concat([totals.select(cells.columns), cells]).sort("county_fips", "naics")
    # Sectors are written with four dashes, joined sectors by their first: `31----` is 31-33.
    return rows.select(
        fipstate=pl.col("county_fips").str.head(2),
        fipscty=pl.col("county_fips").str.tail(3),
        naics=pl.col("naics").str.head(2).str.pad_end(6, "-"),
        emp_nf=pl.lit("G"),
        emp="employment",
        qp1_nf=pl.lit("N"),
        qp1=pl.lit(0),
        ap_nf=pl.lit("G"),
        ap="annual_payroll_kusd",
        est="establishments",
        **{size_class: pl.lit("N") for size_class in CBP_SIZE_CLASSES},
    )


def county_employment_rows(counties: pl.DataFrame) -> pl.DataFrame:
    """QCEW quarterly area file: employment of each county, all industries and ownerships."""
    known = counties.filter(pl.col("qcew_establishments").is_not_null())
    nothing = pl.lit(None, dtype=pl.String)
    return known.select(
        area_fips="county_fips",
        own_code=pl.lit("0"),
        industry_code=pl.lit("10"),
        agglvl_code=pl.lit("70"),
        size_code=pl.lit("0"),
        year=pl.lit("2025"),
        qtr=pl.lit("3"),
        disclosure_code=pl.when("is_qcew_suppressed").then(pl.lit("N")).otherwise(pl.lit("")),
        qtrly_estabs="qcew_establishments",
        month1_emplvl=nothing,
        month2_emplvl=nothing,
        month3_emplvl="qcew_employment",
        total_qtrly_wages=nothing,
        taxable_qtrly_wages=nothing,
        qtrly_contributions=nothing,
        avg_wkly_wage="qcew_weekly_wage_usd",
        lq_disclosure_code=nothing,
        **{f"lq_{measure}": nothing for measure in QCEW_MEASURES},
        oty_disclosure_code=nothing,
        **dict.fromkeys(QCEW_CHANGES, nothing),
    )


def population_rows(counties: pl.DataFrame) -> pl.DataFrame:
    """County population estimates: a row for each state (level 40) and each county (level 50)."""
    counties = counties.with_columns(state_fips=pl.col("county_fips").str.head(2))
    measures = pl.col("population_2022", "population_2023").sum()
    states = counties.group_by("state_fips", "state_name").agg(measures)
    levels = [
        states.with_columns(level=pl.lit(40), county=pl.lit("000"), name=pl.col("state_name")),
        counties.with_columns(
            level=pl.lit(50), county=pl.col("county_fips").str.tail(3), name=pl.col("county_name")
        ),
    ]
    wanted = ["level", "state_fips", "county", "state_name", "name"]
    rows = pl.concat(
        [level.select(*wanted, "population_2022", "population_2023") for level in levels]
    ).sort("state_fips", "county")
    change = pl.col("population_2023") - pl.col("population_2022")
    estimates = {
        f"POPESTIMATE{year}": f"population_{year}" if year > 2021 else pl.lit(None, dtype=pl.Int32)
        for year in ESTIMATE_YEARS
    }
    return rows.select(
        SUMLEV="level",
        STATE="state_fips",
        COUNTY="county",
        STNAME="state_name",
        CTYNAME="name",
        **estimates,
        NPOPCHG2023=change,
    )


def postal_code_rows(counties: pl.DataFrame) -> pl.DataFrame:
    """ZIP table: code, city, state, county and centre."""
    codes = read_facts("postal_codes").join(counties, on="county_fips", how="semi")
    return codes.sort("postal_code").select(
        zip="postal_code",
        city="city",
        state="state",
        county="county_fips",
        lat="latitude",
        lon="longitude",
    )
