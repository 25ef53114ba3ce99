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
from pipelines.stages.keep import kept_settings
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

    keeps_effective: bool = Field(
        default=False,
        description="Show the plan that is effective (or the first to come) on the new data "
        "instead of planning anew; without one, plan.",
    )

    _lock: RunLock | None = PrivateAttr(default=None)
    _kept_on: dict[date, Settings | None] = PrivateAttr(default_factory=dict)
    _digests_of: dict[tuple[str, ...], dict[str, str]] = PrivateAttr(default_factory=dict)

    def setup_for_execution(self, context: InitResourceContext) -> None:  # noqa: ARG002
        """Take the run lock; a second run on the same folder fails here."""
        self._lock = RunLock(self.own_settings.data_dir)
        self._lock.acquire()

    def teardown_after_execution(self, context: InitResourceContext) -> None:  # noqa: ARG002
        """Give the run lock back."""
        if self._lock is not None:
            self._lock.release()

    @property
    def settings(self) -> Settings:
        """All settings of the run, validated; of a plan that is kept those of its own policy.

        Which one is kept is known with the planning date, once the input was read.
        """
        if not (self.keeps_effective and self.paths.context.is_file()):
            return self.own_settings
        return self._kept(RunContext.load(self.paths).as_of) or self.own_settings

    @property
    def paths(self) -> WorkPaths:
        """Where the run keeps its working files."""
        return WorkPaths(self.own_settings.data_dir)

    @property
    def run(self) -> RunContext:
        """The identity of the run, known once the input was read."""
        run = RunContext.load(self.paths)
        settings = self.settings
        run = run.planning(self._digests(settings))
        return run if settings.kept_plan_id is None else run.keeping(settings.kept_plan_id)

    @cached_property
    def own_settings(self) -> Settings:
        """As the project and the run say; all there is before the input was read."""
        return replace(self.settings_of(*self.scenarios), is_draft=self.is_draft)

    def _kept(self, day: date) -> Settings | None:
        if day not in self._kept_on:
            self._kept_on[day] = kept_settings(self.own_settings, day)
        return self._kept_on[day]

    def _digests(self, settings: Settings) -> dict[str, str]:
        names = tuple(scenario.name for scenario in settings.scenarios)
        if names not in self._digests_of:
            self._digests_of[names] = scenario_digests(settings)
        return self._digests_of[names]

    def fence(self) -> None:
        """Raise GateError unless this run still holds its lock."""
        if self._lock is not None:
            self._lock.check()
