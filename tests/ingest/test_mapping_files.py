"""The grammar of mapping files, and what is said about a wrong one."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from pipelines.errors import ConfigurationError
from pipelines.ingest import load_mapping, mapping_schema
from pipelines.ingest.entities import ENTITIES

CONFIG = Path(__file__).parents[2] / "config"
MAPPINGS = sorted((CONFIG / "mappings").glob("*.yaml"))

VALID = """
source: crm
entities:
  account:
    file: accounts.csv
    columns:
      account_id: id
      account_name: {column: name}
"""


def mapping_of(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "crm.yaml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path)


def test_the_published_schema_is_the_one_of_the_models() -> None:
    published = json.loads((CONFIG / "schemas" / "mapping.schema.json").read_text())
    assert published == mapping_schema()


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.stem)
def test_every_mapping_of_the_project_loads_and_fits_the_schema(path: Path) -> None:
    load_mapping(path)
    Draft202012Validator(mapping_schema()).validate(yaml.safe_load(path.read_text()))


def test_the_short_form_is_a_column(tmp_path: Path) -> None:
    columns = mapping_of(tmp_path, VALID).entities["account"][0].columns
    assert columns["account_id"].column == "id"
    assert columns["account_name"].column == "name"


def test_scalars_stay_what_they_look_like(tmp_path: Path) -> None:
    text = VALID.replace("{column: name}", "{column: 007, aliases: {NO: Norway, 1E5: off}}")
    rule = mapping_of(tmp_path, text).entities["account"][0].columns["account_name"]
    assert rule.column == "007"
    assert rule.aliases == {"NO": "Norway", "1E5": "off"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("source: crm", "surce: crm", r"surce: unknown key \(did you mean 'source'\?\)"),
        ("columns:", "colums:", r"account.colums: unknown key \(did you mean 'columns'\?\)"),
        ("{column: name}", "{colum: name}", r"colum: unknown key \(did you mean 'column'\?\)"),
        ("{column: name}", "{column: name, pda: 5}", r"pda: unknown key \(did you mean 'pad'\?\)"),
        ("file:", "csv: {delimeter: ;}\n    file:", r"did you mean 'delimiter'\?"),
        ("  account:", "  acount:", r"no such entity \(did you mean 'account'\?\)"),
        ("account_name:", "acount_name:", r"unknown field \(did you mean 'account_name'\?\)"),
        ("      account_name: {column: name}\n", "", "account_name must be mapped"),
        (
            "{column: name}",
            "{column: name, constant: x}",
            "exactly one of column, any_column, .*constant",
        ),
        ("{column: name}", "{column: name, unit: 1000}", "only for fields of type number"),
        ("{column: name}", "{template: plain}", "names no column in braces"),
        ("id\n", "id\n      account_id: other\n", "'account_id' is given twice"),
        ("source: crm", "source: sales", "source: Input should be 'crm', 'plan' or 'market'"),
        (
            "file:",
            "exclude: [{rule: r, column: c, in: [x], equals: y}]\n    file:",
            "exactly one of in, not_in",
        ),
        (
            "file:",
            "exclude: [{rule: r, column: c, matches: '('}]\n    file:",
            "no regular expression",
        ),
        ("id\n", "id\n      employee_count: {column: n, currency: EUR}\n", "only for fields"),
        ("id\n", "id\n      latitude: {column: n, currency: EUR}\n", "no amount of money"),
        ("id\n", "id\n      created_date: {column: d, date_format: '%Q'}\n", "date_format"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in VALID
    with pytest.raises(ConfigurationError, match=message):
        mapping_of(tmp_path, VALID.replace(old, new, 1))


def test_an_alias_leads_to_a_listed_value(tmp_path: Path) -> None:
    text = """
source: crm
entities:
  opportunity:
    file: deals.csv
    columns:
      opportunity_id: id
      stage: stage
      status: {column: stage, aliases: {Closed Won: wonn}}
"""
    with pytest.raises(ConfigurationError, match=r"'wonn' is none of open, won, lost.*'won'"):
        mapping_of(tmp_path, text)


@pytest.mark.parametrize("text", ["", "- a\n", "a: [", "\tb: c"])
def test_no_mapping_at_all(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"crm\.yaml"):
        mapping_of(tmp_path, text)


def test_a_missing_mapping_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.yaml: the mapping cannot be read"):
        load_mapping(tmp_path / "none.yaml")


def test_every_number_of_the_registry_has_limits() -> None:
    for entity in ENTITIES.values():
        assert entity.keys
        for field in entity.fields:
            if field.type in ("number", "integer"):
                assert field.minimum is not None, (entity.table, field.name)
                assert field.maximum is not None, (entity.table, field.name)
            if field.references is not None:
                assert field.references in ENTITIES
