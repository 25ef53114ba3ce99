"""The resources assets share: the settings of the run and, for all but a single scenario's solve,
its lock on the data folder.

https://docs.dagster.io/guides/build/external-resources
"""

from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path

from dagster import ConfigurableResource, InitResourceContext
from pydantic import Field, PrivateAttr

from pipelines.run_lock import RunLock
from pipelines.settings.loader import DEFAULT_CONFIG, Settings, load_settings
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.stages.scenarios import scenario_digests


class Project(ConfigurableResource):
    """Which project a run is for."""

    config: str = Field(
        default=str(DEFAULT_CONFIG), description="The project.yaml of the run, as a path."
    )
    data_dir: str = Field(default="", description="Folder for results; empty: as project.yaml.")
    as_of: str = Field(default="", description="Planning date, YYYY-MM-DD; empty: as the data say.")

    def settings_of(self, *scenarios: str) -> Settings:
        """All settings of the run for these scenarios, validated; for none, as project.yaml."""
        return load_settings(
            Path(self.config),
            data_dir=Path(self.data_dir) if self.data_dir else None,
            as_of=date.fromisoformat(self.as_of) if self.as_of else None,
            scenarios=scenarios,
        )


class Workspace(Project):
    """What a run works on. Holds the run lock from the first step to the last."""

    scenarios: list[str] = Field(
        default_factory=list,
        description="Policies to plan with, the chosen one first; empty: as project.yaml.",
    )

    is_draft: bool = Field(
        default=False, description="Record the plan as a draft instead of proposing it."
    )

    _lock: RunLock | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: InitResourceContext) -> None:  # noqa: ARG002
        """Take the run lock; a second run on the same folder fails here."""
        self._lock = RunLock(self.settings.data_dir)
        self._lock.acquire()

    def teardown_after_execution(self, context: InitResourceContext) -> None:  # noqa: ARG002
        """Give the run lock back."""
        if self._lock is not None:
            self._lock.release()

    @cached_property
    def settings(self) -> Settings:
        """All settings of the run, validated."""
        return replace(self.settings_of(*self.scenarios), is_draft=self.is_draft)

    @property
    def paths(self) -> WorkPaths:
        """Where the run keeps its working files."""
        return WorkPaths(self.settings.data_dir)

    @property
    def run(self) -> RunContext:
        """The identity of the run, known once the input was read."""
        return RunContext.load(self.paths).planning(self._digests)

    @cached_property
    def _digests(self) -> dict[str, str]:
        return scenario_digests(self.settings)

    def fence(self) -> None:
        """Raise GateError unless this run still holds its lock."""
        if self._lock is not None:
            self._lock.check()
