"""The planner alone, on files of planning tables: what `territory optimize` does.

No warehouse and no CRM: the tables are read, planned, verified and written.
"""

from pipelines.standalone.headline import headline
from pipelines.standalone.plan_files import write_plan_files
from pipelines.standalone.planning_files import (
    PlanningFiles,
    planning_inputs,
    read_planning_files,
    recognise,
)

__all__ = [
    "PlanningFiles",
    "headline",
    "planning_inputs",
    "read_planning_files",
    "recognise",
    "write_plan_files",
]
