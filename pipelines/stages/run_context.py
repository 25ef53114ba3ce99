"""What the stages of one run share: its identity, its planning date and where its files lie."""

import hashlib
import json
from dataclasses import asdict, dataclass
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
    """The identity of a run: hashes of inputs, settings, code and seed, never of the clock."""

    run_id: str
    plan_id: str
    as_of: date
    scenario: str
    input_digest: str
    settings_digest: str
    code_version: str

    @classmethod
    def identify(
        cls, *, as_of: date, scenario: str, input_digest: str, settings_digest: str, code: str
    ) -> "RunContext":
        """Name the run of these inputs, settings and code: equal ones get equal names."""
        run_id = "run_" + digest_of(input_digest, settings_digest, code, as_of.isoformat())
        return cls(
            run_id=run_id,
            plan_id="plan_" + digest_of(run_id, scenario),
            as_of=as_of,
            scenario=scenario,
            input_digest=input_digest,
            settings_digest=settings_digest,
            code_version=code,
        )

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
