"""A seat that stays empty: the plan as it is, but nobody works the accounts of one rep."""

from dataclasses import replace

import numpy as np
import polars as pl

from optimization.headcount.teams import Book
from optimization.headcount.valuation import Valued


def vacant(book: Book, today: Valued, rep_id: str) -> Valued:
    """What today's team is worth while nobody works the accounts that its plan gives `rep_id`.

    They win nothing new, nobody travels to them, and those the rep owns today lose the policy's
    share of their sales, without relief: no successor is there to win it. Nobody else's accounts
    or hours change, so there is nothing to optimise and the value is certain, given the plan.
    """
    policy, plan = book.policy, today.plan
    margin, rate = policy.response.contribution_margin, policy.disruption.loss_rate
    sales = book.accounts.select(
        pl.col("account_id").cast(pl.String), sales=pl.col("actual_sales_usd").cast(pl.Float64)
    )
    idle = plan.assignment.filter(pl.col("rep_id") == rep_id).join(sales, on="account_id")
    idle = idle.with_columns(pl.col("sales").fill_null(0.0))
    owned = idle["incumbent_rep_id"].is_not_null().to_numpy()
    lost = float((rate * idle["sales"].to_numpy() * owned).sum())
    kept = margin * (float(idle["sales"].sum()) - lost)
    (rep,) = book.reps.filter(pl.col("rep_id") == rep_id).to_dicts()
    multiplier = float(rep["experience_multiplier"])
    clock = float(idle["service_hours"].sum()) / multiplier + float(idle["travel_hours"].sum())
    overtime = max(clock - float(rep["capacity_hours"]), 0.0)
    saved = policy.overtime.price_usd_per_hour * overtime
    change = kept - float(idle["value_usd"].sum()) + saved
    others = plan.assignment.filter(pl.col("rep_id").ne_missing(rep_id))
    value = round(today.value_usd + change, 2)
    return replace(
        today,
        value_usd=value,
        most_usd=value,
        seat_count=today.seat_count - 1,
        capacity_hours=round(today.capacity_hours - float(rep["capacity_hours"]), 4),
        workload_hours=round(today.workload_hours - clock, 4),
        overtime_hours=round(today.overtime_hours - overtime, 4),
        moved_accounts=others.filter("is_moved").height,
        handed_over_accounts=int(np.count_nonzero(owned)),
        disruption_loss_usd=round(float(others["disruption_loss_usd"].sum()) + lost, 2),
    )
