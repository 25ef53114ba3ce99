"""Everything one run is told: the project, its scoring constants and the policies it plans with."""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import ConfigurationError, near
from pipelines.ingest import SourceInput
from pipelines.settings.connectors import ConnectorSettings, DuckDBSettings, FilesSettings
from pipelines.settings.project import SCENARIO_NAME, ProjectSettings, SourceSettings
from pipelines.settings.scoring import Scoring, load_scoring
from pipelines.settings.validation import read_settings

if TYPE_CHECKING:
    from optimization import Policy

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_CONFIG = PROJECT_ROOT / "config" / "project.yaml"


@dataclass(frozen=True)
class Scenario:
    """A named policy.

    Attributes:
        policy_path: the file the policy was read from, for messages.
    """

    name: str
    policy: "Policy"
    policy_path: Path


@dataclass(frozen=True)
class Settings:
    """The settings of one run, every path absolute.

    Attributes:
        config_path: the `project.yaml` they were read from.
        data_dir: folder of the working database, the releases and the logs.
        sources: the inputs by source, in a fixed order.
        connectors: of the sources that are no folder of files, how they are read; their inputs
            lie in `landed_dir`.
        scenarios: what the run plans with, the chosen one first.
        is_draft: record the plan as a draft, not as proposed. Changes no result.
        kept_plan_id: the plan in force, which the run shows on new data instead of planning anew.
    """

    config_path: Path
    project: ProjectSettings
    scoring: Scoring
    scenarios: tuple[Scenario, ...]
    data_dir: Path
    sources: dict[str, SourceInput]
    connectors: dict[str, ConnectorSettings]
    as_of: date | None
    is_draft: bool = False
    kept_plan_id: str | None = None

    @property
    def scenario(self) -> str:
        """Name of the chosen scenario."""
        return self.scenarios[0].name

    @property
    def policy(self) -> "Policy":
        """The policy of the chosen scenario."""
        return self.scenarios[0].policy

    @property
    def policy_path(self) -> Path:
        """The file of the chosen scenario's policy."""
        return self.scenarios[0].policy_path

    @property
    def landed_dir(self) -> Path:
        """What connectors have brought, one folder a source, kept between runs."""
        return self.data_dir / "landed"

    def digest(self, scenario: Scenario | None = None) -> str:
        """A hash of every setting that can change the plan of `scenario` (default: the chosen).

        Not of where files lie, nor of what else the run plans: a plan has the same id alone and
        beside others.
        """
        planned = scenario or self.scenarios[0]
        without = {"data_dir", "sources", "retention", "schedule", "notifications", "sample"}
        content = {
            "project": self.project.model_dump(
                mode="json", exclude={*without, "scenario", "scenarios", "policies", "scoring"}
            ),
            "scoring": self.scoring.model_dump(mode="json"),
            # What a rebalancing does with a plan decides nothing about the plan.
            "policy": planned.policy.model_dump(mode="json", exclude={"rebalancing"}),
            "scenario": planned.name,
            "as_of": self.as_of and self.as_of.isoformat(),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def load_settings(
    config: Path = DEFAULT_CONFIG,
    *,
    data_dir: Path | None = None,
    as_of: date | None = None,
    scenarios: Sequence[str] = (),
    all_scenarios: bool = False,
    is_draft: bool = False,
) -> Settings:
    """Read the settings files that `config` names; the keyword arguments win over the files.

    Args:
        scenarios: what to plan with instead of the project's scenarios, the chosen one first.
        all_scenarios: also plan with every other policy of the project's folder, by name.

    Raises:
        ConfigurationError: a file is missing, a setting unknown or out of range.
    """
    config = config.resolve()
    project = read_settings(config, ProjectSettings)
    if "crm" not in project.sources:
        raise ConfigurationError(f"{config}: missing setting 'sources.crm': a plan needs accounts")
    base = config.parent
    resolved_data_dir = (data_dir or base / project.data_dir).resolve()
    policies = base / project.policies
    names = list(scenarios) or [project.scenario, *([] if all_scenarios else project.scenarios)]
    if all_scenarios:
        names += scenario_names(policies)
    return Settings(
        config_path=config,
        project=project,
        scoring=load_scoring(base / project.scoring),
        scenarios=tuple(_scenario(policies, name) for name in dict.fromkeys(names)),
        data_dir=resolved_data_dir,
        sources={
            name: SourceInput(
                mapping=(base / source.mapping).resolve(),
                path=_source_path(config, name, source, resolved_data_dir),
                table_prefix=source.table_prefix,
                table_suffix=source.table_suffix,
            )
            for name, source in sorted(project.sources.items())
        },
        connectors={
            name: _absolute(config, name, source.connector)
            for name, source in sorted(project.sources.items())
            if source.connector is not None
        },
        as_of=as_of or project.as_of,
        is_draft=is_draft,
    )


def scenario_names(policies: Path) -> list[str]:
    """The scenarios that the policy files of the folder `policies` make, by name.

    Raises:
        ConfigurationError: a file's name cannot be that of a scenario.
    """
    names = sorted(path.stem for path in policies.glob("*.yaml"))
    for name in names:
        if not re.fullmatch(SCENARIO_NAME, name):
            raise ConfigurationError(
                f"{policies / name}.yaml: the name of a scenario has letters, digits, '-' and '_' "
                "only; rename the file"
            )
    return names


def _scenario(policies: Path, name: str) -> Scenario:
    from optimization import PolicyError, load_policy

    path = policies / f"{name}.yaml"
    if not re.fullmatch(SCENARIO_NAME, name) or not path.is_file():
        known = sorted(path.stem for path in policies.glob("*.yaml"))
        raise ConfigurationError(
            f"{path}: no policy for scenario '{name}'{near(name, known)}; "
            f"known scenarios: {', '.join(known) or 'none'}"
        )
    try:
        return Scenario(name, load_policy(path), path)
    except PolicyError as error:
        raise ConfigurationError(str(error)) from None


def _source_path(config: Path, name: str, source: SourceSettings, data_dir: Path) -> Path:
    if source.path is not None:
        return _expand(config, f"sources.{name}.path", config.parent, source.path)
    return data_dir / "input"


def _absolute(config: Path, name: str, connector: ConnectorSettings) -> ConnectorSettings:
    """`connector` with its file or folder, if it has one, as an absolute path."""
    if isinstance(connector, DuckDBSettings):
        name_of_path, path = "database", connector.database
    elif isinstance(connector, FilesSettings):
        name_of_path, path = "path", connector.path
    else:
        return connector
    setting = f"sources.{name}.connector.{name_of_path}"
    absolute = _expand(config, setting, config.parent, path)
    return connector.model_copy(update={name_of_path: absolute})


def _expand(config: Path, setting: str, base: Path, path: Path) -> Path:
    """`path` with its environment variables, relative to `base`."""
    text = os.path.expandvars(str(path))
    if "$" in text:
        raise ConfigurationError(
            f"{config}: setting '{setting}': {path} names an environment variable that is not set"
        )
    return (base / text).resolve()
