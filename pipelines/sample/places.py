"""Where accounts and reps are: counties by establishments, addresses by postal code."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.sample.catalogue import INDUSTRIES
from pipelines.sample.facts import read_facts

# Sales regions of the company.
STATE_REGIONS = {
    **dict.fromkeys(("CT", "ME", "MA", "NH", "NJ", "NY", "PA", "RI", "VT"), "Northeast"),
    **dict.fromkeys(("AL", "DC", "DE", "FL", "GA", "KY", "MD", "MS"), "Southeast"),
    **dict.fromkeys(("NC", "SC", "TN", "VA", "WV"), "Southeast"),
    **dict.fromkeys(("AR", "IA", "IL", "IN", "KS", "LA", "MI", "MN"), "Central"),
    **dict.fromkeys(("MO", "ND", "NE", "OH", "OK", "SD", "TX", "WI"), "Central"),
    **dict.fromkeys(("AK", "AZ", "CA", "CO", "HI", "ID", "MT"), "West"),
    **dict.fromkeys(("NM", "NV", "OR", "UT", "WA", "WY"), "West"),
}

EARTH_RADIUS_KM = 6371.0088
# Standard deviation of an address around the centre of its postal code, degrees (about 2 km).
ADDRESS_SPREAD_DEGREES = 0.02


def distance_km(
    latitude: np.ndarray, longitude: np.ndarray, to_latitude: np.ndarray, to_longitude: np.ndarray
) -> np.ndarray:
    """Great-circle distance by the haversine formula; degrees in, kilometres out, broadcasting."""
    phi, to_phi = np.radians(latitude), np.radians(to_latitude)
    half_phi = np.sin((to_phi - phi) / 2) ** 2
    half_lambda = np.sin(np.radians(to_longitude - longitude) / 2) ** 2
    chord = half_phi + np.cos(phi) * np.cos(to_phi) * half_lambda
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(chord))


@dataclass(frozen=True)
class Places:
    """Counties with an address, and how likely an account of each industry is in each.

    Attributes:
        counties: one row a county, in the order of `county_share`.
        county_share: (industries, counties), share of the industry's accounts; rows sum to 1.
        postal_codes: sorted by county; those of county c are `first[c] … first[c + 1] − 1`.
        postal_cumulative: county number plus cumulative share inside the county; ascending.
    """

    counties: pl.DataFrame
    county_share: np.ndarray
    postal_codes: pl.DataFrame
    postal_cumulative: np.ndarray

    @property
    def account_share(self) -> np.ndarray:
        """Share of all accounts expected in each county, shape (counties,)."""
        return np.array([industry.share for industry in INDUSTRIES]) @ self.county_share

    def draw_counties(self, rng: np.random.Generator, industry: np.ndarray) -> np.ndarray:
        """County number of accounts of the given industry numbers, shape like `industry`."""
        cumulative = np.cumsum(self.county_share, axis=1)
        cumulative /= cumulative[:, -1:]
        # Row numbers added make one ascending array, so one search serves all industries.
        stacked = (cumulative + np.arange(len(cumulative))[:, None]).ravel()
        found = np.searchsorted(stacked, industry + rng.random(len(industry)), side="right")
        return found % self.counties.height

    def draw_addresses(self, rng: np.random.Generator, county: np.ndarray) -> pl.DataFrame:
        """City, state, postal code and coordinates (5 decimals) inside the given counties."""
        drawn = county + rng.random(len(county))
        found = np.searchsorted(self.postal_cumulative, drawn, side="right")
        spread = ADDRESS_SPREAD_DEGREES * rng.standard_normal((2, len(county)))
        return self.postal_codes[found].select(
            "city",
            "state",
            "postal_code",
            latitude=(pl.col("latitude") + pl.Series(spread[0])).round(5),
            longitude=(pl.col("longitude") + pl.Series(spread[1])).round(5),
        )


def load_places() -> Places:
    """The places of the shipped facts; counties without a postal code are left out."""
    postal_codes = read_facts("postal_codes")
    counties = read_facts("counties").join(postal_codes, on="county_fips", how="semi")
    counties = counties.sort("county_fips")
    business = read_facts("county_business")
    shares = []
    for industry in INDUSTRIES:
        found = counties.select("county_fips").join(
            business.filter(pl.col("naics") == industry.sector),
            on="county_fips",
            how="left",
            maintain_order="left",
        )
        establishments = found["establishments"].fill_null(0).to_numpy().astype(float)
        shares.append(establishments / establishments.sum())
    postal_codes = postal_codes.join(
        counties.select("county_fips").with_row_index("county"), on="county_fips"
    ).sort("county", "postal_code")
    within = postal_codes.select(
        share=pl.col("population").cum_sum().over("county")
        / pl.col("population").sum().over("county"),
    )["share"].to_numpy()
    return Places(
        counties=counties,
        county_share=np.array(shares),
        postal_codes=postal_codes,
        postal_cumulative=postal_codes["county"].to_numpy() + within,
    )
