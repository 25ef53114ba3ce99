"""The planning model and its solvers. Knows tables and arrays; no Dagster, DuckDB or dbt.

Public names load on first use, so that `import optimization` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optimization.audit.verify import VERIFIED_RULES as VERIFIED_RULES
    from optimization.audit.verify import Violation as Violation
    from optimization.audit.verify import verify_plan as verify_plan
    from optimization.errors import Infeasible as Infeasible
    from optimization.errors import NoPlanYet as NoPlanYet
    from optimization.errors import PlanInputError as PlanInputError
    from optimization.errors import PolicyError as PolicyError
    from optimization.planner import plan_territories as plan_territories
    from optimization.policy import Policy as Policy
    from optimization.policy import load_policy as load_policy
    from optimization.policy import policy_schema as policy_schema
    from optimization.rebalance.keep import KeptPlan as KeptPlan
    from optimization.rebalance.keep import keep_territories as keep_territories
    from optimization.rebalance.proposal import Proposal as Proposal
    from optimization.rebalance.rebalancer import rebalance_territories as rebalance_territories
    from optimization.rebalance.router import route_accounts as route_accounts
    from optimization.report.result import Plan as Plan

_HOME = {
    "Infeasible": "errors",
    "NoPlanYet": "errors",
    "PlanInputError": "errors",
    "PolicyError": "errors",
    "Policy": "policy",
    "load_policy": "policy",
    "policy_schema": "policy",
    "Plan": "report.result",
    "plan_territories": "planner",
    "KeptPlan": "rebalance.keep",
    "keep_territories": "rebalance.keep",
    "Proposal": "rebalance.proposal",
    "rebalance_territories": "rebalance.rebalancer",
    "route_accounts": "rebalance.router",
    "VERIFIED_RULES": "audit.verify",
    "Violation": "audit.verify",
    "verify_plan": "audit.verify",
}

__all__ = [
    "VERIFIED_RULES",
    "Infeasible",
    "KeptPlan",
    "NoPlanYet",
    "Plan",
    "PlanInputError",
    "Policy",
    "PolicyError",
    "Proposal",
    "Violation",
    "keep_territories",
    "load_policy",
    "plan_territories",
    "policy_schema",
    "rebalance_territories",
    "route_accounts",
    "verify_plan",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'optimization' has no attribute {name!r}")
    return getattr(import_module(f"optimization.{_HOME[name]}"), name)
