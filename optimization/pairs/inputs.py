"""The arrays from which every account-rep pair is evaluated.

Sizes: n accounts, U units, J reps, I industries, C eligibility classes, S separable resources,
E resources in all, B budgets, Z account zones, Y rep zones. Amounts are a year; hours are hours.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PairInputs:
    """Plain arrays, accounts in account_id order, units in unit_id order, reps in rep_id order.

    A resource is *separable* if what a unit takes of it is the unit's amount over the rep's scale:
    the metrics in bands and the account limits. Clock hours and travel hours depend on the pair;
    both are optional.

    Raises:
        ValueError: an array has another shape, type or range of indices than stated here. Compiled
            loops check no index, so what is let through here would read foreign memory.
    """

    # Units: accounts member[member_first[u] : member_first[u + 1]] of unit u, at least one each.
    member: Ints  # (n)
    member_first: Ints  # (U + 1)
    class_of: Ints  # (U)
    class_reps: Bools  # (C, J) reps that the class may have by the eligibility rules
    fixed: Ints  # (U) the only rep the unit may have (locked, assigned), -1: free
    nobody_usd: Floats  # (U) USD of staying without owner, inf: must be assigned

    # Accounts.
    latitude: Floats  # (n) degrees, NaN unknown
    longitude: Floats  # (n)
    visits: Floats  # (n)
    sales: Floats  # (n) USD
    win_usd: Floats  # (n) USD: whitespace x win share, what a rep of perfect fit would win
    needed_experience: Floats  # (n) experience multiplier that the account calls for
    industry: Ints  # (n) row of `knows`, -1 unknown
    incumbent: Ints  # (n) rep, -1 without an active one
    service_hours: Floats  # (n) junior-standard hours
    zone: Ints  # (n) row of `trip_hours`, -1 none
    move_weight: Floats  # (n, B) scaled units of the budget; 0 without incumbent

    # Reps.
    rep_latitude: Floats  # (J) degrees, NaN without base
    rep_longitude: Floats  # (J)
    experience_multiplier: Floats  # (J) above 0
    knows: Bools  # (I, J) industry among the rep's skills
    has_skills: Bools  # (J) False: no skills listed, which costs nothing
    rep_zone: Ints  # (J) column of `trip_hours`, -1 none
    capacity_hours: Floats  # (J) above 0: scale of clock hours

    # Travel matrix: one way; (0, 0) without one.
    trip_hours: Floats  # (Z, Y) NaN: not listed, the great circle counts
    trip_km: Floats  # (Z, Y) NaN: hours x speed

    # Separable resources.
    amount: Floats  # (U, S)
    counts_above: Bools  # (U, S) False: a giant, which takes nothing of the upper sides
    scale: Floats  # (J, S) above 0
    fill_cap: Floats  # (J, S) lower limit in amounts: fill = min(amount, cap); inf: no cap

    # Which of the E resources is which; together they are 0 .. E - 1.
    separable_resource: Ints  # (S)
    clock_resource: int  # -1: none
    travel_resource: int  # -1: none
    travel_scale: float  # hours: the limit per rep; any positive number without one

    # The policy's numbers.
    margin: float  # contribution margin, 0 to 1
    circuity: float
    speed_km_per_hour: float
    cap_hours_per_visit: float
    cost_per_km_usd: float
    cost_per_hour_usd: float
    max_distance_km: float  # one way on the road; inf: none
    experience_penalty: float
    skill_penalty: float
    loss_rate: float
    relief_for_experience: float
    relief_for_skill: float
    handover_usd: float

    def __post_init__(self) -> None:
        n, units, reps = self.account_count, self.unit_count, self.rep_count
        budgets, separable = self.move_weight.shape[1], self.amount.shape[1]
        per_account = (n,)
        shapes: dict[str, tuple[int, ...]] = {
            "member": per_account,
            "latitude": per_account,
            "longitude": per_account,
            "sales": per_account,
            "win_usd": per_account,
            "needed_experience": per_account,
            "industry": per_account,
            "incumbent": per_account,
            "service_hours": per_account,
            "zone": per_account,
            "move_weight": (n, budgets),
            "member_first": (units + 1,),
            "fixed": (units,),
            "nobody_usd": (units,),
            "amount": (units, separable),
            "counts_above": (units, separable),
            "class_reps": (self.class_reps.shape[0], reps),
            "rep_latitude": (reps,),
            "rep_longitude": (reps,),
            "knows": (self.knows.shape[0], reps),
            "has_skills": (reps,),
            "rep_zone": (reps,),
            "capacity_hours": (reps,),
            "scale": (reps, separable),
            "fill_cap": (reps, separable),
            "trip_km": self.trip_hours.shape,
            "separable_resource": (separable,),
        }
        for name, shape in shapes.items():
            found = getattr(self, name)
            if found.shape != shape:
                raise ValueError(f"PairInputs.{name} has shape {found.shape}, expected {shape}")
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray) and value.dtype not in (
                np.float64,
                np.int64,
                np.bool_,
            ):
                raise ValueError(f"PairInputs.{name} has type {value.dtype}")
        self._check_indices()

    def _check_indices(self) -> None:
        zones, rep_zones = self.trip_hours.shape
        ends: dict[str, tuple[int, int]] = {
            "member": (0, self.account_count),
            "class_of": (0, self.class_reps.shape[0]),
            "fixed": (-1, self.rep_count),
            "industry": (-1, self.knows.shape[0]),
            "incumbent": (-1, self.rep_count),
            "zone": (-1, zones),
            "rep_zone": (-1, rep_zones if zones else np.iinfo(np.int64).max),
        }
        for name, (least, end) in ends.items():
            found = getattr(self, name)
            if found.size and (found.min() < least or found.max() >= end):
                raise ValueError(f"PairInputs.{name} holds indices outside {least} .. {end - 1}")
        first = self.member_first
        if first[0] != 0 or first[-1] != self.account_count or (np.diff(first) < 1).any():
            raise ValueError("PairInputs.member_first does not cut the accounts into whole units")
        named = sorted([*self.separable_resource.tolist(), *self._pair_resources])
        if named != list(range(len(named))):
            raise ValueError(
                f"PairInputs names resources {named}, expected each of 0 .. E - 1 once"
            )

    @property
    def account_count(self) -> int:
        return self.visits.size

    @property
    def unit_count(self) -> int:
        return self.class_of.size

    @property
    def rep_count(self) -> int:
        return self.experience_multiplier.size

    @property
    def resource_count(self) -> int:
        return self.separable_resource.size + len(self._pair_resources)

    @property
    def budget_count(self) -> int:
        return self.move_weight.shape[1]

    @property
    def _pair_resources(self) -> list[int]:
        return [e for e in (self.clock_resource, self.travel_resource) if e >= 0]
