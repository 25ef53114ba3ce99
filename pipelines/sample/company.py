"""Generate a sample company: settings in, files out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from pipelines.errors import ConfigurationError
from pipelines.sample.accounts import draw_accounts
from pipelines.sample.activities import draw_activities
from pipelines.sample.calibration import PILOT_ACCOUNTS, calibrate
from pipelines.sample.csv_table import us_date
from pipelines.sample.deals import draw_deals
from pipelines.sample.export import account_rows, activity_rows, opportunity_rows, product_rows
from pipelines.sample.export_folder import ANSWER_KEY, ExportFolder
from pipelines.sample.history import build_history
from pipelines.sample.market_files import write_market_files
from pipelines.sample.overrides import override_rows
from pipelines.sample.ownership import build_ownership
from pipelines.sample.places import load_places
from pipelines.sample.team import build_team

# Large enough for fast array work, small enough for flat memory. Part of the seed: another size
# gives another company.
CHUNK_ACCOUNTS = 10_000
EARLIEST_AS_OF, LATEST_AS_OF = date(1975, 1, 1), date(2099, 12, 31)
MOST_ACCOUNTS, MOST_REPS, LARGEST_SEED = 10_000_000, 7_000, 2**63 - 1
TEAM_STREAM, PILOT_STREAM, OVERRIDE_STREAM, CHUNK_STREAM, DIRT_STREAM = range(5)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class CompanySettings:
    """What company to generate.

    Attributes:
        reps: seats of the team, vacant ones included; a few sellers who left come on top.
        as_of: last day of the history, which covers the 24 months before.
        dirt: inject the faults of `pipelines.sample.faults` and write answer_key.csv.
    """

    accounts: int
    reps: int
    seed: int
    as_of: date
    out: Path
    dirt: bool = False

    def check(self) -> None:
        """Raise `ConfigurationError` for a setting out of range."""
        ranges = {"accounts": MOST_ACCOUNTS, "reps": MOST_REPS, "seed": LARGEST_SEED}
        for name, highest in ranges.items():
            value, lowest = getattr(self, name), 0 if name == "seed" else 1
            if not lowest <= value <= highest:
                raise ConfigurationError(
                    f"sample company: {name} is {value}, must be between {lowest} and {highest}"
                )
        if not EARLIEST_AS_OF <= self.as_of <= LATEST_AS_OF:
            raise ConfigurationError(
                f"sample company: as_of is {self.as_of}, must be between {EARLIEST_AS_OF} and "
                f"{LATEST_AS_OF}"
            )


@dataclass
class CompanySummary:
    """What was written: rows by file name, without headers, and the faults injected."""

    out: Path
    rows: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)

    @property
    def total_rows(self) -> int:
        return sum(self.rows.values())


def _stream(seed: int, *key: int) -> np.random.Generator:
    """An independent random stream: the same whatever else is generated."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def generate_company(settings: CompanySettings, progress: Progress | None = None) -> CompanySummary:
    """Write the files of a sample company into `settings.out`, replacing files of these names.

    The same settings give the same bytes. Memory does not grow with the number of accounts.

    Args:
        progress: called with what is being done, accounts done, accounts in all.

    Raises:
        ConfigurationError: a setting is out of range.
        OSError: the folder cannot be written.
    """
    settings.check()
    seed, total = settings.seed, settings.accounts
    settings.out.mkdir(parents=True, exist_ok=True)
    history = build_history(settings.as_of)
    places = load_places()
    team = build_team(_stream(seed, TEAM_STREAM), places, settings.reps, settings.as_of, seed)
    ownership = build_ownership(team, places, history.start)
    pilot_stream = _stream(seed, PILOT_STREAM)
    pilot = draw_accounts(pilot_stream, 0, PILOT_ACCOUNTS, places, ownership, history.today)
    constants = calibrate(pilot_stream, pilot, ownership, history, total)

    summary = CompanySummary(settings.out)
    opportunities = activities = 0
    used_counties = np.zeros(places.counties.height, dtype=bool)
    dirt_stream = _stream(seed, DIRT_STREAM) if settings.dirt else None
    # Of an earlier company in the same folder: it would name faults this one has not.
    (settings.out / ANSWER_KEY).unlink(missing_ok=True)
    with ExportFolder(settings.out, dirt_stream) as export:
        export.write("users.csv", team.users)
        export.write("products.csv", product_rows())
        for number, start in enumerate(range(0, total, CHUNK_ACCOUNTS)):
            rng = _stream(seed, CHUNK_STREAM, number)
            count = min(CHUNK_ACCOUNTS, total - start)
            chunk = draw_accounts(rng, start, count, places, ownership, history.today)
            deals = draw_deals(rng, chunk, ownership, history, constants.win_intercept)
            log = draw_activities(rng, chunk, ownership, history, constants.hours_per_attention)
            rows = account_rows(rng, chunk, deals, places, team, seed, history.today)
            export.write("accounts.csv", rows)
            export.write("opportunities.csv", opportunity_rows(chunk, deals, team, opportunities))
            export.write("activities.csv", activity_rows(chunk, log, team, activities))
            opportunities += len(deals.account)
            activities += len(log.account)
            used_counties[chunk.county] = True
            if number == 0:
                rows = override_rows(
                    _stream(seed, OVERRIDE_STREAM), chunk, ownership, settings.as_of
                )
                export.write("overrides.csv", rows.with_columns(us_date("Expires")))
            if progress is not None:
                progress("Generating the sample company", start + count, total)
        summary.rows, summary.faults = export.rows, export.faults
    states = places.counties["state"].filter(used_counties).unique().sort().to_list()
    summary.rows |= write_market_files(settings.out, states)
    return summary
