"""Targets and bands: what each rep's territory should hold of each metric.

    W_ck   sum of the loads of component c in metric k, giants counted at their cap
    T_jk   = w_jk / sum of w over the component * (W_ck - fixed targets), or rep j's fixed target
    L_jk   = (1 - tolerance) * T_jk,     U_jk = (1 + tolerance) * T_jk

The weight w_jk is effective capacity, FTE x ramp, or 1, as the policy says. A *component* is a set
of units and reps that can meet at all: no plan can move load between two of them. For a metric of
some accounts only, just the units that hold such accounts join reps; a rep who may own none of
them has the target 0.

A *giant* is a unit that no rep allowed to own it can hold inside the band. It counts nothing toward
the upper limit of its owner, who may still own one full band of other accounts. The load above the
upper limit is published as `giant_excess`. When the targets are refilled, a giant counts as the
largest upper limit of its reps, so that nobody else is asked to match it.

Toward a lower limit every unit counts at most the limit itself. That changes no plan's verdict, for
a unit that reaches the limit reaches it alone, and makes the linear relaxation tighter.
"""

from dataclasses import dataclass

import numpy as np

from optimization.book.eligibility import components
from optimization.book.filters import matches
from optimization.book.splitting import split_targets
from optimization.book.tables import AccountArrays, Bools, Floats, Ints, RepArrays
from optimization.book.units import Units
from optimization.finding import Finding
from optimization.policy import METRICS, MetricBand, Policy


@dataclass(frozen=True)
class Targets:
    """Loads and bands of K metrics: the policy's in its order, then the measures it leaves out."""

    names: tuple[str, ...]  # (K)
    measures: tuple[str, ...]  # (K) hours | potential | sales | account_count
    bands: tuple[MetricBand | None, ...]  # (K) None: published, not limited
    load: Floats  # (U, K)
    giant: Bools  # (U, K), only in banded metrics
    component: Ints  # (J) by all units
    metric_component: Ints  # (J, K) by the units that hold accounts of the metric
    target: Floats  # (J, K)
    lower: Floats  # (J, K); NaN where not banded
    upper: Floats  # (J, K); NaN where not banded
    scale: Floats  # (J, K) what one unit of relative deviation is worth: the target where positive


def build_targets(
    accounts: AccountArrays, reps: RepArrays, units: Units, policy: Policy
) -> tuple[Targets, list[Finding]]:
    """Targets of every rep and metric, and findings.

    Bands where the policy asks for them; the measures it leaves out get targets all the same.
    """
    named = {band.name for band in policy.metrics}
    left_out = [MetricBand.model_validate({"metric": m}) for m in METRICS if m not in named]
    metrics = [*policy.metrics, *left_out]
    banded = len(policy.metrics)
    shape = (len(reps), len(metrics))
    load = np.zeros((len(units), shape[1]))
    giant = np.zeros(load.shape, dtype=bool)
    target, lower, upper = np.zeros(shape), np.full(shape, np.nan), np.full(shape, np.nan)
    component = rep_components(units)
    metric_component = np.repeat(component[:, None], shape[1], axis=1)
    findings: list[Finding] = []
    for k, metric in enumerate(metrics):
        counted = matches(accounts.text, metric.accounts)
        load[:, k] = units.total(np.where(counted, account_measure(accounts, metric.metric), 0.0))
        if metric.accounts:
            concerned = np.unique(units.of_account[counted])
            metric_component[:, k] = rep_components(units, concerned)
        fixed_target, unknown = _fixed_targets(metric, reps)
        findings.extend(unknown)
        tolerance = metric.tolerance_pct / 100 if k < banded else None
        weight = split_weight(reps, metric)
        split = split_targets(
            load[:, k], units, metric_component[:, k], weight, fixed_target, tolerance
        )
        target[:, k], giant[:, k] = split.target, split.giant
        if tolerance is not None:
            lower[:, k] = (1 - tolerance) * target[:, k]
            upper[:, k] = (1 + tolerance) * target[:, k]
    targets = Targets(
        names=tuple(metric.name for metric in metrics),
        measures=tuple(metric.metric for metric in metrics),
        bands=(*policy.metrics, *[None] * len(left_out)),
        load=load,
        giant=giant,
        component=component,
        metric_component=metric_component,
        target=target,
        lower=lower,
        upper=upper,
        scale=_scale(target),
    )
    return targets, findings


def account_measure(accounts: AccountArrays, measure: str) -> Floats:
    """(n) what each account counts in a measure: hours, USD, or 1."""
    if measure == "account_count":
        return np.ones(len(accounts))
    columns = {
        "hours": accounts.service_hours,
        "potential": accounts.potential_usd,
        "sales": accounts.actual_sales_usd,
    }
    return columns[measure]


def split_weight(reps: RepArrays, metric: MetricBand) -> Floats:
    """(J) weights by which the metric's total is split into targets."""
    if metric.targets == "headcount":
        return reps.full_time_share
    return reps.effective_capacity_hours if metric.targets == "capacity" else np.ones(len(reps))


def rep_components(units: Units, concerned: Ints | None = None) -> Ints:
    """(J) component number of each rep, joined by the concerned units (all by default).

    A held unit joins its holder to the reps it might have had.
    """
    class_of = units.class_of if concerned is None else units.class_of[concerned]
    fixed = units.fixed if concerned is None else units.fixed[concerned]
    present = np.unique(class_of)
    links = np.unique(np.column_stack((class_of, fixed))[fixed >= 0], axis=0)
    return components(units.class_reps[present], units.class_reps, links)


def _fixed_targets(metric: MetricBand, reps: RepArrays) -> tuple[Floats, list[Finding]]:
    """(J) fixed targets, NaN where not fixed; a finding for each rep the plan does not know."""
    fixed = np.full(len(reps), np.nan)
    findings = []
    rep_ids = sorted(metric.fixed_targets)
    for rep_id, j in zip(rep_ids, reps.find(rep_ids).tolist(), strict=True):
        if j >= 0:
            fixed[j] = metric.fixed_targets[rep_id]
            continue
        text = (
            f"policy metrics '{metric.name}': fixed_targets names rep {rep_id}, who is not in "
            "the plan; the target has no effect"
        )
        findings.append(Finding("warning", "fixed_target_unknown_rep", rep_id, 1, text))
    return fixed, findings


def _scale(target: Floats) -> Floats:
    """The target; the metric's mean target where a rep's is 0; 1 where the metric is all zero."""
    positive = target > 0
    count = positive.sum(axis=0)
    mean = np.where(count > 0, target.sum(axis=0) / np.maximum(count, 1), 1.0)
    return np.where(positive, target, mean[None, :])
