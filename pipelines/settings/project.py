"""`project.yaml`: where input comes from, where output goes, and the thresholds between."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.settings.connectors import ConnectorSettings
from pipelines.settings.notifications import NotificationSettings

SCENARIO_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
ScenarioName = Annotated[str, Field(pattern=SCENARIO_NAME)]
PositiveRate = Annotated[float, Field(gt=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSettings(_Strict):
    """One source: a folder of files or a connector, and the mapping of its columns."""

    mapping: Path = Field(description="Mapping file, relative to this settings file.")
    path: Path | None = Field(
        default=None,
        description="Folder of the source's files, relative to this settings file; environment "
        "variables such as $TERRITORY_REAL_DATA are expanded. Default: <data_dir>/input.",
    )
    table_prefix: str = Field(
        default="", description="What stands before the table's name in the names of its files."
    )
    table_suffix: str = Field(
        default="", description="What stands between the table's name and .csv, .parquet and so on."
    )
    connector: ConnectorSettings | None = Field(
        default=None, description="Instead of path: where tables are read from that are no files."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.connector is not None and (self.path or self.table_prefix or self.table_suffix):
            raise ValueError("path, table_prefix and table_suffix do not go with a connector")
        return self


class SampleSettings(_Strict):
    """The generated sample company; made when the run finds it missing or differently made."""

    accounts: int = Field(default=1_200, ge=1, description="Number of accounts.")
    reps: int = Field(default=25, ge=1, description="Number of sales reps.")
    seed: int = Field(default=7, ge=0, description="Seed of the generator.")
    as_of: date = Field(default=date(2026, 6, 30), description="Last day of its history.")
    dirt: bool = Field(default=False, description="Inject known faults, with an answer key.")


class ThresholdSettings(_Strict):
    """Where a run stops instead of going on."""

    max_quarantined_share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Largest share of a file's rows that may be quarantined; above it the run "
        "stops with exit code 3.",
    )


Share = Annotated[float, Field(ge=0)]


class DriftSettings(_Strict):
    """How far a load may differ from the last good one: what warns, and what stops the run."""

    rows_lost_warning: Share = Field(default=0.02, description="Share of a table's rows gone.")
    rows_lost_error: Share = Field(default=0.15, description="The same; stops the run.")
    rows_gained_warning: Share = Field(default=0.25, description="Share of rows added.")
    rows_gained_error: Share = Field(default=1.0, description="The same; stops the run.")
    nulls_gained_warning: Share = Field(
        default=0.02, description="Rise of the share of rows without a value in a column."
    )
    nulls_gained_error: Share = Field(default=0.2, description="The same; stops the run.")
    level_shift_warning: Share = Field(
        default=0.05,
        description="Move of a number column's level, as the mean of log10: 0.3 is twice as "
        "large, 2 is dollars read as cents.",
    )
    level_shift_error: Share = Field(default=0.5, description="The same; stops the run.")
    mix_shift_warning: Share = Field(
        default=0.05, description="Share of rows that changed between categories of a column."
    )
    mix_shift_error: Share = Field(default=0.4, description="The same; stops the run.")
    fewest_rows: int = Field(
        default=100, ge=1, description="Tables with fewer rows swing by chance and never block."
    )
    stale_days_warning: int = Field(
        default=31,
        ge=1,
        description="Days from the latest opened deal or activity to the planning date.",
    )
    stale_days_error: int = Field(default=184, ge=1, description="The same; stops the run.")


class RetentionSettings(_Strict):
    """How much of the past is kept."""

    releases: int = Field(default=5, ge=1, description="Releases kept, the published one included.")
    plans: int = Field(
        default=50,
        ge=1,
        description="Records of drafts and proposed plans kept. What was approved always stays.",
    )
    landed_inputs: int = Field(
        default=5,
        ge=0,
        description="Of those, how many keep the tables that connections had brought, which making "
        "a plan again needs. What was approved keeps them always.",
    )
    proposals: int = Field(
        default=20,
        ge=1,
        description="Checks of the chosen plan against new data that are kept, the newest, with "
        "the proposals some of them led to.",
    )
    quarantine_runs: int = Field(
        default=20, ge=1, description="Runs whose quarantined rows are kept as Parquet."
    )
    dagster_runs: int = Field(default=50, ge=1, description="Runs kept in Dagster's run storage.")


class ScheduleSettings(_Strict):
    """When `dagster dev` or a daemon starts the run by itself."""

    cron: str = Field(
        default="0 6 * * 1",
        description="Cron line of the KPIs of the plan in force on new data; by default Mondays "
        "at 06:00.",
    )
    quarterly_cron: str = Field(
        default="0 4 2 1,4,7,10 *",
        description="Cron line of the planning of a quarter; by default its second day at 04:00.",
    )
    drift_cron: str = Field(
        default="0 6 * * 4",
        description="Cron line of holding the chosen plan against new data, for sources that no "
        "sensor can see; by default Thursdays at 06:00.",
    )
    timezone: str = Field(default="UTC", description="Time zone of the cron line.")


class ProjectSettings(_Strict):
    """The whole of `project.yaml`."""

    name: str = Field(description="Name of the company, shown in summaries.")
    data_dir: Path = Field(
        default=Path("../data"),
        description="Folder of the working database and the releases, relative to this file.",
    )
    as_of: date | None = Field(
        default=None,
        description="Planning date. Default: the latest business date in the data that is not in "
        "the future.",
    )
    scenario: str = Field(
        default="default",
        pattern=SCENARIO_NAME,
        description="Policy to plan with: policies/<scenario>.yaml. Of several scenarios the "
        "chosen one: the report and the lists of moves show its plan.",
    )
    scenarios: list[ScenarioName] = Field(
        default_factory=list,
        description="Further policies every run plans with, to be compared with the chosen one.",
    )
    scoring: Path = Field(default=Path("scoring.yaml"), description="Scoring constants.")
    policies: Path = Field(default=Path("policies"), description="Folder of the policy files.")
    currency: Literal["USD"] = Field(
        default="USD", description="Currency of the published amounts."
    )
    rates: dict[str, PositiveRate] = Field(
        default_factory=lambda: {"USD": 1.0},
        description="USD per unit of each currency a mapping names.",
    )
    derive_owner: Literal["never", "when_none"] = Field(
        default="never",
        description="when_none: if the source names no owner for any account, the rep with the "
        "most trailing-12-month won value becomes the owner and is marked derived.",
    )
    sources: dict[Literal["crm", "market", "plan"], SourceSettings] = Field(
        description="The sources by kind; crm is required."
    )
    sample: SampleSettings | None = Field(
        default=None, description="Generate this sample company as input."
    )
    thresholds: ThresholdSettings = ThresholdSettings()
    drift: DriftSettings = DriftSettings()
    retention: RetentionSettings = RetentionSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    pages_url: str = Field(
        default="http://127.0.0.1:3001",
        pattern=r"^https?://[^\s]+$",
        description="Where the pages of releases are found in a browser; the links in the Dagster "
        "UI begin with it. By default where `territory serve` and `make dev` serve them.",
    )
    notifications: NotificationSettings = NotificationSettings()


def project_schema() -> dict[str, Any]:
    """The JSON Schema of `project.yaml`."""
    return ProjectSettings.model_json_schema()
