"""The JSON Schemas of all settings files, for editors and for readers who want every key.

`python -m pipelines.settings.schemas` writes them to `config/schemas`, and the reference of the
policy's settings to docs/optimization.md; tests compare.
"""

import json
from pathlib import Path
from typing import Any

from pipelines.ingest import mapping_schema
from pipelines.settings.loader import PROJECT_ROOT
from pipelines.settings.policy_reference import write_reference
from pipelines.settings.project import project_schema
from pipelines.settings.scoring import scoring_schema

SCHEMA_FOLDER = PROJECT_ROOT / "config" / "schemas"


def settings_schemas() -> dict[str, dict[str, Any]]:
    """Every schema by the name of its file."""
    from optimization import policy_schema

    return {
        "mapping.schema.json": mapping_schema(),
        "policy.schema.json": policy_schema(),
        "project.schema.json": project_schema(),
        "scoring.schema.json": scoring_schema(),
    }


def as_text(schema: dict[str, Any]) -> str:
    """A schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path = SCHEMA_FOLDER) -> None:
    """Write every schema into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in settings_schemas().items():
        (folder / name).write_text(as_text(schema), encoding="utf-8")


if __name__ == "__main__":
    write_schemas()
    write_reference()
