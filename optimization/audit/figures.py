"""Whether the figures, flags and runners-up of plan_assignment are what its owners give."""

import numpy as np
import polars as pl

from optimization.audit.ledger import Bools, Floats, Ints, positions
from optimization.audit.money import Figures, Money
from optimization.audit.owners import is_exempt, is_far
from optimization.audit.rules import Breaches

# Hours, kilometres and USD are published with at least four decimals.
ROOM, RELATIVE_ROOM = 2e-4, 1e-9


def check_accounts(
    money: Money,
    owner: Ints,
    assignment: pl.DataFrame,
    proposed: Figures,
    current: Figures,
    breaches: Breaches,
) -> None:
    """owner: (n), J for nobody; assignment: by account_id."""
    ledger = money.ledger
    owned = ledger.incumbent >= 0
    margin = ledger.policy.response.contribution_margin

    def today(values: Floats) -> Floats:
        return np.where(owned, values, np.nan)

    expected: dict[str, Floats] = {
        "service_hours": ledger.amount("service_hours"),
        "visits_per_year": ledger.amount("visits_per_year"),
        "travel_hours": proposed.travel_hours,
        "distance_km": proposed.distance_km,
        "current_travel_hours": today(current.travel_hours),
        "current_distance_km": today(current.distance_km),
        "expected_sales_usd": proposed.expected_sales_usd,
        "current_expected_sales_usd": today(current.expected_sales_usd),
        "travel_cost_usd": proposed.travel_cost_usd,
        "disruption_loss_usd": proposed.disruption_loss_usd,
        "fit_loss_usd": proposed.fit_loss_usd,
        "handover_usd": proposed.handover_usd,
        "value_usd": margin * (proposed.expected_sales_usd - proposed.disruption_loss_usd)
        - proposed.travel_cost_usd
        - proposed.handover_usd,
    }
    for column, right in expected.items():
        wrong = differs(assignment[column], right)
        breaches.add_all(
            "account_values",
            ledger.ids.gather(wrong).to_list(),
            [None if np.isnan(value) else value for value in right[wrong].tolist()],
            assignment[column].gather(wrong).to_list(),
            column,
        )
    _flags(money, owner, assignment, breaches)


def _flags(money: Money, owner: Ints, assignment: pl.DataFrame, breaches: Breaches) -> None:
    ledger, ownership = money.ledger, money.ownership
    names = pl.Series([*ledger.rep_ids, None], dtype=pl.String)
    incumbent, given = ledger.incumbent, owner < ledger.rep_count
    owned = incumbent >= 0
    had_owner = (ledger.accounts["owner_rep_id"] != "").to_numpy()
    previous = ledger.accounts.select(
        pl.when(pl.col("owner_rep_id") != "").then("owner_rep_id").alias("previous")
    )["previous"]
    flags: dict[str, pl.Series] = {
        "incumbent_rep_id": names.gather(np.where(owned, incumbent, ledger.rep_count)),
        "previous_rep_id": previous,
        "is_moved": pl.Series(owned & (incumbent != owner)),
        "is_forced_move": pl.Series(had_owner & ~owned & given),
        "is_new_assignment": pl.Series(~had_owner & ~owned & given),
        "is_locked": pl.Series(ownership.holder[ownership.unit] >= 0),
        "unassigned": pl.Series(~given),
    }
    for column, right in flags.items():
        wrong = np.flatnonzero(assignment[column].ne_missing(right).to_numpy())
        breaches.add_all(
            "move_flags",
            ledger.ids.gather(wrong).to_list(),
            right.gather(wrong).to_list(),
            assignment[column].gather(wrong).to_list(),
            column,
        )


def check_runners_up(
    money: Money, owner: Ints, assignment: pl.DataFrame, breaches: Breaches
) -> None:
    """Another rep that the unit may have, and what it would cost; none only where there is none."""
    ledger, unit = money.ledger, money.ownership.unit
    named = assignment["runner_up_rep_id"]
    place = positions(named, ledger.reps["rep_id"])
    delta = numbers(assignment["runner_up_delta_usd"])
    without = named.is_null().to_numpy()
    known = place >= 0
    at = np.where(known, place, 0)
    sound = known & (place != owner) & (delta >= 0)
    sound[known] &= money.eligibility.is_allowed(unit[known], at[known])
    sound[sound] &= ~_is_barred(money, np.flatnonzero(sound), place)
    sound |= without & np.isnan(delta) & ~_has_other(money, owner)
    wrong = np.flatnonzero(~sound)
    breaches.add_all(
        "runner_up",
        ledger.ids.gather(wrong).to_list(),
        ["another allowed rep, delta >= 0"] * wrong.size,
        [f"{rep} at {value}" for rep, value in zip(named.gather(wrong), delta[wrong], strict=True)],
        "rep and delta",
    )


def _is_barred(money: Money, accounts: Ints, place: Ints) -> Bools:
    """Whether the runner-up lies too far from its account, in a unit that has nearer reps."""
    barred = is_far(money, accounts, place[accounts])
    unit = money.ownership.unit[accounts]
    for u in np.unique(unit[barred]).tolist():
        if is_exempt(money, u):
            barred &= unit != u
    return barred


def _has_other(money: Money, owner: Ints) -> Bools:
    """(n) whether some other rep may own the unit for certain; distances may rule it out."""
    ledger, rows, unit = money.ledger, money.eligibility, money.ownership.unit
    if ledger.policy.travel.max_distance_km is not None or not ledger.rep_count:
        return np.zeros(owner.size, dtype=bool)
    kind = rows.kind[unit]
    choice = rows.reps.sum(axis=1)[kind]
    given = owner < ledger.rep_count
    mine = given & rows.reps[kind, np.where(given, owner, 0)]
    return (choice - mine > 0) & (rows.holder[unit] < 0)


def numbers(column: pl.Series) -> Floats:
    """A column as floats, NaN where empty."""
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def differs(column: pl.Series, right: Floats) -> Ints:
    """Rows whose figure is missing, is no number, or differs by more than rounding.

    Where `right` is NaN, the figure must be missing.
    """
    observed = numbers(column)
    with np.errstate(invalid="ignore"):
        same = np.abs(observed - right) <= ROOM + RELATIVE_ROOM * np.abs(right)
    absent = np.isnan(right) & column.is_null().to_numpy()
    return np.flatnonzero(~(same | absent))
