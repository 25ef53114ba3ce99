"""The committed schemas are those of the code, and the shipped settings fit them."""

import json

import jsonschema
import pytest
import yaml

from pipelines.settings.schemas import SCHEMA_FOLDER, settings_schemas

CONFIG = SCHEMA_FOLDER.parent
SHIPPED = {
    "project.schema.json": [CONFIG / "project.yaml", *(CONFIG / "examples").glob("*.yaml")],
    "scoring.schema.json": [CONFIG / "scoring.yaml"],
    "mapping.schema.json": list((CONFIG / "mappings").glob("*.yaml")),
    "policy.schema.json": list((CONFIG / "policies").glob("*.yaml")),
}


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_committed_schema_is_that_of_the_code(name: str) -> None:
    committed = json.loads((SCHEMA_FOLDER / name).read_text(encoding="utf-8"))
    assert committed == settings_schemas()[name], "run `make schemas` and commit the result"


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_shipped_settings_fit_their_schema(name: str) -> None:
    schema = settings_schemas()[name]
    assert SHIPPED[name]
    for path in SHIPPED[name]:
        # JSON has no dates: a schema speaks of their text.
        document = json.loads(json.dumps(yaml.safe_load(path.read_text()), default=str))
        jsonschema.validate(document, schema)
