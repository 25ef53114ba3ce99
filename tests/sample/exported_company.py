"""A generated company read back from its files, as a reader of the export sees it."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.sample import CompanySettings, CompanySummary, generate_company

AS_OF = date(2026, 6, 30)


def us_dates(*columns: str) -> list[pl.Expr]:
    return [pl.col(column).str.to_date("%m/%d/%Y") for column in columns]


def gini(values: np.ndarray) -> float:
    ordered = np.sort(values)
    rank = 2 * np.arange(1, len(ordered) + 1) - len(ordered) - 1
    return float(rank @ ordered / (len(ordered) * ordered.sum()))


@dataclass(frozen=True)
class ExportedCompany:
    """The files under `folder`, typed."""

    folder: Path
    summary: CompanySummary

    def text(self, name: str) -> pl.DataFrame:
        """The file as text, values untouched."""
        return pl.read_csv(self.folder / name, infer_schema=False)

    @cached_property
    def accounts(self) -> pl.DataFrame:
        return self.text("accounts.csv").with_columns(
            pl.col("Annual Revenue", "Employees").cast(pl.Float64),
            *us_dates("Owner Since", "Created Date"),
        )

    @cached_property
    def opportunities(self) -> pl.DataFrame:
        return self.text("opportunities.csv").with_columns(
            pl.col("Amount", "Quantity").cast(pl.Float64),
            *us_dates("Created Date", "Close Date"),
        )

    @cached_property
    def closed(self) -> pl.DataFrame:
        return self.opportunities.filter(pl.col("Close Date").is_not_null()).with_columns(
            is_won=pl.col("Stage") == "Closed Won",
            cycle_days=(pl.col("Close Date") - pl.col("Created Date")).dt.total_days(),
        )

    @cached_property
    def activities(self) -> pl.DataFrame:
        return self.text("activities.csv").with_columns(
            pl.col("Duration (Hours)").cast(pl.Float64), *us_dates("Date")
        )

    @cached_property
    def sellers(self) -> pl.DataFrame:
        """Sellers with tenure, experience multiplier and effective hours at the default scoring."""
        tenure = (pl.lit(AS_OF) - pl.col("Hire Date")).dt.total_days() / 30.4375
        ramp = 0.25 + 0.75 * (pl.col("tenure") / 6).clip(0, 1)
        return (
            self.text("users.csv")
            .filter(pl.col("Title").str.ends_with("Account Executive"))
            .with_columns(*us_dates("Hire Date", "End Date"))
            .with_columns(tenure=tenure, is_vacant=pl.col("Full Name").str.starts_with("Vacant"))
            .with_columns(
                multiplier=pl.when("is_vacant")
                .then(1.25)
                .when(pl.col("tenure") < 24)
                .then(1.0)
                .when(pl.col("tenure") < 60)
                .then(1.25)
                .otherwise(1.5)
            )
            .with_columns(
                effective_hours=pl.when(pl.col("Active") == "0")
                .then(0.0)
                .otherwise(
                    1_500
                    * pl.col("FTE %").cast(pl.Float64)
                    / 100
                    * pl.when("is_vacant").then(0.5).otherwise(ramp)
                    * pl.col("multiplier")
                )
            )
        )

    @cached_property
    def hours_by_account(self) -> pl.DataFrame:
        """Junior-standard hours logged in the 12 months before `AS_OF`, by account."""
        return (
            self.activities.filter(pl.col("Date") > date(2025, 6, 30))
            .join(self.sellers, left_on="Assigned To ID", right_on="User ID")
            .group_by("Account ID")
            .agg(hours=(pl.col("Duration (Hours)") * pl.col("multiplier")).sum())
        )

    def won_by_account(self) -> np.ndarray:
        """Won value of every account, 0 for those that never bought."""
        won = self.closed.filter("is_won").group_by("Account ID").agg(pl.col("Amount").sum())
        joined = self.accounts.join(won, on="Account ID", how="left")
        return joined["Amount"].fill_null(0).to_numpy()


def export_company(
    folder: Path, accounts: int, reps: int, *, seed: int = 7, dirt: bool = False
) -> ExportedCompany:
    settings = CompanySettings(accounts, reps, seed, AS_OF, folder, dirt)
    return ExportedCompany(folder, generate_company(settings))
