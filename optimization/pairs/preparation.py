"""From `PairInputs` to what the kernels read: derived once for a plan, and once for new prices."""

import math
from typing import Any

import numpy as np

from optimization.engine.problem import Prices
from optimization.pairs import kernels
from optimization.pairs.blocks import over_blocks
from optimization.pairs.inputs import Bools, Floats, Ints, PairInputs

# Cells of the (class x industry, rep) tables made at a time: 4 million booleans are 4 MB.
TABLE_CELLS = 4_000_000


def prepare(inputs: PairInputs, threads: int) -> kernels.PairData:
    """Everything that does not depend on prices."""
    arc_km = 2 * kernels.EARTH_RADIUS_KM * inputs.circuity  # per radian of half the central angle
    hours_per_radian = 2 * arc_km / inputs.speed_km_per_hour
    round_hours, round_km, is_far_zone = _round_trips(inputs)
    class_size = inputs.class_reps.sum(axis=1)
    # The last row is the unknown industry, which index -1 finds by wrapping around.
    unknown = np.zeros((1, inputs.rep_count), dtype=bool)
    knows = np.concatenate((inputs.knows, unknown))
    is_stranger = np.concatenate((~inputs.knows & inputs.has_skills[None, :], unknown))
    data = kernels.PairData(
        member=inputs.member,
        member_first=inputs.member_first,
        class_of=inputs.class_of,
        class_first=np.concatenate(([0], np.cumsum(class_size))),
        class_rep=np.nonzero(inputs.class_reps)[1],
        fixed=inputs.fixed,
        nobody_usd=inputs.nobody_usd,
        waived=np.zeros(inputs.unit_count, dtype=bool),
        account=_account_columns(inputs, is_stranger),
        tag=np.column_stack((inputs.industry, inputs.incumbent, inputs.zone)),
        move_weight=inputs.move_weight,
        rep=np.column_stack(
            (
                _on_sphere(inputs.rep_latitude, inputs.rep_longitude),
                inputs.experience_multiplier,
            )
        ),
        rep_zone=inputs.rep_zone,
        knows=knows,
        is_stranger=is_stranger,
        round_hours=round_hours,
        round_km=round_km,
        is_far_zone=is_far_zone,
        amount=inputs.amount,
        counts_above=inputs.counts_above,
        fill_cap=inputs.fill_cap,
        terms=kernels.Terms(
            hours_per_radian=hours_per_radian,
            cap_limit=_half_sine(inputs.cap_hours_per_visit / hours_per_radian, beyond=1.0),
            far_limit=_half_sine(inputs.max_distance_km / arc_km, beyond=2.0),
            cap_hours=float(inputs.cap_hours_per_visit),
            speed=float(inputs.speed_km_per_hour),
            cost_per_km=float(inputs.cost_per_km_usd),
            margin=float(inputs.margin),
            shortfall_penalty=float(inputs.experience_penalty) / kernels.EXPERIENCE_SPAN,
            skill_penalty=float(inputs.skill_penalty),
            loss_rate=float(inputs.loss_rate),
            relief_for_experience=float(inputs.relief_for_experience),
            relief_for_skill=float(inputs.relief_for_skill),
            handover_usd=float(inputs.handover_usd),
        ),
    )
    data = data._replace(**{name: _own(value) for name, value in data._asdict().items()})
    _fill_means(data, threads)
    data.waived[:] = _waived(inputs, data, threads)
    return data


def rep_rows(inputs: PairInputs, prices: Prices) -> kernels.RepRows:
    """Prices as USD per hour and per amount at each rep."""
    resource = inputs.separable_resource
    above = (prices.above[:, resource] / inputs.scale).T
    below = (prices.below[:, resource] / inputs.scale).T
    net = prices.above - prices.below  # the fill of hours is their load
    usd_per_hour = inputs.speed_km_per_hour * inputs.cost_per_km_usd + inputs.cost_per_hour_usd
    travel = np.full(inputs.rep_count, usd_per_hour)
    service = np.zeros(inputs.rep_count)
    if inputs.clock_resource >= 0:
        hour = net[:, inputs.clock_resource] / inputs.capacity_hours
        travel += hour
        service = hour / inputs.experience_multiplier
    if inputs.travel_resource >= 0:
        travel += net[:, inputs.travel_resource] / inputs.travel_scale
    return kernels.RepRows(
        travel=_own(travel),
        net=_own(np.vstack((above - below, service[None, :]))),
        above=_own(above),
        below=_own(below),
        budget=_own(prices.budget),
    )


def _own(value: Any) -> Any:
    """Arrays of one layout, so that the kernels are compiled once; other values as they are."""
    return np.require(value, requirements=["C", "W"]) if isinstance(value, np.ndarray) else value


