"""A policy from its YAML file, and why a file is refused.

Unknown keys are refused, because a misspelt limit that is silently ignored produces a plan nobody
asked for.
"""

from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from optimization.errors import PolicyError, nearest
from optimization.policy.schema import Policy


def load_policy(path: Path | str) -> Policy:
    """Read one scenario.

    Raises:
        PolicyError: the file is missing or no YAML mapping, or a setting is unknown, of the wrong
            type or out of range; the message names the file and the setting.
    """
    import yaml

    file = Path(path)
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        siblings = (
            sorted(p.name for p in file.parent.glob("*.yaml")) if file.parent.is_dir() else []
        )
        raise PolicyError(
            f"{file}: no such policy file{nearest(file.name, siblings)}; "
            f"found: {', '.join(siblings) or 'none'}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{file}: cannot be read as UTF-8 text: {error}") from None
    except yaml.YAMLError as error:
        raise PolicyError(f"{file}: not valid YAML: {str(error)[:300]}") from None
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise PolicyError(
            f"{file}: expected settings as 'name: value', found {type(content).__name__}"
        )
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        raise PolicyError(f"{file}: " + "; ".join(_explain(error)[:5])) from None


def _explain(error: ValidationError) -> list[str]:
    messages = []
    for detail in error.errors():
        place = ".".join(str(part) for part in detail["loc"]) or "policy"
        if detail["type"] == "extra_forbidden":
            known = _known_keys(detail["loc"][:-1])
            messages.append(f"unknown setting {place}{nearest(str(detail['loc'][-1]), known)}")
        else:
            shown = repr(detail["input"])[:80]
            text = detail["msg"].removeprefix("Value error, ")
            messages.append(f"setting {place}: {text} (found {shown})")
    return messages


def _known_keys(place: tuple[int | str, ...]) -> list[str]:
    """Field names of the block at `place`, for the near-name hint."""
    model: Any = Policy
    for part in place:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        if field is None:
            return []
        kinds = [field.annotation, *get_args(field.annotation)]
        blocks = [k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)]
        if not blocks:
            return []
        model = blocks[0]
    return list(model.model_fields)
