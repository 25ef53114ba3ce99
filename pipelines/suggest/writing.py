"""A draft mapping as the YAML file that a person goes through and corrects."""

import re
from typing import Any

import yaml

from pipelines.suggest.draft import Draft, Guess, date_format_of, kind_of, words
from pipelines.suggest.words import UNITS

_MOST_STAGES = 40
_WON = re.compile(r"(?i)\b(closed )?(won|shipped|resolved|paid|fulfilled|completed?)\b")
_LOST = re.compile(r"(?i)\b(lost|cancell?ed|rejected|dead|abandoned)\b")
_MARKS = ("$", "€", "£", "%", "USD", "EUR", "GBP")
_UNIT_WORDS = {"thousand": "1000", "million": "1000000", "billion": "1000000000"}
_YES = re.compile(r"(?i)\b(active|customer|client|current|member|yes)\b")
_NO = re.compile(r"(?i)\b(no|not|non|former|ex|past|lost|prospect|lead|potential)\b")
_ISO = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S")


def as_yaml(draft: Draft) -> str:
    """The mapping file, each guess with a value of its column beside it."""
    entity: dict[str, Any] = {"file": draft.path.name}
    if draft.path.suffix.lower() not in (".csv", ".tsv"):
        entity["format"] = "csv"
    options: dict[str, Any] = {"delimiter": draft.delimiter} if draft.delimiter != "," else {}
    if draft.skip_lines:
        options["skip_lines"] = draft.skip_lines
    if draft.encoding != "utf-8":
        options["encoding"] = draft.encoding
    if options:
        entity["csv"] = options
    head = yaml.safe_dump(
        {"source": "crm", "entities": {draft.entity.name: entity}}, sort_keys=False
    ).rstrip()
    lines = [
        f"# A first mapping of {draft.path.name}, guessed from headings and first values.",
        "# Go through it: every line with a low likeness, every unit and date order. Then run",
        "# `territory check`.",
        head,
        "    columns:",
    ]
    for guess in draft.guesses:
        lines += _entry(guess, _rule(draft, guess))
    if draft.entity.name == "opportunity":
        lines += _status(draft)
    if draft.left_out:
        lines.append("    ignore_columns:")
        lines += [f"    - {_scalar(name)}" for name in draft.left_out]
    required = [
        one.name
        for one in draft.entity.fields
        if one.is_required and draft.column_of(one.name) is None and one.name != "status"
    ]
    if required:
        lines.append(f"# Nothing was found for what is required: {', '.join(required)}.")
    return "\n".join(lines) + "\n"


def _rule(draft: Draft, guess: Guess) -> dict[str, Any] | str:
    kind = draft.entity.field(guess.field).type
    values = draft.values[guess.column]
    rule: dict[str, Any] = {"column": guess.column}
    if kind == "date":
        found = date_format_of(values)
        if found is not None and found not in _ISO:
            rule["date_format"] = found
    if kind == "boolean" and kind_of(values) == "text":
        rule["aliases"] = {
            value: "true" if _YES.search(value) and not _NO.search(value) else "false"
            for value in sorted(set(values))
        }
    if kind in ("number", "integer"):
        rule |= _written(values)
        for word, factor in UNITS.get(guess.field, {}).items():
            if word in words(guess.column).split():
                rule["unit"] = factor
    return rule if len(rule) > 1 else guess.column


def _written(values: list[str]) -> dict[str, Any]:
    """How the numbers are written, where that is not plainly."""
    rule: dict[str, Any] = {}
    has_comma = any(re.search(r"\d,\d{1,2}$|\.\d{3},\d", value) for value in values)
    if has_comma and not any(re.search(r",\d{3}\.|\d\.\d{1,2}$", value) for value in values):
        rule["decimal"] = ","
        for mark in (".", " "):
            if any(re.search(rf"\d[{mark}]\d{{3}}(\D|$)", value) for value in values):
                rule["thousands"] = mark
    elif any(re.search(r"\d,\d{3}(\D|$)", value) for value in values):
        rule["thousands"] = ","
    marks = [mark for mark in _MARKS if any(mark in value for value in values)]
    if marks:
        rule["marks"] = marks
    if any(re.search(r"\(.*\)$", value) for value in values):
        rule["parentheses"] = "negative"
    last_words = {value.rpartition(" ")[2] for value in values}
    units = {
        word: _UNIT_WORDS[word.lower()]
        for word in sorted(last_words)
        if word.lower() in _UNIT_WORDS
    }
    if units:
        rule["unit_words"] = units
    return rule


def _entry(guess: Guess, rule: dict[str, Any] | str) -> list[str]:
    note = f"  # {guess.likeness:.0f} of 100"
    if guess.sample:
        shown = " ".join(guess.sample.split())[:40]
        note += f", such as {shown!r}"
    if isinstance(rule, str):
        return [f"      {guess.field}: {_scalar(rule)}{note}"]
    body = ", ".join(f"{name}: {_scalar(value)}" for name, value in rule.items())
    return [f"      {guess.field}: {{{body}}}{note}"]


def _status(draft: Draft) -> list[str]:
    """What each stage means, guessed from its words; needed, since no plan works without it."""
    column = draft.column_of("stage")
    if column is None:
        return []
    stages = sorted(set(draft.values[column]))[:_MOST_STAGES]
    lines = ["      status:", f"        column: {_scalar(column)}"]
    if not stages:
        return [*lines, "        default: open  # the column was empty"]
    lines.append("        aliases:")
    for stage in stages:
        meaning = "won" if _WON.search(stage) else "lost" if _LOST.search(stage) else "open"
        lines.append(f"          {_scalar(stage)}: {meaning}")
    return lines


def _scalar(value: str | list[str] | dict[str, str]) -> str:
    """`value` quoted as far as YAML needs it, also inside braces."""
    if isinstance(value, dict):
        pairs = (f"{_scalar(key)}: {_scalar(one)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_scalar, value))}]"
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_ ]*[A-Za-z0-9_]|[A-Za-z]", value)
    reserved = {"yes", "no", "true", "false", "null", "on", "off", "y", "n"}
    if plain and value.lower() not in reserved:
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
