"""A planning book under the benchmark policy as plain arrays, by formulas written out once more.

Rivals plan with these arrays and `benchmarks.yardstick` judges every plan by them, the engine's
included. Nothing here comes from `optimization` but the reader of the policy file: the formulas are
those of DESIGN.md and docs, so that an error of the engine cannot hide in its own judge.

Only what `scale_policy.yaml` uses is known here: bands over all accounts, families, locks by rule,
manual locks, assignments and forbidden reps, a budget of moved sales, priced overtime.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.books import Book

if TYPE_CHECKING:
    from optimization import Policy

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

POLICY_FILE = Path(__file__).parent / "scale_policy.yaml"
METRICS = ("hours", "potential", "sales", "account_count")
EARTH_RADIUS_KM = 6371.0088
# Accounts evaluated at a time against all reps: 4 million doubles are 32 MB.
BLOCK_PAIRS = 4_000_000


def scale_policy() -> "Policy":
    """The policy of the benchmarks."""
    from optimization import load_policy

    return load_policy(POLICY_FILE)


@dataclass(frozen=True)
class Accounts:
    """n accounts, by account_id; amounts a year."""

    ids: pl.Series
    unit: Ints  # family
    incumbent: Ints  # -1: none
    load: Floats  # (n, 4) in the order of METRICS
    visits: Floats
    sales: Floats
    win_usd: Floats  # what a rep of perfect fit would win of the whitespace
    needed_experience: Floats
    industry: Ints
    latitude: Floats
    longitude: Floats

    def __len__(self) -> int:
        return self.unit.size


@dataclass(frozen=True)
class Reps:
    """J reps, by rep_id."""

    ids: list[str]
    multiplier: Floats
    capacity_hours: Floats
    weight: Floats  # (J, 4) share of each metric's total
    latitude: Floats
    longitude: Floats
    knows: Bools  # (industries, J) the industry is among the rep's skills
    has_skills: Bools  # (J) no skills listed cost nothing

    @cached_property
    def is_stranger(self) -> Bools:
        """(industries, J) lists skills, and not this one."""
        return ~self.knows & self.has_skills

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Bands:
    """Targets of the four metrics, giants truncated; (J, 4)."""

    target: Floats
    lower: Floats
    upper: Floats
    is_giant: Bools  # (U, 4)
    tolerance: Floats  # (4) share


@dataclass(frozen=True)
class Case:
    """Everything a plan is made from and judged by.

    fixed: (U) the only rep a unit may have, -1: any. forbidden: (unit, rep) pairs.
    """

    policy: "Policy"
    accounts: Accounts
    reps: Reps
    fixed: Ints
    forbidden: tuple[tuple[int, int], ...]
    bands: Bands

    @cached_property
    def unit_load(self) -> Floats:
        """(U, 4)"""
        return _by_unit(self.accounts.unit, self.accounts.load)

    @property
    def unit_count(self) -> int:
        return self.fixed.size

    @cached_property
    def anchor(self) -> Ints:
        """(U) the account with the most service hours of each unit."""
        order = np.lexsort((-self.accounts.load[:, 0], self.accounts.unit))
        first = np.searchsorted(self.accounts.unit[order], np.arange(self.unit_count))
        return order[first]

    @cached_property
    def best_expected_usd(self) -> Floats:
        """(n) expected sales with the best-fitting rep."""
        best = np.zeros(len(self.accounts))
        for multiplier in np.unique(self.reps.multiplier):
            these = self.reps.multiplier == multiplier
            always_stranger = np.all(self.reps.is_stranger[:, these], axis=1)
            fit = self._fit(self.accounts, multiplier, always_stranger[self.accounts.industry])
            np.maximum(best, fit, out=best)
        return self.accounts.sales + self.accounts.win_usd * best

    def _fit(self, accounts: Accounts, multiplier: Floats | float, is_stranger: Bools) -> Floats:
        response = self.policy.response
        shortfall = np.clip(accounts.needed_experience - multiplier, 0.0, 0.5)
        skill = 1 - response.skill_penalty * is_stranger
        return (1 - response.experience_penalty * shortfall / 0.5) * skill

    def pairs(self, account: Ints, rep: Ints) -> "PairAmounts":
        """Amounts of the pairs (account[k], rep[k])."""
        accounts, reps, policy = self.accounts, self.reps, self.policy
        hours = self._travel_hours(account, rep)
        mine = _take(accounts, account)
        fit = self._fit(mine, reps.multiplier[rep], reps.is_stranger[mine.industry, rep])
        moved = (mine.incumbent >= 0) & (mine.incumbent != rep)
        before = np.where(moved, mine.incumbent, rep)
        relief = policy.disruption.relief_for_skill * reps.knows[mine.industry, rep]
        relief += policy.disruption.relief_for_experience * (
            reps.multiplier[rep] >= reps.multiplier[before]
        )
        travel = policy.travel
        per_hour = travel.speed_km_per_hour * travel.cost_per_km_usd + travel.cost_per_hour_usd
        return PairAmounts(
            travel_hours=hours,
            travel_cost_usd=hours * per_hour,
            expected_usd=mine.sales + mine.win_usd * fit,
            disruption_usd=mine.sales * policy.disruption.loss_rate * (1 - relief) * moved,
            handover_usd=policy.disruption.handover_usd * moved,
            clock_hours=hours + mine.load[:, 0] / reps.multiplier[rep],
        )

    def unit_pairs(self) -> tuple[Floats, Floats]:
        """Cost in USD and clock hours of every unit with every rep; (U, J) each."""
        reps = len(self.reps)
        cost = np.zeros((self.unit_count, reps))
        clock = np.zeros((self.unit_count, reps))
        margin = self.policy.response.contribution_margin
        step = max(BLOCK_PAIRS // reps, 1)
        for start in range(0, len(self.accounts), step):
            account = np.arange(start, min(start + step, len(self.accounts)))
            rows = np.repeat(account, reps)
            amounts = self.pairs(rows, np.tile(np.arange(reps), account.size))
            fit_loss = np.maximum(self.best_expected_usd[rows] - amounts.expected_usd, 0.0)
            usd = amounts.travel_cost_usd + amounts.handover_usd
            usd += margin * (amounts.disruption_usd + fit_loss)
            unit = self.accounts.unit[account]
            np.add.at(cost, unit, usd.reshape(-1, reps))
            np.add.at(clock, unit, amounts.clock_hours.reshape(-1, reps))
        return cost, clock

    def _travel_hours(self, account: Ints, rep: Ints) -> Floats:
        travel, accounts, reps = self.policy.travel, self.accounts, self.reps
        km = great_circle_km(
            accounts.latitude[account],
            accounts.longitude[account],
            reps.latitude[rep],
            reps.longitude[rep],
        )
        trip = 2 * km * travel.circuity / travel.speed_km_per_hour
        return accounts.visits[account] * np.minimum(trip, travel.cap_hours_per_visit)


@dataclass(frozen=True)
class PairAmounts:
    """What pairs of account and rep amount to a year; sales-side amounts before margin."""

    travel_hours: Floats
    travel_cost_usd: Floats
    expected_usd: Floats
    disruption_usd: Floats
    handover_usd: Floats
    clock_hours: Floats


def great_circle_km(lat: Floats, lon: Floats, to_lat: Floats, to_lon: Floats) -> Floats:
    """Haversine distance; degrees in, kilometres out, broadcasting."""
    phi, to_phi = np.radians(lat), np.radians(to_lat)
    half = np.sin((to_phi - phi) / 2) ** 2
    half = half + np.cos(phi) * np.cos(to_phi) * np.sin(np.radians(to_lon - lon) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half))


def build_case(book: Book, policy: "Policy") -> Case:
    """The arrays of a book under the benchmark policy."""
    rep_frame = book.reps.sort("rep_id")
    frame = book.accounts.sort("account_id")
    industries = frame["industry"].unique().sort().to_list()
    reps = _reps(rep_frame, industries)
    rep_at = {rep_id: j for j, rep_id in enumerate(reps.ids)}
    accounts = _accounts(frame, rep_frame, industries, rep_at, policy)
    units = int(accounts.unit.max()) + 1
    fixed = _fixed(frame, book.overrides, accounts, rep_at, policy, units)
    forbid = book.overrides.filter(pl.col("action") == "forbid")
    account_at = _places(accounts.ids, forbid["account_id"])
    forbidden = tuple(
        (int(accounts.unit[i]), rep_at[rep])
        for i, rep in zip(account_at, forbid["rep_id"], strict=True)
    )
    bands = _bands(_by_unit(accounts.unit, accounts.load), reps.weight, fixed, policy)
    return Case(policy, accounts, reps, fixed, forbidden, bands)


def _accounts(
    frame: pl.DataFrame,
    reps: pl.DataFrame,
    industries: list[str],
    rep_at: dict[str, int],
    policy: "Policy",
) -> Accounts:
    hours, potential, sales = (
        frame[name].to_numpy() for name in ("service_hours", "potential_usd", "actual_sales_usd")
    )
    # A team too small for its book serves every account for fewer hours than it needs.
    served = min(1.0, reps["effective_capacity_hours"].sum() / hours.sum()) * hours
    response = policy.response
    win_share = response.max_whitespace_share * served / (served + response.half_share_hours)
    return Accounts(
        ids=frame["account_id"],
        unit=frame["family_id"].rank("dense").to_numpy().astype(np.int64) - 1,
        incumbent=_codes(frame["incumbent_rep_id"], rep_at),
        load=np.column_stack((hours, potential, sales, np.ones(frame.height))),
        visits=frame["visits_per_year"].to_numpy(),
        sales=sales,
        win_usd=np.maximum(potential - sales, 0.0) * win_share,
        needed_experience=1 + np.clip((frame["complexity_score"].to_numpy() - 1) / 2, 0.0, 0.5),
        industry=_codes(frame["industry"], {name: i for i, name in enumerate(industries)}),
        latitude=frame["latitude"].to_numpy(),
        longitude=frame["longitude"].to_numpy(),
    )


def _reps(frame: pl.DataFrame, industries: list[str]) -> Reps:
    skills = [set((text or "").split("|")) - {""} for text in frame["skill_industries"]]
    knows = [[name in known for known in skills] for name in industries]
    by_capacity = frame["effective_capacity_hours"].to_numpy()
    by_head = (frame["fte_share"] * frame["ramp_share"]).to_numpy()
    weight = np.column_stack((by_capacity, by_capacity, by_capacity, by_head))
    return Reps(
        ids=frame["rep_id"].to_list(),
        multiplier=frame["experience_multiplier"].to_numpy(),
        capacity_hours=frame["capacity_hours"].to_numpy(),
        weight=weight / weight.sum(axis=0),
        latitude=frame["latitude"].to_numpy(),
        longitude=frame["longitude"].to_numpy(),
        knows=np.array(knows),
        has_skills=np.array([bool(known) for known in skills]),
    )


def _fixed(
    frame: pl.DataFrame,
    overrides: pl.DataFrame,
    accounts: Accounts,
    rep_at: dict[str, int],
    policy: "Policy",
    units: int,
) -> Ints:
    """The rep each unit is held by: an assignment, else the rep with its largest locked sales."""
    locked = np.zeros(len(accounts), dtype=bool)
    for rule in policy.locks:
        matched = pl.Series([True]).new_from_index(0, frame.height)
        if rule.open_deal_probability_from_pct is not None:
            matched &= frame["open_deal_probability_pct"] >= rule.open_deal_probability_from_pct
        if rule.owner_changed_within_days is not None:
            matched &= frame["days_since_owner_change"] <= rule.owner_changed_within_days
        if rule.strategic is not None:
            matched &= frame["is_strategic"] == rule.strategic
        locked |= matched.fill_null(False).to_numpy()
    manual = overrides.filter(pl.col("action") == "lock")["account_id"]
    locked[_places(accounts.ids, manual)] = True
    held = np.flatnonzero(locked & (accounts.incumbent >= 0))
    locks = (
        pl.DataFrame(
            {
                "unit": accounts.unit[held],
                "rep": accounts.incumbent[held],
                "sales": accounts.sales[held],
            }
        )
        .group_by("unit", "rep")
        .agg(pl.col("sales").sum())
        .sort("unit", -pl.col("sales"), "rep")
        .unique("unit", keep="first")
    )
    fixed = np.full(units, -1, dtype=np.int64)
    fixed[locks["unit"].to_numpy()] = locks["rep"].to_numpy()
    assign = overrides.filter(pl.col("action") == "assign")
    at = _places(accounts.ids, assign["account_id"])
    fixed[accounts.unit[at]] = [rep_at[rep] for rep in assign["rep_id"]]
    return fixed


def _bands(load: Floats, weight: Floats, fixed: Ints, policy: "Policy") -> Bands:
    """Targets by weight. Units larger than every band that may hold them count at that band."""
    shape = weight.shape
    target = np.zeros(shape)
    giants = np.zeros(load.shape, dtype=bool)
    by_metric = {str(band.metric): band.tolerance_pct / 100 for band in policy.metrics}
    tolerance = np.array([by_metric[metric] for metric in METRICS])
    for k in range(shape[1]):
        share = np.where(fixed >= 0, weight[np.maximum(fixed, 0), k], weight[:, k].max())
        cap = (1 + tolerance[k]) * share
        total = load[:, k].sum()
        while True:
            giant = giants[:, k] | (load[:, k] > cap * total * (1 + 1e-9))
            rest = 1 - cap[giant].sum()
            if (giant == giants[:, k]).all() or rest < 0.02:
                break
            giants[:, k] = giant
            total = load[~giant, k].sum() / rest
        target[:, k] = weight[:, k] * total
    return Bands(target, (1 - tolerance) * target, (1 + tolerance) * target, giants, tolerance)


def _by_unit(unit: Ints, values: Floats) -> Floats:
    return np.column_stack(
        [np.bincount(unit, weights=values[:, k]) for k in range(values.shape[1])]
    )


def _codes(names: pl.Series, place: dict[str, int]) -> Ints:
    return names.replace_strict(place, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()


def _places(ids: pl.Series, wanted: pl.Series) -> Ints:
    """Rows of the sorted `ids` that hold the wanted ones."""
    return ids.search_sorted(wanted).to_numpy().astype(np.int64)


def _take(accounts: Accounts, at: Ints) -> Accounts:
    arrays = {name: value[at] for name, value in vars(accounts).items() if name != "ids"}
    return Accounts(ids=accounts.ids, **arrays)
