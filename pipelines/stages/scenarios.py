"""What distinguishes the scenarios of a run: their settings and drive times, by hash."""

import hashlib

from pipelines.settings.loader import Scenario, Settings
from pipelines.stages.planner import read_matrix, travel_matrix_path


def scenario_digests(settings: Settings) -> dict[str, str]:
    """A hash of all that makes each scenario's plan apart from the sources, the chosen one first.

    Raises:
        InputError: a policy names drive times that are missing or no such table.
    """
    return {scenario.name: _digest(settings, scenario) for scenario in settings.scenarios}


def _digest(settings: Settings, scenario: Scenario) -> str:
    digest = settings.digest(scenario)
    matrix = travel_matrix_path(scenario.policy, scenario.policy_path)
    if matrix is None:
        return digest
    read_matrix(matrix)
    return hashlib.sha256(digest.encode() + matrix.read_bytes()).hexdigest()
