"""Read a mapping file and say precisely what is wrong with it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from pipelines.errors import ConfigurationError, near, quote
from pipelines.ingest.entities import ENTITIES, Entity, entity_names
from pipelines.ingest.entities import Field as CanonicalField
from pipelines.ingest.mapping import (
    ColumnRule,
    Condition,
    CsvOptions,
    EntityMapping,
    Exclusion,
    HistoryTable,
    Lookup,
    SourceMapping,
    WatchedTable,
)

# The model that holds an entry, by the key that leads to it; a number or free name lies between.
_MODEL_BY_PARENT: dict[str, type[BaseModel]] = {
    "entities": EntityMapping,
    "columns": ColumnRule,
    "csv": CsvOptions,
    "lookup": Lookup,
    "exclude": Exclusion,
    "history": HistoryTable,
    "is_open": Condition,
    "watch": WatchedTable,
    "null_when": Condition,
    "where": Condition,
    "prefer": Condition,
}

# Which options make sense for a field of which type only.
_OPTIONS_BY_TYPE = {
    "unit": ("number", "integer"),
    "currency": ("number",),
    "currency_column": ("number",),
    "thousands": ("number", "integer"),
    "decimal": ("number", "integer"),
    "marks": ("number", "integer"),
    "parentheses": ("number", "integer"),
    "date_format": ("date",),
    "pad": ("text",),
    "salesforce_id": ("text",),
}


class _TextLoader(yaml.BaseLoader):
    """YAML with every scalar as text and repeated keys refused (plain YAML keeps the last)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_mapping(path: Path) -> SourceMapping:
    """The mapping in the YAML file at `path`.

    Raises ConfigurationError, naming file and setting, when the file cannot be read, is no YAML,
    holds an unknown key, entity or field, or an option that its field's type does not know.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_TextLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path.name}: the mapping cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path.name}: not valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path.name}: a mapping starts with 'source:' and 'entities:'")
    try:
        mapping = SourceMapping.model_validate(document)
    except ValidationError as error:
        raise ConfigurationError(_explain(path, document, error)) from error
    _check_entities(path, mapping)
    return mapping


def _explain(path: Path, document: dict[Any, Any], error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        location = _as_written(document, problem["loc"])
        setting = ".".join(str(part) for part in location)
        if problem["type"] == "extra_forbidden":
            suggestion = near(str(location[-1]), _allowed_keys(location))
            lines.append(f"{path.name}: {setting}: unknown key{suggestion}")
        elif problem["type"] == "missing":
            lines.append(f"{path.name}: {setting}: is required")
        else:
            text = problem["msg"].removeprefix("Value error, ")
            given = problem["input"]
            value = f", not {quote(given)}" if isinstance(given, str) else ""
            lines.append(f"{path.name}: {setting or 'mapping'}: {text}{value}")
    return "\n".join(lines)


def _as_written(document: dict[Any, Any], location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """`location` without the position in a list that the file does not have."""
    match location:
        case ("entities", str(entity), int(), *rest):
            entities = document.get("entities")
            if isinstance(entities, dict) and not isinstance(entities.get(entity), list):
                return ("entities", entity, *rest)
    return location


def _allowed_keys(location: tuple[int | str, ...]) -> Iterable[str]:
    model: type[BaseModel] = SourceMapping
    for part in location[:-1]:
        model = _MODEL_BY_PARENT.get(str(part), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _check_entities(path: Path, mapping: SourceMapping) -> None:
    known = entity_names(mapping.source)
    for name, parts in mapping.entities.items():
        where = f"{path.name}: entities.{name}"
        if name not in known:
            raise ConfigurationError(
                f"{where}: a '{mapping.source}' source has no such entity{near(name, known)}; "
                f"it may hold {', '.join(known)}"
            )
        for number, part in enumerate(parts):
            place = f"{where}.{number}" if len(parts) > 1 else where
            _check_part(place, ENTITIES[mapping.source, name], part)
    for number, watched in enumerate(mapping.watch):
        for column, name in watched.references.items():
            if name not in mapping.entities:
                raise ConfigurationError(
                    f"{path.name}: watch.{number}.references.{column}: '{name}' is not mapped"
                    f"{near(name, mapping.entities)}"
                )
    for number, table in enumerate(mapping.history):
        if mapping.followed(table) is None:
            raise ConfigurationError(
                f"{path.name}: history.{number}: {table.entity}.{table.field} is not mapped"
            )


def _check_part(where: str, entity: Entity, part: EntityMapping) -> None:
    fields = {field.name: field for field in entity.fields}
    for field_name, rule in part.columns.items():
        if field_name not in fields:
            raise ConfigurationError(
                f"{where}.columns.{field_name}: unknown field{near(field_name, fields)}"
            )
        _check_options(f"{where}.columns.{field_name}", fields[field_name], rule)
    missing = [
        field.name
        for field in fields.values()
        if field.is_required and field.name not in part.columns
    ]
    if missing:
        raise ConfigurationError(f"{where}.columns: {', '.join(missing)} must be mapped")
    for test in part.exclude:
        if test.field is not None and test.field not in part.columns:
            raise ConfigurationError(
                f"{where}.exclude.{test.rule}: field '{test.field}' is not mapped"
                f"{near(test.field, part.columns)}"
            )
    # Custom fields are published; what a company keeps about its reps may be pay.
    if part.pass_through and (entity.source != "crm" or entity.name == "rep"):
        raise ConfigurationError(
            f"{where}.pass_through: only for entities of a crm source other than reps"
        )


def _check_options(where: str, field: CanonicalField, rule: ColumnRule) -> None:
    for option, types in _OPTIONS_BY_TYPE.items():
        if option in rule.model_fields_set and field.type not in types:
            raise ConfigurationError(
                f"{where}.{option}: only for fields of type {' or '.join(types)}; "
                f"{field.name} is {field.type}"
            )
    for option in ("currency", "currency_column"):
        if option in rule.model_fields_set and not field.name.endswith("_usd"):
            raise ConfigurationError(f"{where}.{option}: {field.name} is no amount of money")
    outcomes = [*rule.aliases.values(), *([rule.default] if rule.default is not None else [])]
    for value in outcomes if field.vocabulary else []:
        if value not in field.vocabulary:
            raise ConfigurationError(
                f"{where}: '{value}' is none of {', '.join(field.vocabulary)}"
                f"{near(value, field.vocabulary)}"
            )
