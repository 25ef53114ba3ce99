"""The life of a plan: what was planned from what, who approved it, and from when it holds."""

from pipelines.lifecycle.acts import Act, Verb
from pipelines.lifecycle.record import PlanRecord
from pipelines.lifecycle.store import PlanStore
from pipelines.lifecycle.timeline import Period, State

__all__ = ["Act", "Period", "PlanRecord", "PlanStore", "State", "Verb"]