def _account_columns(inputs: PairInputs, is_stranger: Bools) -> Floats:
    """`PairData.account`, (n, 11); the means are filled in later."""
    top = _top_experience(inputs, is_stranger)
    short = np.clip(inputs.needed_experience[:, None] - top, 0.0, kernels.EXPERIENCE_SPAN)
    fit = 1.0 - inputs.experience_penalty * short / kernels.EXPERIENCE_SPAN
    fit *= np.array([1.0, 1.0 - inputs.skill_penalty])
    best = np.where(np.isfinite(top), fit, 0.0).max(axis=1, initial=0.0)
    columns = np.zeros((inputs.account_count, kernels.MEAN_KM + 1))
    columns[:, : kernels.Z + 1] = _on_sphere(inputs.latitude, inputs.longitude)
    columns[:, kernels.VISITS] = inputs.visits
    columns[:, kernels.SALES] = inputs.sales
    columns[:, kernels.WIN] = inputs.win_usd
    columns[:, kernels.BEST] = inputs.win_usd * best
    columns[:, kernels.NEED] = inputs.needed_experience
    columns[:, kernels.SERVICE] = inputs.service_hours
    return columns


def _on_sphere(latitude: Floats, longitude: Floats) -> Floats:
    """Unit vectors, (n, 3); NaN where the place is unknown."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    return np.column_stack(
        (np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi) + 0 * lam)
    )


def _half_sine(angle: float, beyond: float) -> float:
    """sin^2 of half a central angle, `beyond` from half the way round the earth on."""
    return math.sin(angle) ** 2 if angle < math.pi / 2 else beyond


def _round_trips(inputs: PairInputs) -> tuple[Floats, Floats, Bools]:
    """(hours, km, too far) of listed zone pairs; hours capped, km shortened likewise."""
    one_way_km = np.where(
        np.isnan(inputs.trip_km), inputs.trip_hours * inputs.speed_km_per_hour, inputs.trip_km
    )
    hours = np.minimum(2 * inputs.trip_hours, inputs.cap_hours_per_visit)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(inputs.trip_hours > 0, hours / (2 * inputs.trip_hours), 1.0)
        return hours, 2 * one_way_km * share, one_way_km > inputs.max_distance_km


def _top_experience(inputs: PairInputs, is_stranger: Bools) -> Floats:
    """(n, 2) highest experience of a rep that may own the account and is no stranger, or is one."""
    unit_of = np.empty(inputs.account_count, dtype=np.int64)
    unit_of[inputs.member] = np.repeat(np.arange(inputs.unit_count), np.diff(inputs.member_first))
    rows = is_stranger.shape[0]
    industry = np.where(inputs.industry < 0, rows - 1, inputs.industry)
    keys, place = np.unique(inputs.class_of[unit_of] * rows + industry, return_inverse=True)
    table = np.empty((keys.size, 2))
    step = max(TABLE_CELLS // max(inputs.rep_count, 1), 1)
    for start in range(0, keys.size, step):
        part = keys[start : start + step]
        may, strange = inputs.class_reps[part // rows], is_stranger[part % rows]
        for kind, chosen in enumerate((may & ~strange, may & strange)):
            experience = np.where(chosen, inputs.experience_multiplier[None, :], -np.inf)
            table[start : start + step, kind] = experience.max(axis=1, initial=-np.inf)
    top = table[place]
    # A lock or an assignment may name a rep outside the class.
    holder = inputs.fixed[unit_of]
    held = np.flatnonzero(holder >= 0)
    column = is_stranger[industry[held], holder[held]].astype(np.int64)
    top[held, column] = np.maximum(top[held, column], inputs.experience_multiplier[holder[held]])
    return top


def _fill_means(data: kernels.PairData, threads: int) -> None:
    """Mean trips of the accounts to which some trip is unknown."""
    is_located = ~np.isnan(data.account[:, kernels.X])
    needs = is_located | (data.tag[:, kernels.ZONE] >= 0)
    if not np.isnan(data.rep[:, kernels.X]).any():
        needs &= ~is_located
    accounts: Ints = np.flatnonzero(needs)
    over_blocks(
        lambda start, end: kernels.mean_trips(data, accounts[start:end]),
        accounts.size,
        data.rep.shape[0],
        threads,
    )


def _waived(inputs: PairInputs, data: kernels.PairData, threads: int) -> Bools:
    """Units that need an owner and have none within the maximum distance."""
    waived = np.zeros(inputs.unit_count, dtype=bool)
    if math.isinf(inputs.max_distance_km):
        return waived
    asked = np.flatnonzero((inputs.fixed < 0) & np.isinf(inputs.nobody_usd))
    waived[asked[allowed_counts(data, asked, threads) == 0]] = True
    return waived


def allowed_counts(data: kernels.PairData, units: Ints, threads: int) -> Ints:
    """Number of allowed reps of each unit, nobody among them."""
    counts = np.zeros(units.size, dtype=np.int64)
    none = np.zeros(0, dtype=np.int64)
    over_blocks(
        lambda start, end: kernels.allowed(data, units[start:end], counts[start:end], none, True),
        units.size,
        data.rep.shape[0],
        threads,
    )
    return counts
