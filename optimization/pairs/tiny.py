"""The smallest inputs that reach every kernel: what is compiled at set-up time."""

import numpy as np

from optimization.pairs.inputs import PairInputs


def tiny_inputs() -> PairInputs:
    """Two accounts, two reps, one of them without a base; a maximum distance and a budget."""
    two, none = np.ones(2), np.full(2, -1)
    return PairInputs(
        member=np.arange(2),
        member_first=np.arange(3),
        class_of=np.zeros(2, dtype=np.int64),
        class_reps=np.ones((1, 2), dtype=bool),
        fixed=none,
        nobody_usd=np.full(2, np.inf),
        latitude=two,
        longitude=two,
        visits=two,
        sales=two,
        win_usd=two,
        needed_experience=two,
        industry=np.zeros(2, dtype=np.int64),
        incumbent=none,
        service_hours=two,
        zone=none,
        move_weight=np.zeros((2, 1)),
        rep_latitude=np.array([1.0, np.nan]),
        rep_longitude=two,
        experience_multiplier=two,
        knows=np.ones((1, 2), dtype=bool),
        has_skills=np.ones(2, dtype=bool),
        rep_zone=none,
        capacity_hours=two,
        trip_hours=np.zeros((0, 0)),
        trip_km=np.zeros((0, 0)),
        amount=np.ones((2, 1)),
        counts_above=np.ones((2, 1), dtype=bool),
        scale=np.ones((2, 1)),
        fill_cap=np.ones((2, 1)),
        separable_resource=np.zeros(1, dtype=np.int64),
        clock_resource=1,
        travel_resource=-1,
        travel_scale=1.0,
        margin=0.3,
        circuity=1.2,
        speed_km_per_hour=70.0,
        cap_hours_per_visit=8.0,
        cost_per_km_usd=0.4,
        cost_per_hour_usd=50.0,
        max_distance_km=1_000.0,
        experience_penalty=0.3,
        skill_penalty=0.15,
        loss_rate=0.15,
        relief_for_experience=0.2,
        relief_for_skill=0.2,
        handover_usd=25.0,
    )
