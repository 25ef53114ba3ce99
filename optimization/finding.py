"""What was noticed and did not stop a plan."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """An observation that does not stop the plan."""

    severity: str  # info | warning
    rule: str
    record_id: str | None
    affected_rows: int
    message: str
