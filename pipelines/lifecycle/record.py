"""The record of a plan: everything that decides it, and what it decided."""

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from pipelines.errors import TerritoryError

RECORD_NAME = "record.json"
POLICY_NAME = "policy.yaml"
SETTINGS_NAME = "settings.json"
ASSIGNMENT_NAME = "assignment.parquet"
CHOSEN_NAME = "chosen.parquet"
LANDED_FOLDER = "landed"


class InputFile(BaseModel):
    """A file the plan was made of, by the raw table it went to."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    table: str
    file: str
    sha256: str


class PlanRecord(BaseModel):
    """What `record.json` holds. No moment of the clock: the log of acts has those.

    Attributes:
        inputs: the files read; `input_digest` also counts mappings and lookups,
            `settings_digest` drive times.
        policy_digest: SHA-256 of the policy's text, which lies beside the record.
        figures: the row of `kpi_plan` for the plan, numbers and flags.
        assignment_digest: SHA-256 of the Parquet file of the assignment.
        rebalanced_from: the plan whose bands this one restores; its owners lie in
            `chosen.parquet`. None: planned by itself.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    record_version: int = 1
    plan_id: str
    run_id: str
    company: str
    scenario: str
    as_of: date
    code_version: str
    seed: int
    input_digest: str
    settings_digest: str
    policy_digest: str
    inputs: tuple[InputFile, ...]
    figures: dict[str, Any]
    account_count: int
    assignment_digest: str
    rebalanced_from: str | None = None

    def text(self) -> str:
        """The record as its file holds it."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The record in the folder of a plan.

        Raises:
            TerritoryError: it is missing or damaged.
        """
        path = folder / RECORD_NAME
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise TerritoryError(
                f"{path}: not a record of a plan ({type(error).__name__}); restore it from a backup"
            ) from None


def text_digest(text: str) -> str:
    """SHA-256 of `text`."""
    return hashlib.sha256(text.encode()).hexdigest()
