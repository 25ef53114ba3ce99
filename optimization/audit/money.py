"""What given pairs of account and rep are worth: travel, expected sales, losses. One row a pair."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from optimization.audit.eligibility import Eligibility
from optimization.audit.ledger import Bools, Floats, Ints, Ledger, positions
from optimization.audit.ownership import Ownership

EARTH_RADIUS_KM = 6371.0088
SENIORITY_SPAN = 0.5
# Trips computed at a time where a rep without a base takes the mean of all others.
BLOCK = 2_000_000


@dataclass(frozen=True)
class Figures:
    """What every account gives with the rep it has, hours, kilometres and USD a year; (n) each."""

    travel_hours: Floats
    distance_km: Floats
    travel_cost_usd: Floats
    expected_sales_usd: Floats
    disruption_loss_usd: Floats
    fit_loss_usd: Floats
    handover_usd: Floats


@dataclass(frozen=True)
class Money:
    """Prices pairs of accounts and reps."""

    ledger: Ledger
    ownership: Ownership
    eligibility: Eligibility

    def figures(self, rep: Ints) -> Figures:
        """Of every account with its rep, (n).

        With nobody (J) or none (-1) nobody travels; the account keeps its sales, wins nothing, and
        loses nothing that is not in the price of leaving it unassigned.
        """
        ledger, policy = self.ledger, self.ledger.policy
        held = np.flatnonzero((rep >= 0) & (rep < ledger.rep_count))
        hours, km, won = np.zeros(rep.size), np.zeros(rep.size), np.zeros(rep.size)
        hours[held], km[held] = self.travel(held, rep[held])
        won[held] = self.win_usd[held] * self._fit(held, rep[held])
        sales = ledger.amount("actual_sales_usd")
        loss, handover, fit_loss = np.zeros(rep.size), np.zeros(rep.size), np.zeros(rep.size)
        fit_loss[held] = np.maximum(self.best_sales[held] - (sales + won)[held], 0.0)
        before = ledger.incumbent[held]
        leaves = held[(before >= 0) & (before != rep[held])]
        relief = self._relief(leaves, rep[leaves])
        loss[leaves] = sales[leaves] * policy.disruption.loss_rate * (1 - relief)
        handover[leaves] = policy.disruption.handover_usd
        return Figures(
            travel_hours=hours,
            distance_km=km,
            travel_cost_usd=km * policy.travel.cost_per_km_usd
            + hours * policy.travel.cost_per_hour_usd,
            expected_sales_usd=sales + won,
            disruption_loss_usd=loss,
            fit_loss_usd=fit_loss,
            handover_usd=handover,
        )

    def distance_km(self, account: Ints, rep: Ints) -> Floats:
        """One way on the road; NaN where either place is unknown and no drive time is listed."""
        _, km = self._one_way(account, rep)
        return km

    def travel(self, account: Ints, rep: Ints) -> tuple[Floats, Floats]:
        """Hours and kilometres a year of the pairs.

        Where a place is unknown, the account's mean over the reps whose trip is known counts.
        """
        hours, km = self._round_trip(account, rep)
        unknown = np.flatnonzero(np.isnan(hours))
        hours[unknown], km[unknown] = self._mean_trip(account[unknown])
        visits = self.ledger.amount("visits_per_year")[account]
        return visits * hours, visits * km

    def _one_way(self, account: Ints, rep: Ints) -> tuple[Floats, Floats]:
        """(hours, km), NaN where unknown."""
        ledger, travel = self.ledger, self.ledger.policy.travel
        km = travel.circuity * great_circle_km(
            ledger.amount("latitude")[account],
            ledger.amount("longitude")[account],
            ledger.of_reps("latitude")[rep],
            ledger.of_reps("longitude")[rep],
        )
        hours = km / travel.speed_km_per_hour
        if self._matrix is not None:
            listed_hours, listed_km, zone, home = self._matrix
            listed = listed_hours[zone[account], home[rep]]
            is_listed = ~np.isnan(listed)
            hours = np.where(is_listed, listed, hours)
            km = np.where(is_listed, listed_km[zone[account], home[rep]], km)
        return hours, km

    def _round_trip(self, account: Ints, rep: Ints) -> tuple[Floats, Floats]:
        """(hours, km) of a visit; a trip longer than the cap counts as far as the cap goes."""
        hours, km = self._one_way(account, rep)
        cap = self.ledger.policy.travel.cap_hours_per_visit
        with np.errstate(invalid="ignore", divide="ignore"):
            part = np.where(2 * hours > cap, cap / (2 * hours), 1.0)
        return 2 * hours * part, 2 * km * part

    def _mean_trip(self, account: Ints) -> tuple[Floats, Floats]:
        """Means over the reps whose trip is known, 0 where none is; equal places once."""
        ledger = self.ledger
        mean_hours, mean_km = np.zeros(account.size), np.zeros(account.size)
        if self._matrix is None:
            reps = np.flatnonzero(~np.isnan(ledger.of_reps("latitude")))
            account = np.where(np.isnan(ledger.amount("latitude")[account]), -1, account)
        else:
            reps = np.arange(ledger.rep_count)
        known = np.flatnonzero(account >= 0) if reps.size else account[:0]
        step = max(BLOCK // max(reps.size, 1), 1)
        for start in range(0, known.size, step):
            some = known[start : start + step]
            hours, km = self._round_trip(
                np.repeat(account[some], reps.size), np.tile(reps, some.size)
            )
            hours, km = hours.reshape(some.size, reps.size), km.reshape(some.size, reps.size)
            count = np.maximum((~np.isnan(hours)).sum(axis=1), 1)
            mean_hours[some] = np.nansum(hours, axis=1) / count
            mean_km[some] = np.nansum(km, axis=1) / count
        return mean_hours, mean_km

    @cached_property
    def _matrix(self) -> tuple[Floats, Floats, Ints, Ints] | None:
        """Listed hours and km (account zone, rep zone), NaN if not; zone of accounts and reps."""
        ledger, rule = self.ledger, self.ledger.policy.travel.matrix
        matrix = ledger.matrix
        if rule is None or matrix is None:
            return None
        matrix = matrix.with_columns(
            pl.col("from_zone", "to_zone").cast(pl.String).str.strip_chars()
        )
        there, home = matrix["to_zone"].unique().sort(), matrix["from_zone"].unique().sort()
        # Zones that the matrix does not know have the last place, where nothing is listed.
        shape = (there.len() + 1, home.len() + 1)
        hours, km = np.full(shape, np.nan), np.full(shape, np.nan)
        row, column = positions(matrix["to_zone"], there), positions(matrix["from_zone"], home)
        hours[row, column] = matrix["hours"].cast(pl.Float64).to_numpy()
        km[row, column] = hours[row, column] * ledger.policy.travel.speed_km_per_hour
        if "km" in matrix.columns:
            given = matrix["km"].cast(pl.Float64).fill_null(np.nan).to_numpy()
            km[row, column] = np.where(np.isnan(given), km[row, column], given)
        return (
            hours,
            km,
            positions(ledger.accounts[rule.account_zone], there),
            positions(ledger.reps[rule.rep_zone], home),
        )

    @cached_property
    def win_usd(self) -> Floats:
        """(n) what a rep of perfect fit wins of the account's whitespace."""
        ledger, response = self.ledger, self.ledger.policy.response
        hours, sales = ledger.amount("service_hours"), ledger.amount("actual_sales_usd")
        needed = float(hours.sum())
        team = float(ledger.of_reps("effective_capacity_hours").sum())
        received = hours * (min(1.0, team / needed) if needed > 0 else 1.0)
        share = response.max_whitespace_share * received / (received + response.half_share_hours)
        return np.maximum(ledger.amount("potential_usd") - sales, 0.0) * share

    @cached_property
    def best_sales(self) -> Floats:
        """(n) expected sales with the best-fitting rep the account may have.

        Fit only falls with missing experience, so the best is the most experienced of those who
        know the industry or the most experienced of those who do not.
        """
        ledger, rows = self.ledger, self.eligibility.reps
        experience = ledger.of_reps("experience_multiplier")
        unit = self.ownership.unit
        kind = self.eligibility.kind[unit]
        best = np.zeros(ledger.account_count)
        for strange in (False, True):
            table = np.zeros((rows.shape[0], len(ledger.industries)))
            for g in range(table.shape[1]):
                among = rows & (ledger.is_stranger[g] == strange)[None, :]
                table[:, g] = np.where(among, experience[None, :], -np.inf).max(
                    axis=1, initial=-np.inf
                )
            top = table[kind, ledger.industry]
            fit = self._shape(np.arange(top.size), top, np.full(top.size, strange))
            best = np.where(np.isfinite(top), np.maximum(best, fit), best)
        holder = self.eligibility.holder[unit]
        held = np.flatnonzero(holder >= 0)
        best[held] = np.maximum(best[held], self._fit(held, holder[held]))
        return ledger.amount("actual_sales_usd") + self.win_usd * best

    def _fit(self, account: Ints, rep: Ints) -> Floats:
        """Share of the possible win that the rep gets."""
        ledger = self.ledger
        strange = ledger.is_stranger[ledger.industry[account], rep]
        return self._shape(account, ledger.of_reps("experience_multiplier")[rep], strange)

    def _shape(self, account: Ints, experience: Floats, strange: Bools) -> Floats:
        response = self.ledger.policy.response
        complexity = self.ledger.amount("complexity_score")[account]
        needed = 1 + np.minimum(np.maximum((complexity - 1) / 2, 0.0), SENIORITY_SPAN)
        short = np.minimum(np.maximum(needed - experience, 0.0), SENIORITY_SPAN)
        return (1 - response.experience_penalty * short / SENIORITY_SPAN) * np.where(
            strange, 1 - response.skill_penalty, 1.0
        )

    def _relief(self, account: Ints, rep: Ints) -> Floats:
        """Share of the loss a new owner avoids."""
        ledger, rule = self.ledger, self.ledger.policy.disruption
        experience = ledger.of_reps("experience_multiplier")
        before = ledger.incumbent[account]
        as_senior = (before >= 0) & (experience[rep] >= experience[np.maximum(before, 0)])
        knows = ledger.is_known[ledger.industry[account], rep]
        return rule.relief_for_experience * as_senior + rule.relief_for_skill * knows


def great_circle_km(lat: Floats, lon: Floats, base_lat: Floats, base_lon: Floats) -> Floats:
    """Great circle in the form of atan2, stable at every distance; degrees, NaN where unknown."""
    phi, psi, turn = np.radians(lat), np.radians(base_lat), np.radians(base_lon - lon)
    across = np.hypot(
        np.cos(psi) * np.sin(turn),
        np.cos(phi) * np.sin(psi) - np.sin(phi) * np.cos(psi) * np.cos(turn),
    )
    along = np.sin(phi) * np.sin(psi) + np.cos(phi) * np.cos(psi) * np.cos(turn)
    return EARTH_RADIUS_KM * np.arctan2(across, along)
