"""The reference of the policy's settings in docs/optimization.md, written from the policy itself.

`python -m pipelines.settings.schemas` writes it with the JSON Schemas; a test compares.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines.settings.loader import PROJECT_ROOT

DOCUMENT = PROJECT_ROOT / "docs" / "optimization.md"
BEGIN, END = "<!-- policy reference: made by `make schemas` -->", "<!-- end of policy reference -->"


def policy_reference() -> str:
    """A table of the settings for the policy and each of its blocks, in the policy's order."""
    from optimization import policy_schema

    schema = policy_schema()
    blocks = list(_blocks(schema, schema["$defs"], ""))
    parts = [_table("A policy", schema, "")]
    parts += [_table(f"`{name}`", block, block.get("description", "")) for name, block in blocks]
    return "\n\n".join(parts)


def with_reference(document: str, reference: str) -> str:
    """`document` with the part between its two markers replaced by `reference`.

    Raises:
        ValueError: a marker is missing.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the document needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{reference}\n\n{END}{after}"


def write_reference(path: Path = DOCUMENT) -> None:
    """Renew the reference in the document at `path`."""
    document = with_reference(path.read_text(encoding="utf-8"), policy_reference())
    path.write_text(document, encoding="utf-8")


def _blocks(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], place: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every block of settings below `schema`, by the path of its key, in order."""
    for name, setting in schema["properties"].items():
        reference = _reference(setting)
        if reference is None:
            continue
        is_list = setting.get("type") == "array"
        path = f"{place}{name}" + ("[]" if is_list else "")
        block = definitions[reference]
        yield path, block
        yield from _blocks(block, definitions, f"{path}.")


def _reference(setting: Mapping[str, Any]) -> str | None:
    """The definition a setting points to, itself, in a list or beside null."""
    options = [setting, setting.get("items", {}), *setting.get("anyOf", [])]
    for option in options:
        if "$ref" in option:
            return str(option["$ref"]).rsplit("/", 1)[-1]
    return None


def _table(title: str, schema: Mapping[str, Any], description: str) -> str:
    required = set(schema.get("required", ()))
    rows = [
        f"| `{name}` | {_kind(setting)} | "
        f"{'required' if name in required else _default(name, setting)} | "
        f"{_cell(setting.get('description', ''))} |"
        for name, setting in schema["properties"].items()
    ]
    head = f"**{title}.** {' '.join(description.split())}".strip()
    return "\n".join(
        [head, "", "| Setting | Type | Default | Meaning |", "|---|---|---|---|", *rows]
    )


def _kind(setting: Mapping[str, Any]) -> str:
    """What a value looks like: its type, its range or its choices."""
    if "anyOf" in setting:
        kinds = [_kind(option) for option in setting["anyOf"] if option.get("type") != "null"]
        return " or ".join(kinds)
    if "$ref" in setting:
        return "block"
    if "enum" in setting:
        return " \\| ".join(str(value) for value in setting["enum"])
    kind = setting.get("type", "value")
    if kind == "array":
        return f"list of {_plural(_kind(setting.get('items', {})))}"
    if kind == "object":
        return "mapping"
    if setting.get("format") == "date":
        return "date"
    words = {"integer": "whole number", "boolean": "true or false", "string": "text"}
    return words.get(kind, kind) + _range(setting)


def _plural(kind: str) -> str:
    return kind if "|" in kind else {"block": "blocks", "text": "texts"}.get(kind, f"{kind}s")


def _range(setting: Mapping[str, Any]) -> str:
    lower = setting.get("minimum", setting.get("exclusiveMinimum"))
    upper = setting.get("maximum", setting.get("exclusiveMaximum"))
    # A billion only keeps numbers finite.
    upper = None if upper is not None and upper >= 1e9 else upper
    if lower is None and upper is None:
        return ""
    if upper is None:
        return f" {'>' if 'exclusiveMinimum' in setting else '≥'} {_number(lower)}"
    below = "<" if "exclusiveMaximum" in setting else "to"
    return (
        f" {_number(lower)} to {_number(upper)}"
        if below == "to"
        else f" {_number(lower)} to below {_number(upper)}"
    )


def _default(name: str, setting: Mapping[str, Any]) -> str:
    if "default" not in setting:
        from optimization import Policy

        # The blocks of a policy are made anew for each: their schema names no default.
        blocks = getattr(Policy(), name, None)
        if isinstance(blocks, list):
            return (
                ", ".join(f"{block.name} ±{block.tolerance_pct:g} %" for block in blocks) or "none"
            )
        return "its defaults" if _reference(setting) else "none"
    value = setting["default"]
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return _number(value) if isinstance(value, int | float) else str(value)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:g}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
