"""Suites as analysts write them: one YAML file per table in `suites/<stage>/`.

Reading them is cheap and imports no Great Expectations, so that Dagster can list every check
before anything runs. What only the warehouse can tell (whether tables and columns exist) is
checked by `expectations.warehouse` when the suites run.
"""

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, get_args

import yaml

from expectations.catalogue import COLUMN_KEYWORDS, EXPECTATION_TYPES, ExpectationType
from expectations.errors import SuiteError, near, quote
from expectations.reading import READERS, UNREADABLE_COLUMN
from expectations.result import PAY_COLUMNS, Severity

SUITES_FOLDER = Path(__file__).parent / "suites"
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

_SUITE_KEYS = ("table", "description", "key", "read_as", "expectations")
_CHECK_KEYS = ("name", "type", "columns", "kwargs", "severity", "description")
# What Dagster accepts as the name of an asset check.
_NAME = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True)
class Check:
    """One entry of a suite. A failed `error` blocks the run, a failed `warning` is recorded.

    `about` names the columns that a query judges, which nothing else tells.
    """

    name: str
    type: str
    kwargs: Mapping[str, Any]
    severity: Severity
    description: str
    place: str
    about: tuple[str, ...] = ()

    @property
    def expectation(self) -> ExpectationType:
        """What this check's type needs and judges."""
        return EXPECTATION_TYPES[self.type]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the check is about, in the order of its keywords; for a query as declared."""
        found: list[str] = list(self.about)
        for keyword in COLUMN_KEYWORDS:
            value = self.kwargs.get(keyword, ())
            found.extend([value] if isinstance(value, str) else value)
        return tuple(found)


@dataclass(frozen=True)
class Suite:
    """The checks of one table in one stage.

    `key` names the columns that identify an offending row in a sample. `read_as` types columns
    that hold text (see `expectations.reading`).
    """

    stage: str
    table: str
    description: str
    key: tuple[str, ...]
    read_as: Mapping[str, str]
    checks: tuple[Check, ...]
    file: Path


def load_suites(stage: str, folder: Path = SUITES_FOLDER) -> list[Suite]:
    """The suites of `stage`, a folder of `folder`, in the order of their tables.

    Raises SuiteError, naming file and line, for an unknown stage, key, type or keyword,
    a missing or repeated name, or a value of the wrong kind.
    """
    stages = sorted(path.name for path in folder.iterdir() if path.is_dir())
    if stage not in stages:
        raise SuiteError(
            f"No suites for stage {quote(stage)}{near(stage, stages)}. "
            f"{folder} has {', '.join(stages)}."
        )
    suites = [_read_suite(path, stage) for path in sorted((folder / stage).glob("*.yaml"))]
    by_table: dict[str, Suite] = {}
    for suite in suites:
        if suite.table in by_table:
            raise SuiteError(
                f"{suite.file}: table {suite.table} already has the suite "
                f"{by_table[suite.table].file.name} in stage {stage}. Merge the two files."
            )
        by_table[suite.table] = suite
    return [by_table[table] for table in sorted(by_table)]


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key written twice instead of keeping the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", node.value[position][0].start_mark
                )
        return super().construct_mapping(node, deep)


def _read_suite(path: Path, stage: str) -> Suite:
    try:
        text = path.read_text(encoding="utf-8")
        # One parse for content and lines.
        loader = _Loader(text)
        root = loader.get_single_node()
        content = None if root is None else loader.construct_document(root)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SuiteError(f"{path} is not a readable YAML file: {error}") from error
    if not isinstance(content, dict):
        _refuse(f"{path}: a suite is a mapping with the keys {', '.join(_SUITE_KEYS)}.")
    _known_keys(content, _SUITE_KEYS, str(path))
    table = _text(content, "table", str(path))
    entries = content.get("expectations")
    if not isinstance(entries, list) or not entries:
        _refuse(f"{path}: 'expectations' must be a list with at least one entry.")
    lines = _entry_lines(root)
    checks = tuple(
        _read_check(entry, f"{path}, line {line}")
        for entry, line in zip(entries, lines, strict=True)
    )
    _distinct_names(checks)
    suite = Suite(
        stage=stage,
        table=table,
        description=_text(content, "description", str(path)),
        key=_names(content.get("key", []), f"{path}: 'key'"),
        read_as=_read_as(content.get("read_as", {}), path),
        checks=checks,
        file=path,
    )
    _no_pay_columns(suite)
    return suite


def _read_check(entry: object, place: str) -> Check:
    if not isinstance(entry, dict):
        _refuse(f"{place}: an expectation is a mapping with the keys {', '.join(_CHECK_KEYS)}.")
    _known_keys(entry, _CHECK_KEYS, place)
    name = _text(entry, "name", place)
    if not _NAME.fullmatch(name):
        _refuse(f"{place}: the name {quote(name)} may hold letters, digits and '_' only.")
    place = f"{place} ({name})"
    kind = _text(entry, "type", place)
    if kind not in EXPECTATION_TYPES:
        _refuse(f"{place}: unknown expectation type {quote(kind)}{near(kind, EXPECTATION_TYPES)}.")
    severity = next((known for known in SEVERITIES if known == entry.get("severity")), None)
    if severity is None:
        given = quote(entry.get("severity"))
        _refuse(f"{place}: severity is 'error' or 'warning', not {given}.")
    kwargs = entry.get("kwargs", {})
    if not isinstance(kwargs, dict):
        _refuse(f"{place}: 'kwargs' must be a mapping, not {quote(kwargs)}.")
    _check_keywords(kwargs, EXPECTATION_TYPES[kind], place)
    about = _names(entry.get("columns", []), f"{place}: 'columns'")
    if about and EXPECTATION_TYPES[kind].kind != "query":
        _refuse(f"{place}: 'columns' is for queries; the kwargs of {kind} name its columns.")
    return Check(name, kind, kwargs, severity, _text(entry, "description", place), place, about)


def _check_keywords(kwargs: dict[str, Any], expectation: ExpectationType, place: str) -> None:
    _known_keys(kwargs, expectation.keywords, f"{place}: kwargs")
    missing = [keyword for keyword in expectation.required if kwargs.get(keyword) is None]
    if missing:
        _refuse(f"{place}: kwargs lacks {', '.join(missing)}.")
    if expectation.one_of and all(kwargs.get(keyword) is None for keyword in expectation.one_of):
        _refuse(f"{place}: kwargs needs {' or '.join(expectation.one_of)}.")
    for keyword, value in kwargs.items():
        _check_value(keyword, value, f"{place}: {keyword}")


def _check_value(keyword: str, value: object, place: str) -> None:
    if keyword in ("column_list", "value_set"):
        if not isinstance(value, list) or not value:
            _refuse(f"{place} must be a list with at least one value, not {quote(value)}.")
        if keyword == "column_list":
            _names(value, place)
    elif keyword in (*COLUMN_KEYWORDS, "regex", "unexpected_rows_query"):
        if not isinstance(value, str) or not value.strip():
            _refuse(f"{place} must be a text, not {quote(value)}.")
        if keyword == "unexpected_rows_query" and "{batch}" not in value:
            _refuse(f"{place} must read the table of its suite, written {{batch}}.")
    elif keyword in ("strict_min", "strict_max", "or_equal"):
        if not isinstance(value, bool):
            _refuse(f"{place} is true or false, not {quote(value)}.")
    elif keyword == "mostly":
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            _refuse(f"{place} is a share from 0 to 1, not {quote(value)}.")
    elif isinstance(value, (str, bool, list, dict)):
        _refuse(f"{place} must be a number or a date, not {quote(value)}.")


def _read_as(value: object, path: Path) -> dict[str, str]:
    if not isinstance(value, dict):
        _refuse(f"{path}: 'read_as' maps columns to {', '.join(READERS)}, not {quote(value)}.")
    for column, kind in value.items():
        if kind not in READERS:
            _refuse(
                f"{path}: read_as {column} is one of {', '.join(READERS)}, "
                f"not {quote(kind)}{near(str(kind), READERS)}."
            )
        if column == UNREADABLE_COLUMN:
            _refuse(f"{path}: read_as makes the column {UNREADABLE_COLUMN}, it cannot read it.")
    return value


def _names(value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        _refuse(f"{place} must be a list of column names, not {quote(value)}.")
    return tuple(value)


def _text(content: Mapping[str, Any], key: str, place: str) -> str:
    value = content.get(key)
    if not isinstance(value, str) or not value.strip():
        _refuse(f"{place}: {key!r} is needed and must be a text, not {quote(value)}.")
    return value.strip()


def _known_keys(content: Mapping[str, Any], known: Iterable[str], place: str) -> None:
    for key in content:
        if key not in known:
            _refuse(
                f"{place}: unknown key {quote(key)}{near(str(key), known)}. "
                f"Known: {', '.join(known)}."
            )


def _distinct_names(checks: tuple[Check, ...]) -> None:
    seen: set[str] = set()
    for check in checks:
        if check.name in seen:
            _refuse(f"{check.place}: the name stands twice in this suite.")
        seen.add(check.name)


def _no_pay_columns(suite: Suite) -> None:
    named = [(f"{suite.file}: key", suite.key), (f"{suite.file}: read_as", tuple(suite.read_as))]
    named.extend((check.place, check.columns) for check in suite.checks)
    for place, columns in named:
        for column in PAY_COLUMNS.intersection(columns):
            _refuse(
                f"{place}: {column} is pay data and check results are published. Use an "
                "unexpected_rows_expectation whose query selects the key alone."
            )


def _entry_lines(root: yaml.Node | None) -> list[int]:
    assert isinstance(root, yaml.MappingNode)
    return next(
        [entry.start_mark.line + 1 for entry in value.value]
        for key, value in root.value
        if key.value == "expectations"
    )


def _refuse(message: str) -> NoReturn:
    raise SuiteError(message)
