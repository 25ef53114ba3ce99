"""Everything one run is told: the project, its scoring constants and the policy of the scenario."""

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import ConfigurationError, near
from pipelines.ingest import SourceInput
from pipelines.settings.connectors import ConnectorSettings, DuckDBSettings
from pipelines.settings.project import ProjectSettings, SourceSettings
from pipelines.settings.scoring import Scoring, load_scoring
from pipelines.settings.validation import read_settings

if TYPE_CHECKING:
    from optimization import Policy

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_CONFIG = PROJECT_ROOT / "config" / "project.yaml"


@dataclass(frozen=True)
class Settings:
    """The settings of one run, every path absolute.

    Attributes:
        config_path: the `project.yaml` they were read from.
        data_dir: folder of the working database, the releases and the logs.
        sources: the inputs by source, in a fixed order.
        connectors: of the sources that are no folder of files, how they are read; their inputs
            lie in `landed_dir`.
        policy_path: the file the policy was read from, for messages.
        is_draft: record the plan as a draft, not as proposed. Changes no result.
    """

    config_path: Path
    project: ProjectSettings
    scoring: Scoring
    policy: "Policy"
    policy_path: Path
    data_dir: Path
    sources: dict[str, SourceInput]
    connectors: dict[str, ConnectorSettings]
    scenario: str
    as_of: date | None
    is_draft: bool = False

    @property
    def landed_dir(self) -> Path:
        """What connectors have brought, one folder a source, kept between runs."""
        return self.data_dir / "landed"

    def digest(self) -> str:
        """A hash of every setting that can change a result; not of where files lie."""
        content = {
            "project": self.project.model_dump(
                mode="json",
                exclude={
                    *("data_dir", "sources", "sample"),
                    *("retention", "schedule", "notifications"),
                },
            ),
            "scoring": self.scoring.model_dump(mode="json"),
            # What a rebalancing does with a plan decides nothing about the plan.
            "policy": self.policy.model_dump(mode="json", exclude={"rebalancing"}),
            "scenario": self.scenario,
            "as_of": self.as_of and self.as_of.isoformat(),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def load_settings(
    config: Path = DEFAULT_CONFIG,
    *,
    data_dir: Path | None = None,
    as_of: date | None = None,
    scenario: str | None = None,
    is_draft: bool = False,
) -> Settings:
    """Read the settings files that `config` names; the keyword arguments win over the files.

    Raises:
        ConfigurationError: a file is missing, a setting unknown or out of range.
    """
    from optimization import PolicyError, load_policy

    config = config.resolve()
    project = read_settings(config, ProjectSettings)
    if "crm" not in project.sources:
        raise ConfigurationError(f"{config}: missing setting 'sources.crm': a plan needs accounts")
    base = config.parent
    resolved_data_dir = (data_dir or base / project.data_dir).resolve()
    chosen = scenario or project.scenario
    policies = base / project.policies
    policy_path = policies / f"{chosen}.yaml"
    if not policy_path.is_file():
        known = sorted(path.stem for path in policies.glob("*.yaml"))
        raise ConfigurationError(
            f"{policy_path}: no policy for scenario '{chosen}'{near(chosen, known)}; "
            f"known scenarios: {', '.join(known) or 'none'}"
        )
    try:
        policy = load_policy(policy_path)
    except PolicyError as error:
        raise ConfigurationError(str(error)) from None
    return Settings(
        config_path=config,
        project=project,
        scoring=load_scoring(base / project.scoring),
        policy=policy,
        policy_path=policy_path,
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
        scenario=chosen,
        as_of=as_of or project.as_of,
        is_draft=is_draft,
    )


def _source_path(config: Path, name: str, source: SourceSettings, data_dir: Path) -> Path:
    if source.path is not None:
        return _expand(config, f"sources.{name}.path", config.parent, source.path)
    return data_dir / "input"


def _absolute(config: Path, name: str, connector: ConnectorSettings) -> ConnectorSettings:
    """`connector` with its file, if it has one, as an absolute path."""
    if not isinstance(connector, DuckDBSettings):
        return connector
    setting = f"sources.{name}.connector.database"
    database = _expand(config, setting, config.parent, connector.database)
    return connector.model_copy(update={"database": database})


def _expand(config: Path, setting: str, base: Path, path: Path) -> Path:
    """`path` with its environment variables, relative to `base`."""
    text = os.path.expandvars(str(path))
    if "$" in text:
        raise ConfigurationError(
            f"{config}: setting '{setting}': {path} names an environment variable that is not set"
        )
    return (base / text).resolve()
