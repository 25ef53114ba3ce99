"""How well any plan could balance, proved before the solve.

floor_k = the largest of
  - the linear relaxation of  min max_j |load_jk / T_jk - 1|  over all allowed pairs. Only the total
    load of units with the same allowed reps matters there, so it is solved over those groups: a few
    dozen variables whatever the number of accounts;
  - max_u min_j (load_uk / T_jk - 1): the largest unit stands whole in some territory;
  - for two or more reps with a positive target and fewer units than reps: 1 (an empty territory).
Giants count with their whole load here.
"""

from collections.abc import Sequence

import numpy as np

from optimization.errors import SolverError
from optimization.policy import METRICS
from optimization.problem import TOLERANCE, Planning
from optimization.tables import Bools, Floats


def metric_floors(planning: Planning) -> dict[str, float]:
    """Proved lower bound on the largest relative deviation in %, by metric."""
    return {name: 100 * _floor(planning, k) for k, name in enumerate(METRICS)}


def named_clashes(planning: Planning) -> list[str]:
    """Limits no plan can keep: what is held in place above them, or cannot reach them."""
    targets, allowed = planning.targets, planning.units.allowed
    only = allowed.sum(axis=1) == 1
    sentences = list(planning.clashes)
    for band in planning.policy.metrics:
        k = METRICS.index(band.metric)
        load = np.where(targets.giant[:, k], 0.0, targets.load[:, k])
        filling = np.where(
            targets.giant[:, k][:, None], targets.lower[:, k][None, :], load[:, None]
        )
        slack = TOLERANCE * targets.scale[:, k]
        for j, rep_id in enumerate(planning.reps.ids):
            held = float(load[only & allowed[:, j]].sum())
            if held > targets.upper[j, k] + slack[j]:
                sentences.append(
                    f"{band.metric} of rep {rep_id}: {_amount(held)} held by locks or eligibility "
                    f"exceed the upper limit {_amount(targets.upper[j, k])}"
                )
            reach = float(filling[allowed[:, j], j].sum())
            if reach < targets.lower[j, k] - slack[j]:
                sentences.append(
                    f"{band.metric} of rep {rep_id}: all accounts the rep may own hold "
                    f"{_amount(reach)}, below the lower limit {_amount(targets.lower[j, k])}"
                )
    return sentences


def _floor(planning: Planning, k: int) -> float:
    target, load = planning.targets.target[:, k], planning.targets.load[:, k]
    allowed = planning.units.allowed
    reps = target > 0
    if not reps.any() or not load.size:
        return 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(reps[None, :] & allowed, load[:, None] / target[None, :], np.inf)
    best = relative.min(axis=1)
    largest = float(best[np.isfinite(best)].max(initial=1.0)) - 1
    empty = 1.0 if int((load > 0).sum()) < int(reps.sum()) else 0.0
    grouped = _grouped_floor(load, allowed, target)
    return max(0.0, largest, empty, grouped - 1e-7)


def _grouped_floor(load: Floats, allowed: Bools, target: Floats) -> float:
    """min t with loads split at will: sum_g x_gj within (1 ± t) T_j for every rep with a target."""
    import highspy

    patterns, group = np.unique(allowed, axis=0, return_inverse=True)
    total = np.bincount(group.ravel(), weights=load, minlength=len(patterns))
    reps = np.flatnonzero(target > 0)
    groups = np.flatnonzero(total > 0)
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.addVar(0.0, highspy.kHighsInf)
    highs.changeColCost(0, 1.0)
    names: list[tuple[int, int]] = []
    for g in groups:
        for j in np.flatnonzero(patterns[g]):
            names.append((int(g), int(j)))
            highs.addVar(0.0, 1.0)
    by_group: dict[int, list[int]] = {int(g): [] for g in groups}
    by_rep: dict[int, list[int]] = {j: [] for j in range(target.size)}
    for column, (source, owner) in enumerate(names, start=1):
        by_group[source].append(column)
        by_rep[owner].append(column)
    for columns in by_group.values():
        _row(highs, 1.0, 1.0, columns, [1.0] * len(columns))
    for rep in reps.tolist():
        columns = by_rep[rep]
        shares = [float(total[names[column - 1][0]] / target[rep]) for column in columns]
        _row(highs, -highspy.kHighsInf, 1.0, [0, *columns], [-1.0, *shares])
        _row(highs, 1.0, highspy.kHighsInf, [0, *columns], [1.0, *shares])
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise SolverError(f"the balance floor ended with {highs.getModelStatus().name}")
    return float(highs.getInfo().objective_function_value)


def _row(
    highs: object, lower: float, upper: float, columns: Sequence[int], values: Sequence[float]
) -> None:
    highs.addRow(  # type: ignore[attr-defined]
        lower, upper, len(columns), np.array(columns, dtype=np.int32), np.array(values)
    )


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
