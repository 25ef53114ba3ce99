"""One self-contained HTML file: the templates with their data, style and scripts inside."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"

# Inside a script element these characters could end it, open a comment, or end a line.
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def safe_json(value: Any) -> str:
    """`value` as JSON that cannot leave the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character, escape in _UNSAFE.items():
        text = text.replace(character, escape)
    return text


def render(template: str, scripts: Sequence[str], data: Any, **variables: Any) -> str:
    """The page of `template` with `data` and `scripts` inside.

    Args:
        template: a file of `templates`; texts put into it are escaped.
        scripts: files of `templates`, run in this order.
        data: what the scripts find as the constant DATA.
    """
    return (
        _environment()
        .get_template(template)
        .render(
            data_json=safe_json(data),
            style=_read("page.css"),
            script="\n".join(_read(name) for name in scripts),
            **variables,
        )
    )


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
