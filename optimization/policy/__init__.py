"""The planning policy: what a scenario values, what it must keep, and how hard it searches.

One YAML file per scenario: `load_policy` reads it, `Policy` is what it holds, `policy_schema` its
JSON Schema. Every key with its default stands in config/policies/default.yaml.
"""

from optimization.errors import PolicyError
from optimization.policy.balance import (
    LEVEL_PREFIX,
    LIMIT_PREFIX,
    METRICS,
    AccountLimit,
    MetricBand,
    MoveBudget,
    UnassignedTier,
)
from optimization.policy.levels import LevelBand, LevelPolicy
from optimization.policy.loading import load_policy
from optimization.policy.overlay import OverlayBand, OverlayPolicy
from optimization.policy.ownership import EligibilityRule, KeepTogether, LockRule, MustSeparate
from optimization.policy.prices import (
    DisruptionPolicy,
    OvertimePolicy,
    ResponsePolicy,
    SolverPolicy,
    TravelMatrix,
    TravelPolicy,
)
from optimization.policy.rebalancing import DriftPolicy, RebalancingPolicy
from optimization.policy.schema import Policy, policy_schema

__all__ = [
    "LEVEL_PREFIX",
    "LIMIT_PREFIX",
    "METRICS",
    "AccountLimit",
    "DisruptionPolicy",
    "DriftPolicy",
    "EligibilityRule",
    "KeepTogether",
    "LevelBand",
    "LevelPolicy",
    "LockRule",
    "MetricBand",
    "MoveBudget",
    "MustSeparate",
    "OverlayBand",
    "OverlayPolicy",
    "OvertimePolicy",
    "Policy",
    "PolicyError",
    "RebalancingPolicy",
    "ResponsePolicy",
    "SolverPolicy",
    "TravelMatrix",
    "TravelPolicy",
    "UnassignedTier",
    "load_policy",
    "policy_schema",
]
