"""What the pairs need to know, gathered from the book: win shares, skills, zones, amounts.

    win share        rho_i = max share * g_i / (g_i + half hours),   g_i = h_i * min(1, 1 / rho)
    win              w_i   = max(potential_i - sales_i, 0) * rho_i

with rho the team's utilisation, required hours over effective capacity. The win share is Little's
(1970) ADBUDG response with exponent 1. What an account calls for in experience is
1 + (complexity - 1) / 2, kept within 1.0 (junior) and 1.5 (senior), as complexity has mean 1.
"""

from typing import TYPE_CHECKING

import numpy as np

from optimization.book.budgets import Budgets
from optimization.book.filters import codes
from optimization.book.resources import Resources
from optimization.book.tables import AccountArrays, Floats, RepArrays
from optimization.book.travel import Trips
from optimization.book.units import Units
from optimization.pairs.inputs import PairInputs
from optimization.policy import Policy, ResponsePolicy

if TYPE_CHECKING:
    from optimization.pairs.territory import TerritoryPairs

EXPERIENCE_SPAN = 0.5


def territory_pairs(inputs: PairInputs, threads: int) -> "TerritoryPairs":
    """The pairs over these inputs; numba is loaded here and not before."""
    from optimization.pairs.territory import TerritoryPairs

    return TerritoryPairs(inputs, threads)


def pair_inputs(
    accounts: AccountArrays,
    reps: RepArrays,
    units: Units,
    resources: Resources,
    budgets: Budgets,
    trips: Trips,
    policy: Policy,
) -> PairInputs:
    """Everything the value of a pair depends on, as plain arrays."""
    code, industries = codes(accounts.text["industry"])
    knows = [[industry in skills for skills in reps.skills] for industry in industries]
    is_known = np.array([bool(industry) for industry in industries], dtype=bool)
    travel, disruption, response = policy.travel, policy.disruption, policy.response
    return PairInputs(
        member=units.member,
        member_first=units.member_first,
        class_of=units.class_of,
        class_reps=units.class_reps,
        fixed=units.fixed,
        nobody_usd=units.nobody_usd,
        latitude=accounts.latitude,
        longitude=accounts.longitude,
        visits=accounts.visits_per_year,
        sales=accounts.actual_sales_usd,
        win_usd=win_usd(accounts, reps, response),
        needed_experience=needed_experience(accounts.complexity_score),
        industry=np.where(is_known[code], code, -1) if code.size else code,
        incumbent=accounts.incumbent,
        service_hours=accounts.service_hours,
        zone=trips.zone,
        move_weight=budgets.weight,
        rep_latitude=reps.latitude,
        rep_longitude=reps.longitude,
        experience_multiplier=reps.experience_multiplier,
        knows=np.array(knows, dtype=bool).reshape(len(industries), len(reps)),
        has_skills=np.array([bool(skills) for skills in reps.skills], dtype=bool),
        rep_zone=trips.rep_zone,
        capacity_hours=resources.clock_scale,
        trip_hours=trips.hours,
        trip_km=trips.km,
        amount=resources.amount,
        counts_above=resources.counts_above,
        scale=resources.scale,
        fill_cap=resources.fill_cap,
        separable_resource=resources.separable,
        clock_resource=resources.clock,
        travel_resource=resources.travel,
        travel_scale=travel.max_hours_per_rep or 1.0,
        margin=response.contribution_margin,
        circuity=travel.circuity,
        speed_km_per_hour=travel.speed_km_per_hour,
        cap_hours_per_visit=travel.cap_hours_per_visit,
        cost_per_km_usd=travel.cost_per_km_usd,
        cost_per_hour_usd=travel.cost_per_hour_usd,
        max_distance_km=travel.max_distance_km or np.inf,
        experience_penalty=response.experience_penalty,
        skill_penalty=response.skill_penalty,
        loss_rate=disruption.loss_rate,
        relief_for_experience=disruption.relief_for_experience,
        relief_for_skill=disruption.relief_for_skill,
        handover_usd=disruption.handover_usd,
    )


def win_usd(accounts: AccountArrays, reps: RepArrays, response: ResponsePolicy) -> Floats:
    """(n) USD of whitespace a year that a rep of perfect fit would win."""
    team = float(reps.effective_capacity_hours.sum())
    required = float(accounts.service_hours.sum())
    received = accounts.service_hours * (min(1.0, team / required) if required > 0 else 1.0)
    share = response.max_whitespace_share * received / (received + response.half_share_hours)
    return np.maximum(accounts.potential_usd - accounts.actual_sales_usd, 0.0) * share


def needed_experience(complexity: Floats) -> Floats:
    """(n) experience multiplier that each account calls for."""
    return 1.0 + np.clip((complexity - 1.0) / 2, 0.0, EXPERIENCE_SPAN)
