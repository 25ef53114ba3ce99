"""The kinds of defect that `benchmarks.defects` injects, what must name them, and how."""

from benchmarks.defect_kinds.kind import Kind, Tables
from benchmarks.defect_kinds.rows import ROW_KINDS
from benchmarks.defect_kinds.tables import TABLE_KINDS

KINDS = (*ROW_KINDS, *TABLE_KINDS)

__all__ = ["KINDS", "ROW_KINDS", "TABLE_KINDS", "Kind", "Tables"]
