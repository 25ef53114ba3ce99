"""Holding plans of overlay roles against the plan they follow, the planning tables and the policy.

Computes teams, hours, pods and ratios again from the tables; shares only the policy with the
planner. What the second role costs, and its bound, `verify_plan` judges on the role's own tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import polars as pl

from optimization.audit.rules import Breaches, Violation
from optimization.policy import Policy
from optimization.policy.overlay import OverlayPolicy

OVERLAY_RULES: dict[str, str] = {
    "overlay_coverage": "every account of a role's filter that the plan gives an owner has one "
    "overlay rep of the role, and no other account has",
    "overlay_team": "overlay reps are the reps with the role's title, or as many seats as the "
    "coverage ratio asks for",
    "overlay_pod": "all covered accounts of a primary rep have the same overlay rep where the unit "
    "is a pod",
    "overlay_ratio": "no overlay rep covers more than the coverage ratio, or the breach is counted",
    "overlay_eligibility": "overlay and primary rep share what the role follows",
    "overlay_hours": "hours are the role's share of the service hours",
    "overlay_moves": "moves and new assignments are what the account teams of today say",
    "overlay_balance": "loads are the sums of the accounts, inside their bands or widened ones",
    "overlay_certificate": "the parts of a role's cost sum to it, and its bound does not exceed it",
}
CENT = 0.01
RELATIVE = 1e-6


@dataclass(frozen=True)
class OverlayBook:
    """What overlay roles are judged by: planning tables, the plan's owners, teams of today."""

    accounts: pl.DataFrame
    reps: pl.DataFrame
    overlay_reps: pl.DataFrame
    members: pl.DataFrame
    assignment: pl.DataFrame


def verify_overlays(
    book: OverlayBook, policy: Policy, frames: Mapping[str, pl.DataFrame]
) -> list[Violation]:
    """Every rule of `OVERLAY_RULES` that is broken; empty for sound plans.

    frames: `plan_overlay_assignment`, `plan_overlay_balance`, `plan_overlay_summary`.
    """
    breaches = Breaches()
    roles = [overlay.role for overlay in policy.overlays]
    for name in ("plan_overlay_assignment", "plan_overlay_balance", "plan_overlay_summary"):
        strange = sorted(set(frames[name]["overlay_role"].to_list()) - set(roles))
        for role in strange:
            breaches.add("overlay_coverage", role, "a role of the policy", "none", name)
    for overlay in policy.overlays:
        mine = pl.col("overlay_role") == overlay.role
        _Role(
            book,
            overlay,
            policy,
            frames["plan_overlay_assignment"].filter(mine),
            frames["plan_overlay_balance"].filter(mine),
            frames["plan_overlay_summary"].filter(mine),
            breaches,
        ).check()
    return breaches.listed()


