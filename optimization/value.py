"""Value of an account with a rep: travel, expected sales, disruption. Pure functions of arrays.

Every function takes a block of n accounts and all J reps and returns an (n, J) array, so a caller
may evaluate a million accounts block by block without holding all pairs.

    travel hours     tau_ij = visits_i * min(2 * distance_ij * circuity / speed, cap per visit)
    win share        rho_i  = max share * g_i / (g_i + half hours)
                     g_i    = h_i * min(1, 1 / utilisation)
    fit              f_ij   = (1 - e * shortfall_ij / 0.5) * (1 - s * [industry not in skills_j])
    expected sales   S_ij   = s_i + max(potential_i - s_i, 0) * rho_i * f_ij
    disruption loss  D_ij   = s_i * loss rate * (1 - reliefs_ij) for a change of an active incumbent

The win share is Little's (1970) ADBUDG response with exponent 1. The shortfall is by how much the
experience multiplier lies below what the account's complexity calls for: 1 + (c_i - 1) / 2, kept
within 1.0 (junior) and 1.5 (senior), as complexity scores have mean 1.
"""

from dataclasses import dataclass

import numpy as np

from optimization.policy import DisruptionPolicy, Policy, ResponsePolicy, TravelPolicy
from optimization.tables import AccountArrays, Bools, Floats, RepArrays

EARTH_RADIUS_KM = 6371.0088
EXPERIENCE_SPAN = 0.5


@dataclass(frozen=True)
class PairValues:
    """Everything that depends on which rep has which account; (n, J) each, a year."""

    travel_hours: Floats
    distance_km: Floats
    travel_cost_usd: Floats
    expected_sales_usd: Floats
    disruption_loss_usd: Floats


def pair_values(accounts: AccountArrays, reps: RepArrays, policy: Policy) -> PairValues:
    """Evaluate every pair of `accounts` and `reps`."""
    hours = travel_hours(accounts, reps, policy.travel)
    distance = hours * policy.travel.speed_km_per_hour
    knows = industry_known(accounts, reps)
    return PairValues(
        travel_hours=hours,
        distance_km=distance,
        travel_cost_usd=distance * policy.travel.cost_per_km_usd
        + hours * policy.travel.cost_per_hour_usd,
        expected_sales_usd=expected_sales(accounts, reps, knows, policy.response),
        disruption_loss_usd=disruption_loss(accounts, reps, knows, policy.disruption),
    )


def great_circle_km(
    latitude: Floats, longitude: Floats, base_latitude: Floats, base_longitude: Floats
) -> Floats:
    """Haversine distance in km of n points (degrees) to J bases; NaN where either is unknown."""
    phi, base_phi = np.radians(latitude)[:, None], np.radians(base_latitude)[None, :]
    step = np.radians(longitude)[:, None] - np.radians(base_longitude)[None, :]
    half = (
        np.sin((phi - base_phi) / 2) ** 2 + np.cos(phi) * np.cos(base_phi) * np.sin(step / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))


def travel_hours(accounts: AccountArrays, reps: RepArrays, policy: TravelPolicy) -> Floats:
    """Hours on the road a year.

    An account without coordinates: 0 for every rep. A rep without a base: the account's mean over
    the reps that have one, so that nobody gains or loses by a missing address.
    """
    distance = great_circle_km(accounts.latitude, accounts.longitude, reps.latitude, reps.longitude)
    trip = np.minimum(
        2 * distance * policy.circuity / policy.speed_km_per_hour, policy.cap_hours_per_visit
    )
    hours = accounts.visits_per_year[:, None] * trip
    based = ~np.isnan(reps.latitude)
    if based.any():
        mean = hours[:, based].mean(axis=1, keepdims=True)
        hours = np.where(based[None, :], hours, mean)
    return np.nan_to_num(hours, nan=0.0)


def industry_known(accounts: AccountArrays, reps: RepArrays) -> Bools:
    """Whether rep j lists the account's industry among the skills; (n, J)."""
    industries = sorted(set(accounts.text["industry"]))
    row = {industry: index for index, industry in enumerate(industries)}
    table = np.array(
        [[industry in skills for skills in reps.skills] for industry in industries], dtype=bool
    ).reshape(len(industries), len(reps))
    return table[[row[industry] for industry in accounts.text["industry"]]]


def expected_sales(
    accounts: AccountArrays, reps: RepArrays, knows: Bools, policy: ResponsePolicy
) -> Floats:
    """USD a year with rep j: own sales and the whitespace that the account's hours win."""
    team = float(reps.effective_capacity_hours.sum())
    required = float(accounts.service_hours.sum())
    served = min(1.0, team / required) if required > 0 else 1.0
    received = accounts.service_hours * served
    share = policy.max_whitespace_share * received / (received + policy.half_share_hours)
    whitespace = np.maximum(accounts.potential_usd - accounts.actual_sales_usd, 0.0)
    return accounts.actual_sales_usd[:, None] + (whitespace * share)[:, None] * fit(
        accounts, reps, knows, policy
    )


def fit(accounts: AccountArrays, reps: RepArrays, knows: Bools, policy: ResponsePolicy) -> Floats:
    """Share of the possible win that j gets, 0 to 1; unknown industry or skills cost nothing."""
    needed = 1.0 + np.clip((accounts.complexity_score - 1.0) / 2, 0.0, EXPERIENCE_SPAN)
    shortfall = np.clip(needed[:, None] - reps.experience_multiplier[None, :], 0.0, EXPERIENCE_SPAN)
    has_skills = np.array([bool(skills) for skills in reps.skills], dtype=bool)
    has_industry = np.array([bool(industry) for industry in accounts.text["industry"]], dtype=bool)
    stranger = ~knows & has_skills[None, :] & has_industry[:, None]
    return (1.0 - policy.experience_penalty * shortfall / EXPERIENCE_SPAN) * (
        1.0 - policy.skill_penalty * stranger
    )


def disruption_loss(
    accounts: AccountArrays, reps: RepArrays, knows: Bools, policy: DisruptionPolicy
) -> Floats:
    """USD of sales a year lost when the account leaves its incumbent for rep j; 0 without one."""
    has_incumbent = accounts.incumbent >= 0
    previous = np.where(has_incumbent, accounts.incumbent, 0)
    experience = reps.experience_multiplier
    as_experienced = experience[None, :] >= experience[previous][:, None]
    relief = policy.relief_for_experience * as_experienced + policy.relief_for_skill * knows
    changes = has_incumbent[:, None] & (previous[:, None] != np.arange(len(reps))[None, :])
    return accounts.actual_sales_usd[:, None] * policy.loss_rate * (1.0 - relief) * changes
