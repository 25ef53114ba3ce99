"""Read a YAML settings file into a pydantic model, or say in one message what is wrong with it."""

import types
import typing
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipelines.errors import ConfigurationError, near, quote

Model = TypeVar("Model", bound=BaseModel)


def read_settings(path: Path, model: type[Model]) -> Model:
    """The settings of `path` as a `model`.

    Raises:
        ConfigurationError: the file is missing or no YAML mapping, or a setting is unknown,
            missing or out of range; the message names the file, the setting and the nearest
            known name.
    """
    return validate_settings(path, read_yaml(path), model)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that the YAML file `path` holds; an empty file is an empty mapping."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        raise ConfigurationError(
            f"{path}: settings file not found{near(path.name, siblings)}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(
            f"{path}: not valid YAML: {' '.join(str(error).split())}"
        ) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path}: expected a mapping of settings at the top level")
    return document


def validate_settings(path: Path, document: dict[str, Any], model: type[Model]) -> Model:
    """`document`, read from `path`, as a `model`; raises ConfigurationError as `read_settings`."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        problems = [_explain(problem, model) for problem in error.errors()]
        raise ConfigurationError(f"{path}: " + "; ".join(problems)) from None


def _explain(problem: Any, model: type[BaseModel]) -> str:
    location: tuple[int | str, ...] = problem["loc"]
    setting = ".".join(str(part) for part in location) or "(top level)"
    if problem["type"] == "extra_forbidden":
        return f"unknown setting '{setting}'{near(str(location[-1]), _known(model, location))}"
    if problem["type"] == "missing":
        return f"missing setting '{setting}'"
    message = problem["msg"].removeprefix("Value error, ")
    return f"setting '{setting}': {message} (got {quote(problem['input'])})"


def _known(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The setting names that are allowed where `location` points."""
    models = [model]
    for part in location[:-1]:
        models = [
            inner
            for candidate in models
            for inner in (
                _models_in(candidate.model_fields[str(part)].annotation)
                if part in candidate.model_fields
                # A list index, a mapping key or a union tag: stay with the same candidates.
                else [candidate]
            )
        ]
    return sorted({name for candidate in models for name in candidate.model_fields})


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The pydantic models named anywhere in a type such as ``dict[str, Source] | None``."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for inner in typing.get_args(annotation) for model in _models_in(inner)]