@dataclass(frozen=True)
class _Role:
    book: OverlayBook
    overlay: OverlayPolicy
    policy: Policy
    assignment: pl.DataFrame
    balance: pl.DataFrame
    summary: pl.DataFrame
    breaches: Breaches

    def check(self) -> None:
        wanted = self._wanted()
        if not self._covers(wanted):
            # Ratios and loads of a plan that misses or doubles accounts say nothing.
            return
        rows = wanted.join(self.assignment, on="account_id", suffix="_published").sort("account_id")
        self._team(rows)
        self._pods(rows)
        self._ratio(rows)
        self._follows(rows)
        self._hours(rows)
        self._moves(rows)
        self._loads(rows)
        self._certificate(rows)

    def _wanted(self) -> pl.DataFrame:
        """The accounts to cover, with primary rep, hours and incumbent as they should be."""
        records = []
        owner = dict(self.book.assignment.select("account_id", "rep_id").iter_rows())
        team = {str(one) for one in self._titled()}
        today: dict[str, str] = {}
        for account_id, rep_id in self.book.members.select("account_id", "rep_id").iter_rows():
            if rep_id in team:
                today[account_id] = min(rep_id, today.get(account_id, rep_id))
        for account in self.book.accounts.to_dicts():
            account_id = str(account["account_id"])
            if owner.get(account_id) is None or not _holds(account, self.overlay.accounts):
                continue
            work = self.overlay.work
            factor = next(
                (rule.factor for rule in work.factors if _holds(account, rule.accounts)), 1.0
            )
            hours = work.share_of_service_hours * factor * float(account["service_hours"])
            records.append(
                {
                    "account_id": account_id,
                    "primary": owner[account_id],
                    "hours": hours + work.hours_per_account,
                    "incumbent": today.get(account_id),
                    "family": account["family_id"],
                    "sales": float(account["actual_sales_usd"] or 0.0),
                    "potential": float(
                        account["actual_sales_usd"] or 0.0
                        if account["potential_usd"] is None
                        else account["potential_usd"]
                    ),
                }
            )
        text = dict.fromkeys(("account_id", "primary", "incumbent", "family"), pl.String())
        numbers = dict.fromkeys(("hours", "sales", "potential"), pl.Float64())
        return pl.DataFrame(records, schema={**text, **numbers})

    def _titled(self) -> list[str]:
        """Reps of the CRM who fill the role."""
        if self.overlay.seats.source == "ratio":
            return []
        return [
            str(rep_id)
            for rep_id, role in self.book.overlay_reps.select("rep_id", "role").iter_rows()
            if any(title in (role or "").lower() for title in self.overlay.titles)
        ]

    def _covers(self, wanted: pl.DataFrame) -> bool:
        given = self.assignment.group_by("account_id").len()
        joined = (
            wanted.select("account_id", right=pl.lit(1))
            .join(given, on="account_id", how="full", coalesce=True)
            .with_columns(pl.col("right", "len").fill_null(0))
            .filter(pl.col("right") != pl.col("len"))
            .sort("account_id")
        )
        for account_id, right, found in joined.iter_rows():
            self._breach("overlay_coverage", account_id, right, found, "rows of the role")
        alone = self.assignment.filter(pl.col("overlay_rep_id").is_null())
        for account_id in alone["account_id"].to_list():
            self._breach("overlay_coverage", account_id, "an overlay rep", None, "who covers it")
        return joined.is_empty() and alone.is_empty()

    def _team(self, rows: pl.DataFrame) -> None:
        listed = sorted(self.balance["overlay_rep_id"].unique().to_list())
        if self.overlay.seats.source == "crm":
            right = sorted(self._titled())
            if listed != right:
                self._breach("overlay_team", self.overlay.role, right, listed, "its reps")
        else:
            needed = self._needed(rows)
            if len(listed) != needed:
                self._breach("overlay_team", self.overlay.role, needed, len(listed), "its seats")
        primaries = set(self.book.reps["rep_id"].cast(pl.String))
        for rep_id in sorted(set(rows["overlay_rep_id"]) - set(listed) | set(listed) & primaries):
            self._breach("overlay_team", rep_id, "an overlay rep of the role", rep_id, "who covers")

    def _needed(self, rows: pl.DataFrame) -> int:
        """Seats that the ratio asks for, in each group that the role keeps apart."""
        groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for row in rows.to_dicts():
            groups.setdefault(self._apart(row["primary"]), []).append(row)
        ratio, needed = self.overlay.coverage, 0
        for members in groups.values():
            amount = {
                "primary_reps": len({one["primary"] for one in members}),
                "accounts": len(members),
                "hours": sum(one["hours"] for one in members),
            }[ratio.measure]
            needed += max(ceil(amount / ratio.per_seat - 1e-9), 1 if amount > 0 else 0)
        return needed

    def _apart(self, primary: str) -> tuple[Any, ...]:
        (rep,) = self.book.reps.filter(pl.col("rep_id").cast(pl.String) == primary).to_dicts()
        return tuple(rep[name] or "" for name in self.overlay.follow)

    def _pods(self, rows: pl.DataFrame) -> None:
        unit, rule = "primary", "overlay_pod"
        if self.overlay.unit == "account":
            if not self.policy.keep_families_together:
                return
            unit = "family"
        split = (
            rows.filter(pl.col(unit).is_not_null())
            .group_by(unit)
            .agg(pl.col("overlay_rep_id").n_unique().alias("reps"))
        )
        for name, count in split.filter(pl.col("reps") > 1).sort(unit).iter_rows():
            self._breach(rule, name, 1, count, "overlay reps")

    def _ratio(self, rows: pl.DataFrame) -> None:
        measure = self.overlay.coverage.measure
        if measure == "hours" or (measure == "primary_reps" and self.overlay.unit == "account"):
            return
        counted = "primary" if measure == "primary_reps" else "account_id"
        share = dict(self.book.overlay_reps.select("rep_id", "fte_share").iter_rows())
        held = rows.group_by("overlay_rep_id").agg(pl.col(counted).n_unique())
        over = []
        for rep_id, count in held.sort("overlay_rep_id").iter_rows():
            part = share.get(rep_id)
            per_seat = self.overlay.coverage.per_seat
            most = ceil(per_seat * (1.0 if part is None else part) - 1e-9)
            over += [(rep_id, most, count)] if count > most else []
        if over and not int(self.summary["relaxed_limits"].sum()):
            for rep_id, most, count in over:
                self._breach("overlay_ratio", rep_id, f"at most {most}", count, measure)

    def _follows(self, rows: pl.DataFrame) -> None:
        waived = int(self.summary["relaxed_limits"].sum())
        reps = {str(one["rep_id"]): one for one in self.book.reps.to_dicts()}
        team = {str(one["rep_id"]): one for one in self.book.overlay_reps.to_dicts()}
        base = dict(self.balance.select("overlay_rep_id", "base_rep_id").unique().iter_rows())
        pairs = rows.select("primary", "overlay_rep_id").unique().sort("primary", "overlay_rep_id")
        for primary, overlay_rep in pairs.iter_rows():
            # A seat from the ratio belongs where the primary rep belongs near whom it is based.
            mine = team.get(overlay_rep) or reps.get(base.get(overlay_rep) or "", {})
            for column in self.overlay.follow:
                one, other = reps[primary][column], mine.get(column)
                if one and other and one != other and not waived:
                    self._breach("overlay_eligibility", overlay_rep, one, other, column)

    def _hours(self, rows: pl.DataFrame) -> None:
        wrong = (pl.col("hours") - pl.col("service_hours")).abs() > RELATIVE * (1 + pl.col("hours"))
        for row in rows.filter(wrong).to_dicts():
            found = row["service_hours"]
            self._breach("overlay_hours", row["account_id"], row["hours"], found, "service_hours")
        strange = rows.filter(pl.col("primary").ne_missing(pl.col("primary_rep_id")))
        for row in strange.to_dicts():
            found = row["primary_rep_id"]
            self._breach("overlay_hours", row["account_id"], row["primary"], found, "primary rep")

    def _moves(self, rows: pl.DataFrame) -> None:
        for row in rows.to_dicts():
            right = (
                row["incumbent"],
                row["incumbent"] is not None and row["incumbent"] != row["overlay_rep_id"],
                row["incumbent"] is None,
            )
            names = ("incumbent_overlay_rep_id", "is_moved", "is_new_assignment")
            found = tuple(row[name] for name in names)
            if right != found:
                self._breach("overlay_moves", row["account_id"], right, found, ", ".join(names))

    def _loads(self, rows: pl.DataFrame) -> None:
        unit = "primary" if self.overlay.unit == "pod" else "account_id"
        bands = {band.metric: band for band in self.overlay.bands}
        parts = rows.partition_by("overlay_rep_id", as_dict=True)
        for row in self.balance.sort("overlay_rep_id", "metric").to_dicts():
            mine = parts.get((row["overlay_rep_id"],), rows.clear())
            metric = row["metric"]
            load = {
                "hours": float(mine["hours"].sum()),
                "sales": float(mine["sales"].sum()),
                "potential": float(mine["potential"].sum()),
                "account_count": mine.height,
                "primary_reps": mine["primary"].n_unique(),
            }.get(metric)
            if load is None:
                continue
            found = row["load_amount"]
            where = f"{row['overlay_rep_id']} {metric}"
            if abs(load - found) > RELATIVE * (1 + load):
                self._breach("overlay_balance", where, load, found, "load_amount")
            band = bands.get(metric)
            if band is None or not row["target_amount"]:
                continue
            target, room = row["target_amount"], (row["relaxation_pct"] or 0.0) / 100
            low = (1 - band.tolerance_pct / 100 - room) * target
            high = (1 + band.tolerance_pct / 100 + room) * target
            # A pod or account larger than the band stands beside it.
            giants = 0.0
            if metric in ("hours", "sales", "potential"):
                units = mine.group_by(unit).agg(pl.col(metric).sum())[metric]
                giants = float(units.filter(units > high * (1 + RELATIVE)).sum())
            slack = RELATIVE * (1 + target)
            if load < low - slack or load - giants > high + slack:
                limits = f"{low:.6g} to {high:.6g}"
                self._breach("overlay_balance", where, limits, load, "inside its band")

    def _certificate(self, rows: pl.DataFrame) -> None:
        role = self.overlay.role
        if self.summary.height != 1:
            self._breach("overlay_certificate", role, 1, self.summary.height, "rows of its summary")
            return
        (row,) = self.summary.to_dicts()
        cost, bound = row["objective_usd"], row["bound_usd"]
        parts = [row[name] for name in row if name.endswith("_cost_usd")]
        if abs(sum(parts) - cost) > CENT * len(parts):
            self._breach("overlay_certificate", role, sum(parts), cost, "objective_usd")
        if bound > cost + CENT:
            self._breach("overlay_certificate", role, f"at most {cost}", bound, "bound_usd")
        travel = float(rows["travel_cost_usd"].sum())
        if abs(travel - row["travel_cost_usd"]) > CENT + RELATIVE * travel:
            self._breach("overlay_certificate", role, travel, row["travel_cost_usd"], "travel cost")
        moved = int(rows["is_moved"].sum())
        counts = {
            "account_count": rows.height,
            "primary_rep_count": rows["primary"].n_unique(),
            "moved_accounts": moved,
            "new_accounts": int(rows["is_new_assignment"].sum()),
            "seat_count": self.balance["overlay_rep_id"].n_unique(),
            "seats_needed": self._needed(rows),
        }
        for name, right in counts.items():
            if row[name] != right:
                self._breach("overlay_certificate", role, right, row[name], name)

    def _breach(self, rule: str, record: str, expected: Any, observed: Any, what: str) -> None:
        where = record if record == self.overlay.role else f"{self.overlay.role}: {record}"
        self.breaches.add(rule, where, expected, observed, what)


def _holds(account: Mapping[str, Any], conditions: Mapping[Any, Sequence[str]]) -> bool:
    return all((account[column] or "") in values for column, values in conditions.items())
