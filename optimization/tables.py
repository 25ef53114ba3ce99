"""Planning tables as sorted, checked arrays. Sorting here makes a plan independent of row order."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from optimization.errors import PlanInputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ACCOUNT_TEXT = ("account_id", "family_id", "segment", "industry", "country", "state")
ACCOUNT_OWNERS = ("owner_rep_id", "incumbent_rep_id")
ACCOUNT_AMOUNTS = ("service_hours", "visits_per_year", "potential_usd", "actual_sales_usd")
REP_TEXT = ("rep_id", "manager_id", "region", "country", "experience_level", "skill_industries")
OVERRIDE_ACTIONS = ("lock", "assign", "forbid")


@dataclass(frozen=True)
class AccountArrays:
    """n accounts, sorted by account_id. Text is '' where unknown, coordinates NaN."""

    text: dict[str, list[str]]
    owner_rep_id: list[str]
    incumbent: Ints  # index into the reps, -1 without one
    service_hours: Floats
    visits_per_year: Floats
    potential_usd: Floats
    actual_sales_usd: Floats
    complexity_score: Floats
    tenure_months: Floats  # NaN where unknown
    latitude: Floats
    longitude: Floats

    @property
    def ids(self) -> list[str]:
        return self.text["account_id"]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class RepArrays:
    """J reps and vacant seats, sorted by rep_id. Text is '' where unknown, coordinates NaN."""

    text: dict[str, list[str]]
    skills: list[frozenset[str]]
    experience_multiplier: Floats
    capacity_hours: Floats
    effective_capacity_hours: Floats
    full_time_share: Floats  # FTE share x ramp share
    latitude: Floats
    longitude: Floats

    @property
    def ids(self) -> list[str]:
        return self.text["rep_id"]

    @cached_property
    def labels(self) -> list[str]:
        """What people call each rep: the name, with the id where two share it or it is missing."""
        names = self.text["rep_name"]
        return [
            name if name and names.count(name) == 1 else f"{name} ({rep_id})".strip()
            for name, rep_id in zip(names, self.ids, strict=True)
        ]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Override:
    """One manual decision about one account; `row` counts from 1 in the order of the file."""

    row: int
    account_id: str
    action: str
    rep_id: str


def read_reps(reps: pl.DataFrame) -> RepArrays:
    """Check and sort the reps.

    Raises:
        PlanInputError: a column is missing, a rep stands twice, or an amount is negative, infinite
            or missing.
    """
    amounts = ("experience_multiplier", "capacity_hours", "effective_capacity_hours")
    _require(reps, "int_plan__rep", (*REP_TEXT, *amounts, "fte_share", "ramp_share"))
    _require(reps, "int_plan__rep", ("latitude", "longitude"))
    frame = reps.sort("rep_id")
    _unique(frame, "int_plan__rep", "rep_id")
    ids = frame["rep_id"].to_list()
    multiplier, capacity, effective = (_amount(frame, name, "rep", ids) for name in amounts)
    weak = np.flatnonzero(multiplier <= 0)
    if weak.size:
        raise PlanInputError(f"rep {ids[weak[0]]}: experience_multiplier must be above 0")
    latitude, longitude = _coordinates(frame, "rep", ids)
    text = {name: _text(frame, name) for name in REP_TEXT}
    # Only for people: a book without names is planned all the same.
    text["rep_name"] = (
        _text(frame, "rep_name") if "rep_name" in frame.columns else [""] * frame.height
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
        full_time_share=_amount(frame, "fte_share", "rep", ids, missing=1.0)
        * _amount(frame, "ramp_share", "rep", ids, missing=1.0),
        latitude=latitude,
        longitude=longitude,
    )


def read_accounts(accounts: pl.DataFrame, reps: RepArrays) -> AccountArrays:
    """Check and sort the accounts; an incumbent that is no rep of the plan counts as none.

    Raises:
        PlanInputError: a column is missing, an account stands twice, or an amount is negative or
            infinite.
    """
    _require(accounts, "int_plan__account", (*ACCOUNT_TEXT, *ACCOUNT_OWNERS, *ACCOUNT_AMOUNTS))
    _require(accounts, "int_plan__account", ("complexity_score", "tenure_months"))
    _require(accounts, "int_plan__account", ("latitude", "longitude"))
    frame = accounts.sort("account_id")
    _unique(frame, "int_plan__account", "account_id")
    ids = frame["account_id"].to_list()
    place = {rep_id: j for j, rep_id in enumerate(reps.ids)}
    hours = _amount(frame, "service_hours", "account", ids)
    sales = _amount(frame, "actual_sales_usd", "account", ids, missing=0.0)
    potential = frame["potential_usd"].cast(pl.Float64).to_numpy().copy()
    potential = np.where(np.isnan(potential), sales, potential)
    tenure = frame["tenure_months"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    latitude, longitude = _coordinates(frame, "account", ids)
    return AccountArrays(
        text={name: _text(frame, name) for name in ACCOUNT_TEXT},
        owner_rep_id=_text(frame, "owner_rep_id"),
        incumbent=np.array(
            [place.get(rep_id, -1) for rep_id in frame["incumbent_rep_id"].to_list()],
            dtype=np.int64,
        ),
        service_hours=hours,
        visits_per_year=_amount(frame, "visits_per_year", "account", ids, missing=0.0),
        potential_usd=_checked(potential, "potential_usd", "account", ids),
        actual_sales_usd=sales,
        complexity_score=_amount(frame, "complexity_score", "account", ids, missing=1.0),
        tenure_months=tenure,
        latitude=latitude,
        longitude=longitude,
    )


def read_overrides(overrides: pl.DataFrame) -> list[Override]:
    """Manual decisions in a total order.

    Raises:
        PlanInputError: a column is missing or an action is unknown.
    """
    _require(overrides, "stg_plan__override", ("account_id", "action", "rep_id"))
    rows = [
        Override(row, account_id or "", (action or "").strip().lower(), rep_id or "")
        for row, (account_id, action, rep_id) in enumerate(
            overrides.select("account_id", "action", "rep_id").iter_rows(), start=1
        )
    ]
    for one in rows:
        if one.action not in OVERRIDE_ACTIONS:
            raise PlanInputError(
                f"override row {one.row} (account {one.account_id}): unknown action "
                f"'{one.action}'; use lock, assign or forbid"
            )
        if one.action != "lock" and not one.rep_id:
            raise PlanInputError(
                f"override row {one.row} (account {one.account_id}): "
                f"action {one.action} needs a rep_id"
            )
    return sorted(rows, key=lambda one: (one.account_id, one.action, one.rep_id, one.row))


def _require(frame: pl.DataFrame, table: str, columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise PlanInputError(f"{table}: column {missing[0]} is missing")


def _unique(frame: pl.DataFrame, table: str, key: str) -> None:
    if frame[key].null_count():
        raise PlanInputError(f"{table}: {key} is empty in {frame[key].null_count()} row(s)")
    twice = frame.filter(pl.col(key).is_duplicated())
    if twice.height:
        raise PlanInputError(f"{table}: {key} {twice[key][0]} stands {twice.height} times")


def _text(frame: pl.DataFrame, name: str) -> list[str]:
    return frame[name].cast(pl.String).fill_null("").to_list()


def _amount(
    frame: pl.DataFrame, name: str, kind: str, ids: list[str], missing: float | None = None
) -> Floats:
    column = frame[name].cast(pl.Float64)
    if missing is not None:
        column = column.fill_null(missing)
    return _checked(column.to_numpy(), name, kind, ids)


def _checked(values: Floats, name: str, kind: str, ids: list[str]) -> Floats:
    wrong = np.flatnonzero(~np.isfinite(values) | (values < 0))
    if wrong.size:
        raise PlanInputError(
            f"{kind} {ids[wrong[0]]}: {name} must be a number of at least 0, "
            f"found {values[wrong[0]]} ({wrong.size} such {kind}s)"
        )
    return np.ascontiguousarray(values, dtype=np.float64)


def _coordinates(frame: pl.DataFrame, kind: str, ids: list[str]) -> tuple[Floats, Floats]:
    """Latitude and longitude in degrees; both NaN where either is unknown."""
    latitude, longitude = (
        frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
        for name in ("latitude", "longitude")
    )
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero((np.abs(latitude) > 90) | (np.abs(longitude) > 180))
    if wrong.size:
        raise PlanInputError(
            f"{kind} {ids[wrong[0]]}: coordinates {latitude[wrong[0]]}, {longitude[wrong[0]]} "
            "lie outside ±90° latitude and ±180° longitude"
        )
    unknown = np.isnan(latitude) | np.isnan(longitude)
    latitude[unknown] = np.nan
    longitude[unknown] = np.nan
    return latitude, longitude
