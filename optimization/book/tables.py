"""Planning tables as sorted, checked arrays. Sorting here makes a plan independent of row order."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from optimization.errors import PlanInputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ACCOUNT_TABLE, REP_TABLE = "int_plan__account", "int_plan__rep"
ACCOUNT_TEXT = ("account_id", "family_id", "segment", "industry", "country", "state")
ACCOUNT_OWNERS = ("owner_rep_id", "incumbent_rep_id")
ACCOUNT_AMOUNTS = ("service_hours", "visits_per_year", "potential_usd", "actual_sales_usd")
# Columns that only lock rules ask for; a book without them is planned all the same.
LOCK_COLUMNS = (
    "open_deal_probability_pct",
    "days_to_renewal",
    "days_since_owner_change",
    "is_strategic",
)
NAMES = ("rep_name", "manager_name")
REP_TEXT = ("rep_id", "manager_id", "region", "country", "experience_level", "skill_industries")
REP_AMOUNTS = ("experience_multiplier", "capacity_hours", "effective_capacity_hours")
PLACE = ("latitude", "longitude")


@dataclass(frozen=True)
class AccountArrays:
    """n accounts, sorted by account_id. Text is '' where unknown, numbers NaN."""

    text: dict[str, pl.Series]  # by the names of ACCOUNT_TEXT
    owner_rep_id: pl.Series  # today's owner, active or not; '' without one
    incumbent: Ints  # index into the reps, -1 without an active one
    service_hours: Floats
    visits_per_year: Floats
    potential_usd: Floats
    actual_sales_usd: Floats
    complexity_score: Floats
    tenure_months: Floats
    open_deal_probability_pct: Floats  # highest among open deals, NaN without one
    days_to_renewal: Floats
    days_since_owner_change: Floats
    is_strategic: Floats  # 1, 0 or NaN
    latitude: Floats  # both NaN where either is unknown
    longitude: Floats
    absent_columns: frozenset[str]  # of LOCK_COLUMNS

    @cached_property
    def ids(self) -> list[str]:
        return self.text["account_id"].to_list()

    def __len__(self) -> int:
        return self.incumbent.size

    def find(self, account_ids: Iterable[str]) -> Ints:
        """Index of each account, -1 where the plan has none of that id."""
        return _find(self.text["account_id"], account_ids)


@dataclass(frozen=True)
class RepArrays:
    """J reps and vacant seats, sorted by rep_id. Text is '' where unknown, coordinates NaN."""

    text: dict[str, pl.Series]  # by the names of REP_TEXT, and NAMES
    skills: list[frozenset[str]]
    experience_multiplier: Floats
    capacity_hours: Floats
    effective_capacity_hours: Floats
    full_time_share: Floats  # FTE share x ramp share
    latitude: Floats
    longitude: Floats

    @cached_property
    def ids(self) -> list[str]:
        return self.text["rep_id"].to_list()

    @cached_property
    def labels(self) -> list[str]:
        """What people call each rep: the name, with the id where two share it or it is missing."""
        names = self.text["rep_name"].to_list()
        times = Counter(names)
        return [
            name if name and times[name] == 1 else f"{name} ({rep_id})".strip()
            for name, rep_id in zip(names, self.ids, strict=True)
        ]

    def __len__(self) -> int:
        return self.experience_multiplier.size

    def find(self, rep_ids: Iterable[str]) -> Ints:
        """Index of each rep, -1 where the plan has none of that id."""
        return _find(self.text["rep_id"], rep_ids)


def read_reps(reps: pl.DataFrame) -> RepArrays:
    """Check and sort the reps.

    Raises:
        PlanInputError: a column is missing, a rep stands twice, or an amount is negative, infinite
            or missing.
    """
    _require(reps, REP_TABLE, (*REP_TEXT, *REP_AMOUNTS, "fte_share", "ramp_share", *PLACE))
    frame = _sorted(reps, REP_TABLE, "rep_id")
    multiplier, capacity, effective = (_amount(frame, name, "rep") for name in REP_AMOUNTS)
    weak = np.flatnonzero(multiplier <= 0)
    if weak.size:
        raise PlanInputError(
            f"rep {frame['rep_id'][int(weak[0])]}: experience_multiplier must be above 0"
        )
    latitude, longitude = _coordinates(frame, "rep")
    text = {name: _text(frame, name) for name in REP_TEXT}
    # Only for people: a book without names is planned all the same.
    for name in NAMES:
        text[name] = (
            _text(frame, name)
            if name in frame.columns
            else pl.Series(name, [""] * frame.height, dtype=pl.String)
        )
    return RepArrays(
        text=text,
        skills=[
            frozenset(part.strip() for part in skills.split("|") if part.strip())
            for skills in text["skill_industries"]
        ],
        experience_multiplier=multiplier,
        capacity_hours=capacity,
        effective_capacity_hours=effective,
        full_time_share=_amount(frame, "fte_share", "rep", missing=1.0)
        * _amount(frame, "ramp_share", "rep", missing=1.0),
        latitude=latitude,
        longitude=longitude,
    )


def read_accounts(accounts: pl.DataFrame, reps: RepArrays) -> AccountArrays:
    """Check and sort the accounts; an incumbent that is no rep of the plan counts as none.

    Raises:
        PlanInputError: a column is missing, an account stands twice, or an amount is negative or
            infinite.
    """
    needed = (*ACCOUNT_TEXT, *ACCOUNT_OWNERS, *ACCOUNT_AMOUNTS, "complexity_score", "tenure_months")
    _require(accounts, ACCOUNT_TABLE, (*needed, *PLACE))
    absent = frozenset(name for name in LOCK_COLUMNS if name not in accounts.columns)
    extra = [name for name in LOCK_COLUMNS if name not in absent]
    frame = _sorted(accounts.select(*needed, *PLACE, *extra), ACCOUNT_TABLE, "account_id")
    sales = _amount(frame, "actual_sales_usd", "account", missing=0.0)
    potential = _numbers(frame, "potential_usd")
    potential = np.where(np.isnan(potential), sales, potential)
    latitude, longitude = _coordinates(frame, "account")
    return AccountArrays(
        text={name: _text(frame, name) for name in ACCOUNT_TEXT},
        owner_rep_id=_text(frame, "owner_rep_id"),
        incumbent=reps.find(_text(frame, "incumbent_rep_id")),
        service_hours=_amount(frame, "service_hours", "account"),
        visits_per_year=_amount(frame, "visits_per_year", "account", missing=0.0),
        potential_usd=_checked(potential, frame, "potential_usd", "account"),
        actual_sales_usd=sales,
        complexity_score=_amount(frame, "complexity_score", "account", missing=1.0),
        tenure_months=_numbers(frame, "tenure_months"),
        open_deal_probability_pct=_numbers(frame, "open_deal_probability_pct"),
        days_to_renewal=_numbers(frame, "days_to_renewal"),
        days_since_owner_change=_numbers(frame, "days_since_owner_change"),
        is_strategic=_numbers(frame, "is_strategic"),
        latitude=latitude,
        longitude=longitude,
        absent_columns=absent,
    )


def _require(frame: pl.DataFrame, table: str, columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise PlanInputError(f"{table}: column {missing[0]} is missing")


def _sorted(frame: pl.DataFrame, table: str, key: str) -> pl.DataFrame:
    """The frame by its key, which must be present and unique."""
    empty = frame[key].null_count()
    if empty:
        raise PlanInputError(f"{table}: {key} is empty in {empty} row(s)")
    frame = frame.with_columns(pl.col(key).cast(pl.String)).sort(key)
    repeated = frame[key].filter(frame[key] == frame[key].shift(1))
    if repeated.len():
        times = int((frame[key] == repeated[0]).sum())
        raise PlanInputError(f"{table}: {key} {repeated[0]} stands {times} times")
    return frame


def _find(ids: pl.Series, wanted: Iterable[str]) -> Ints:
    known = pl.DataFrame({"id": ids, "place": np.arange(ids.len(), dtype=np.int64)})
    series = wanted if isinstance(wanted, pl.Series) else pl.Series(list(wanted), dtype=pl.String)
    asked = series.alias("id").to_frame()
    found = asked.join(known, on="id", how="left", maintain_order="left")
    return found["place"].fill_null(-1).to_numpy().astype(np.int64)


def _text(frame: pl.DataFrame, name: str) -> pl.Series:
    return frame[name].cast(pl.String).fill_null("")


def _numbers(frame: pl.DataFrame, name: str) -> Floats:
    """A column as floats, NaN where empty; all NaN where the frame has no such column."""
    if name not in frame.columns:
        return np.full(frame.height, np.nan)
    column = frame[name]
    numbers = column.cast(pl.Float64, strict=False)
    wrong = (numbers.is_null() & column.is_not_null()).arg_true()
    if wrong.len():
        key = "account_id" if "account_id" in frame.columns else "rep_id"
        raise PlanInputError(
            f"{key.removesuffix('_id')} {frame[key][wrong[0]]}: {name} must be a number, found "
            f"'{column[wrong[0]]}' ({wrong.len()} such values)"
        )
    return np.array(numbers.fill_null(float("nan")).to_numpy(), dtype=np.float64)


def _amount(frame: pl.DataFrame, name: str, kind: str, missing: float | None = None) -> Floats:
    values = _numbers(frame, name)
    if missing is not None:
        values[frame[name].is_null().to_numpy()] = missing
    return _checked(values, frame, name, kind)


def _checked(values: Floats, frame: pl.DataFrame, name: str, kind: str) -> Floats:
    wrong = np.flatnonzero(~np.isfinite(values) | (values < 0))
    if wrong.size:
        first = int(wrong[0])
        raise PlanInputError(
            f"{kind} {frame[f'{kind}_id'][first]}: {name} must be a number of at least 0, "
            f"found {values[first]} ({wrong.size} such {kind}s)"
        )
    return values


def _coordinates(frame: pl.DataFrame, kind: str) -> tuple[Floats, Floats]:
    """Latitude and longitude in degrees; both NaN where either is unknown."""
    latitude, longitude = (_numbers(frame, name) for name in PLACE)
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero((np.abs(latitude) > 90) | (np.abs(longitude) > 180))
    if wrong.size:
        first = int(wrong[0])
        raise PlanInputError(
            f"{kind} {frame[f'{kind}_id'][first]}: coordinates {latitude[first]}, "
            f"{longitude[first]} lie outside ±90° latitude and ±180° longitude"
        )
    unknown = np.isnan(latitude) | np.isnan(longitude)
    latitude[unknown] = np.nan
    longitude[unknown] = np.nan
    return latitude, longitude
