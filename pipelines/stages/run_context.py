"""What the stages of one run share: its identity, its planning date and where its files lie."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path

from pipelines.errors import GateError

MODELS_FILE = "models.json"


def digest_of(*parts: str) -> str:
    """A 16-digit hash of `parts`, the form every id of a run has."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class WorkPaths:
    """Where a data folder keeps what only a run may touch."""

    data_dir: Path

    @property
    def work(self) -> Path:
        """Folder of the working files."""
        return self.data_dir / "working"

    @property
    def warehouse(self) -> Path:
        """The working database; made anew by every run, never read by BI."""
        return self.work / "warehouse.duckdb"

    @property
    def planning(self) -> Path:
        """The planning tables as Parquet, for whoever solves a scenario."""
        return self.work / "planning"

    @property
    def plans(self) -> Path:
        """The solved scenarios: a folder each with its `plan_*` tables as Parquet."""
        return self.work / "plans"

    @property
    def kept(self) -> Path:
        """The plan in force on the data of the run, laid out like `plans`."""
        return self.work / "kept"

    @property
    def context(self) -> Path:
        """The identity of the run that made the working database."""
        return self.work / "run.json"

    @property
    def baseline(self) -> Path:
        """The last good loads, for the next one to be compared with."""
        return self.data_dir / "baseline"

    @property
    def models(self) -> Path:
        """The fitted models of the run; becomes part of the release."""
        return self.work / MODELS_FILE

    @property
    def quarantine(self) -> Path:
        """Quarantined rows of past runs, one folder a run."""
        return self.data_dir / "quarantine"


@dataclass(frozen=True)
class RunContext:
    """The identity of a run: hashes of inputs, settings, code and seed, never of the clock.

    Attributes:
        scenario, plan_id, settings_digest: those of the chosen scenario.
        plans: id of the plan of each scenario, the chosen one first.
    """

    run_id: str
    plan_id: str
    as_of: date
    scenario: str
    input_digest: str
    settings_digest: str
    code_version: str
    plans: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.plans:
            object.__setattr__(self, "plans", {self.scenario: self.plan_id})

    @classmethod
    def identify(
        cls, *, as_of: date, input_digest: str, scenario_digests: Mapping[str, str], code: str
    ) -> "RunContext":
        """Name the run of these inputs, settings and code: equal ones get equal names.

        A plan's name does not depend on what else the run plans.

        Args:
            scenario_digests: a hash of the settings of each scenario, the chosen one first.
        """
        run_id = "run_" + digest_of(
            input_digest, *scenario_digests.values(), code, as_of.isoformat()
        )
        unplanned = cls(run_id, "", as_of, "", input_digest, "", code)
        return unplanned.planning(scenario_digests)

    def planning(self, scenario_digests: Mapping[str, str]) -> "RunContext":
        """This run with the scenarios of `scenario_digests`, the chosen one first."""
        plans = {
            scenario: "plan_"
            + digest_of(
                self.input_digest, digest, self.code_version, self.as_of.isoformat(), scenario
            )
            for scenario, digest in scenario_digests.items()
        }
        chosen = next(iter(plans))
        return replace(
            self,
            scenario=chosen,
            plan_id=plans[chosen],
            settings_digest=scenario_digests[chosen],
            plans=plans,
        )

    def keeping(self, plan_id: str) -> "RunContext":
        """This run, showing a plan that was made before instead of one of its own."""
        return replace(self, plan_id=plan_id, plans={self.scenario: plan_id})

    def save(self, paths: WorkPaths) -> None:
        """Keep the context beside the working database."""
        content = asdict(self) | {"as_of": self.as_of.isoformat()}
        paths.context.write_text(json.dumps(content, indent=2) + "\n")

    @classmethod
    def load(cls, paths: WorkPaths) -> "RunContext":
        """The context of the working database; raises GateError when nothing was ingested yet."""
        try:
            content = json.loads(paths.context.read_text())
        except FileNotFoundError:
            raise GateError(
                f"{paths.work}: no input has been read yet; materialize the raw tables first, "
                "or start the whole run"
            ) from None
        return cls(**(content | {"as_of": date.fromisoformat(content["as_of"])}))
