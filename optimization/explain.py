"""Why each account has its rep, and who would be next.

The runner-up is the allowed rep with the smallest *priced* cost after the owner: cost plus what
the unit's load costs in every limit at the prices of the certificate. The difference is the
runner-up's delta; it is at least 0 (an integer plan may keep a unit where the prices would not:
then 0). A family moves as one, so its members share the family's runner-up and delta.
"""

from dataclasses import dataclass

import numpy as np

from optimization.bound import Answer
from optimization.policy import METRICS
from optimization.problem import Planning
from optimization.tables import Floats, Ints
from optimization.units import ASSIGNED, LOCKED, ONLY_ELIGIBLE


@dataclass(frozen=True)
class Explanation:
    """Per account: code, sentence, runner-up (-1 without one) and its delta in USD (NaN)."""

    codes: list[str]
    sentences: list[str]
    runner_up: Ints
    delta_usd: Floats


def explain(planning: Planning, answer: Answer) -> Explanation:
    """Reason and runner-up of every account, in the order of account_id."""
    runner_up, delta = _runners_up(answer)
    pressure = _pressure(planning)
    codes, sentences = [], []
    for i in range(len(planning.accounts)):
        code, sentence = _reason(planning, answer, pressure, i)
        codes.append(code)
        sentences.append(sentence)
    of = planning.units.of_account
    return Explanation(codes, sentences, runner_up[of], delta[of])


def _runners_up(answer: Answer) -> tuple[Ints, Floats]:
    priced = answer.certificate.adjusted
    rows = np.arange(answer.owner.size)
    mine = priced[rows, answer.owner]
    others = priced.copy()
    others[rows, answer.owner] = np.inf
    if others.shape[1] == 0:
        return np.full(rows.size, -1), np.full(rows.size, np.nan)
    second = np.argmin(others, axis=1)
    exists = np.isfinite(others[rows, second])
    with np.errstate(invalid="ignore"):
        delta = np.maximum(others[rows, second] - mine, 0.0)
    return np.where(exists, second, -1), np.where(exists, delta, np.nan)


def _pressure(planning: Planning) -> list[str]:
    """For each rep, the banded metric in which today's book is farthest outside its limits."""
    targets = planning.targets
    today = np.zeros(targets.target.shape)
    accounts = planning.accounts
    columns = {
        "hours": accounts.service_hours,
        "potential": accounts.potential_usd,
        "sales": accounts.actual_sales_usd,
        "account_count": np.ones(len(accounts)),
    }
    owned = accounts.incumbent >= 0
    for k, name in enumerate(METRICS):
        np.add.at(today[:, k], accounts.incumbent[owned], columns[name][owned])
    relative = today / targets.scale
    texts = []
    for j in range(len(planning.reps)):
        banded = [METRICS.index(band.metric) for band in planning.policy.metrics]
        outside = [
            k for k in banded if not _inside(today[j, k], targets.lower[j, k], targets.upper[j, k])
        ]
        if not outside:
            texts.append("")
            continue
        k = max(outside, key=lambda m: abs(relative[j, m] - 1))
        texts.append(f"stands at {100 * relative[j, k]:.0f} % of the {_label(k)} target today")
    return texts


def _inside(value: float, lower: float, upper: float) -> bool:
    return bool(lower <= value <= upper)


def _label(k: int) -> str:
    return METRICS[k].replace("_", " ")


def _reason(planning: Planning, answer: Answer, pressure: list[str], i: int) -> tuple[str, str]:
    u = int(planning.units.of_account[i])
    j, incumbent = int(answer.owner[u]), int(planning.accounts.incumbent[i])
    rep = planning.reps.labels[j]
    hold = planning.units.hold[u]
    if hold == ASSIGNED:
        return "assigned", f"Assigned to {rep} by a manual override."
    if hold == LOCKED:
        return "locked", f"Stays with {rep}: locked by an override or a lock rule."
    if hold == ONLY_ELIGIBLE:
        return "only_eligible", f"{rep} is the only rep who may own this account."
    if incumbent == j:
        return _kept(planning, u, j)
    if incumbent >= 0:
        return _moved(planning, i, u, j, incumbent, pressure)
    travel = planning.values.travel_hours[i, j]
    rank = int((planning.problem.cost[u] < planning.problem.cost[u, j] - 0.005).sum())
    place = "the least costly rep" if rank == 0 else f"number {rank + 1} in cost, with room for it"
    if planning.accounts.owner_rep_id[i]:
        return (
            "forced_move",
            f"Owner {planning.accounts.owner_rep_id[i]} is no active rep of the plan; {rep} is "
            f"{place} ({travel:.1f} travel hours a year).",
        )
    return (
        "new_assignment",
        f"Had no owner; {rep} is {place} ({travel:.1f} travel hours a year).",
    )


def _kept(planning: Planning, u: int, j: int) -> tuple[str, str]:
    rep = planning.reps.labels[j]
    cost = np.where(planning.units.allowed[u], planning.problem.cost[u], np.inf)
    other = int(np.argmin(cost))
    saving = float(cost[j] - cost[other])
    if saving <= 0.005:
        return "kept_least_cost", f"Stays with {rep}: no other rep would serve it at lower cost."
    return (
        "kept_for_balance",
        f"Stays with {rep}: {planning.reps.labels[other]} would save USD {saving:,.0f} a year, "
        "but the balance of the territories is worth more.",
    )


def _moved(
    planning: Planning, i: int, u: int, j: int, incumbent: int, pressure: list[str]
) -> tuple[str, str]:
    margin = planning.policy.response.contribution_margin
    values = planning.values
    rep, previous = planning.reps.labels[j], planning.reps.labels[incumbent]
    travel = float(values.travel_cost_usd[i, incumbent] - values.travel_cost_usd[i, j])
    better_fit = float(
        margin * (values.expected_sales_usd[i, j] - values.expected_sales_usd[i, incumbent])
    )
    risk = float(margin * values.disruption_loss_usd[i, j])
    members = np.flatnonzero(planning.units.of_account == u)
    tail = f"margin at risk USD {risk:,.0f} a year"
    if members.size > 1 and (planning.accounts.incumbent[members] == j).any():
        return (
            "moved_with_family",
            f"Moves from {previous} to {rep}, who already serves its family "
            f"{planning.units.ids[u]}; {tail}.",
        )
    if travel + better_fit > risk:
        code = "moved_for_travel" if travel >= better_fit else "moved_for_fit"
        return (
            code,
            f"Moves from {previous} to {rep}: travel cost changes by USD {-travel:+,.0f}, expected "
            f"margin by USD {better_fit:+,.0f} a year; {tail}.",
        )
    why = next(
        (
            f"{who} {text}"
            for who, text in ((previous, pressure[incumbent]), (rep, pressure[j]))
            if text
        ),
        "the balance of the territories asks for it",
    )
    return "moved_for_balance", f"Moves from {previous} to {rep}: {why}; {tail}."
