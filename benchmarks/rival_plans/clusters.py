"""Clusters on the map: k-means-constrained (Bradley, Bennett and Demiriz 2000), reps matched."""

import numpy as np

from benchmarks.case import EARTH_RADIUS_KM, Case, Floats, Ints


def plan(case: Case, seconds: float, seed: int) -> Ints:  # noqa: ARG001
    """As many even clusters of the free units as reps, matched to the bases by least distance.

    Clusters hold 85 to 115 % of the mean number of units; the method knows no other metric. Held
    units stay where they must.
    """
    from k_means_constrained import KMeansConstrained
    from scipy.optimize import linear_sum_assignment

    reps = len(case.reps)
    free = np.flatnonzero(case.fixed < 0)
    accounts = case.accounts
    points = _on_sphere(accounts.latitude[case.anchor[free]], accounts.longitude[case.anchor[free]])
    mean = free.size / reps
    model = KMeansConstrained(
        n_clusters=reps,
        size_min=int(np.floor(0.85 * mean)),
        size_max=int(np.ceil(1.15 * mean)),
        n_init=1,
        max_iter=50,
        random_state=seed,
    )
    cluster = model.fit_predict(points)
    bases = _on_sphere(case.reps.latitude, case.reps.longitude)
    apart = np.linalg.norm(model.cluster_centers_[:, None, :] - bases[None, :, :], axis=2)
    size = np.bincount(cluster, minlength=reps)
    centre, rep = linear_sum_assignment(size[:, None] * apart)
    rep_of_cluster = np.empty(reps, dtype=np.int64)
    rep_of_cluster[centre] = rep
    owner = case.fixed.copy()
    owner[free] = rep_of_cluster[cluster]
    for unit, banned in case.forbidden:
        if owner[unit] == banned:
            at = np.searchsorted(free, unit)
            distance = np.linalg.norm(bases - points[at], axis=1)
            distance[banned] = np.inf
            owner[unit] = int(np.argmin(distance))
    return owner[accounts.unit]


def _on_sphere(latitude: Floats, longitude: Floats) -> Floats:
    """(n, 3) km: straight lines between these points order places as great circles do."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    flat = np.cos(phi)
    return EARTH_RADIUS_KM * np.column_stack((flat * np.cos(lam), flat * np.sin(lam), np.sin(phi)))
