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

from optimization.book.tables import Bools, Floats, Ints
from optimization.policy import MetricBand


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
