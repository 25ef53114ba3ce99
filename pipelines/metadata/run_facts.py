"""What `meta_run` says of a run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from pipelines.metadata.version import package_versions


@dataclass(frozen=True)
class RunFacts:
    """One run; the only place for wall-clock times.

    Attributes:
        started_at, finished_at: instants; naive ones are taken as UTC.
        status: `success`, since only what passed every gate is published.
        step_seconds: duration of each step, by its name.
        versions: versions of Python and the libraries.
    """

    run_id: str
    plan_id: str
    scenario: str
    as_of: date
    started_at: datetime
    finished_at: datetime
    code_version: str
    settings_digest: str
    input_digest: str
    status: str = "success"
    step_seconds: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=package_versions)

    @property
    def duration_seconds(self) -> float:
        """Seconds from start to finish."""
        return (self.finished_at - self.started_at).total_seconds()

    def row(self) -> dict[str, Any]:
        """The row of `meta_run`, by column."""
        return {
            "run_id": self.run_id,
            "plan_id": self.plan_id,
            "scenario": self.scenario,
            "as_of": self.as_of,
            "started_at": _utc(self.started_at),
            "finished_at": _utc(self.finished_at),
            "duration_seconds": round(self.duration_seconds, 3),
            "status": self.status,
            "code_version": self.code_version,
            "settings_digest": self.settings_digest,
            "input_digest": self.input_digest,
            "step_timings_json": json.dumps(
                {step: round(seconds, 3) for step, seconds in self.step_seconds.items()}
            ),
            "versions_json": json.dumps(dict(self.versions), sort_keys=True),
        }


def _utc(instant: datetime) -> datetime:
    """`instant` as a naive datetime in UTC, as TIMESTAMP columns hold it."""
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
