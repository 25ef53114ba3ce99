"""Guess what the columns of an unknown table mean, from their headings and first values."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import InputError
from pipelines.ingest.entities import ENTITIES, Entity, FieldType
from pipelines.suggest.words import ENTITY_WORDS, FIELD_WORDS, NOISE

_SAMPLE_ROWS = 20_000
_SAMPLE_BYTES = 2_000_000
_ENCODINGS = ("utf-8-sig", "windows-1252")
# Likeness from 0 to 100: from here on a heading is worth a guess.
_WORTH_A_GUESS = 78.0
# What values of the wrong kind cost, and what a heading further down the list of a field does.
_WRONG_KIND_COST = 40.0
_PLACE_COST = 0.5
# An id that stands twice may come from a repeated row; no value at all cannot be an id or a name.
_REPEATED_KEY_COST = 10.0
_EMPTY_COST = 30.0
# More different texts than this are no states of yes and no.
MOST_FLAG_TEXTS = 12
_HEADING_LINES = 30
_FILE_NAME_GAIN = 60.0
_REQUIRED_GAIN = 25.0

DATE_FORMATS = (
    *("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d"),
    *("%m/%d/%y", "%d-%b-%Y"),
)
_DATE = re.compile(r"\d{1,4}[-/.](\d{1,2}|[A-Za-z]{3})[-/.]\d{1,4}([ T].*)?")
_MARK = "(?:[$€£%]|USD|EUR|GBP)?"
_NUMBER = re.compile(rf"[-+(]?{_MARK} ?\(?[0-9][0-9,. ]*{_MARK}\)?|[-+]?[0-9.]+[eE][+-]?[0-9]+")
_WORDED_NUMBER = re.compile(r"[$€£]?[0-9.,]+ (thousand|million|billion)", re.I)
_FLAGS = frozenset({"true", "false", "yes", "no", "y", "n", "t", "f", "0", "1"})


@dataclass(frozen=True)
class Guess:
    """What one column may be: `likeness` from 0 to 100, `sample` one of its values."""

    column: str
    field: str
    likeness: float
    sample: str


@dataclass
class Draft:
    """A first mapping of one file.

    Attributes:
        entity: what its rows are.
        guesses: at most one column per field; one column may serve two (an id that is a name).
        left_out: headings without a guess.
        values: the first values of each column.
        skip_lines: how many lines stand above the heading.
    """

    path: Path
    entity: Entity
    guesses: list[Guess]
    left_out: list[str]
    values: dict[str, list[str]] = field(default_factory=dict)
    delimiter: str = ","
    skip_lines: int = 0
    encoding: str = "utf-8"

    def column_of(self, name: str) -> str | None:
        """The column guessed for the field called `name`."""
        return next((guess.column for guess in self.guesses if guess.field == name), None)


def draft_mapping(path: Path) -> Draft:
    """The likeliest reading of a delimited file; raises InputError for one without a table."""
    text, encoding = _read(path)
    skipped, delimiter = _heading_line(text)
    table = "".join(text.splitlines(keepends=True)[skipped:])
    rows = list(csv.reader(io.StringIO(table), delimiter=delimiter))[: _SAMPLE_ROWS + 1]
    heading = [name.strip() for name in rows[0]] if rows else []
    if len(heading) < 2 or not any(heading):
        raise InputError(f"{path}: holds no table with a heading and separators; nothing to map")
    values = {
        name: [row[i].strip() for row in rows[1:] if i < len(row) and row[i].strip()]
        for i, name in enumerate(heading)
        if name
    }
    drafts = [_as_entity(path, ENTITIES["crm", name], values) for name in FIELD_WORDS]
    _, best = max(drafts, key=lambda scored: scored[0])
    best.values, best.delimiter, best.encoding = values, delimiter, encoding
    best.skip_lines = skipped
    return best


def words(heading: str) -> str:
    """A heading in lower case with its words apart and without words that say nothing."""
    apart = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", heading)
    apart = re.sub(r"([A-Z])([A-Z][a-z])", r"\1 \2", apart)
    found = [word for word in re.split(r"[^A-Za-z0-9]+", apart.lower()) if word]
    kept = [word for word in found if word not in NOISE]
    return " ".join(kept or found)


def kind_of(values: Sequence[str]) -> FieldType | None:
    """What most of `values` look like; None without values."""
    if not values:
        return None
    shares: dict[FieldType, int] = {"date": 0, "boolean": 0, "number": 0}
    for value in values:
        shares["date"] += bool(_DATE.fullmatch(value))
        shares["boolean"] += value.lower() in _FLAGS
        shares["number"] += bool(_NUMBER.fullmatch(value) or _WORDED_NUMBER.fullmatch(value))
    for kind, count in shares.items():
        if count >= 0.9 * len(values):
            return kind
    return "text"


def date_format_of(values: Sequence[str]) -> str | None:
    """The first format that reads every value; None when no single one does."""
    from datetime import datetime

    for date_format in DATE_FORMATS:
        try:
            for value in values:
                datetime.strptime(value, date_format)
        except ValueError:
            continue
        return date_format
    return None


def _read(path: Path) -> tuple[str, str]:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_SAMPLE_BYTES)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    # Only whole lines: the cut may go through a character or a record.
    if len(raw) == _SAMPLE_BYTES:
        raw = raw[: raw.rfind(b"\n") + 1]
    if b"\0" in raw or raw[:4] in (b"PAR1", b"PK\x03\x04"):
        raise InputError(f"{path}: is no delimited text; export it as CSV to have it read")
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding), encoding.removesuffix("-sig")
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1"), "latin-1"


def _heading_line(text: str) -> tuple[int, str]:
    """How many lines stand above the heading, and what separates its columns.

    Titles of reports have no separators, or fewer than the heading and the row below it.
    """
    lines = text.splitlines()[:_HEADING_LINES]
    for number, line in enumerate(lines):
        delimiter = max(",;\t|", key=line.count)
        below = next((other for other in lines[number + 1 :] if other), "")
        # `sep=;` is a word to Excel and no heading.
        if re.fullmatch("sep=.", line):
            continue
        if line.count(delimiter) and below.count(delimiter) >= line.count(delimiter):
            return number, delimiter
    return 0, max(",;\t|", key=(lines or [""])[0].count)


def _as_entity(path: Path, entity: Entity, values: dict[str, list[str]]) -> tuple[float, Draft]:
    """The file read as `entity`, and how well that fits."""
    scored = sorted(
        (
            (likeness, column, name)
            for column, sample in values.items()
            for name, likeness in _likenesses(entity, column, sample).items()
            if likeness >= _WORTH_A_GUESS
        ),
        key=lambda one: (-one[0], one[1], one[2]),
    )
    by_field: dict[str, Guess] = {}
    used: set[str] = set()
    for likeness, column, name in scored:
        if name not in by_field and column not in used:
            used.add(column)
            by_field[name] = Guess(column, name, likeness, (values[column] or [""])[0])
    _share_names(entity, by_field)
    order = [one.name for one in entity.fields]
    guesses = sorted(by_field.values(), key=lambda guess: order.index(guess.field))
    left_out = [name for name in values if name not in used]
    fit = sum(guess.likeness - _WORTH_A_GUESS + 10 for guess in by_field.values())
    fit += _REQUIRED_GAIN * sum(one.name in by_field for one in entity.fields if one.is_required)
    name_words = set(words(path.stem).split()) | {path.stem.lower()}
    fit += _FILE_NAME_GAIN * bool(name_words & set(ENTITY_WORDS[entity.name].split()))
    return fit, Draft(path, entity, guesses, left_out)


def _share_names(entity: Entity, by_field: dict[str, Guess]) -> None:
    """Where there is a name and no id, the name is the id, and the other way round."""
    for key, name in (
        ("account_id", "account_name"),
        ("rep_id", "rep_name"),
        ("product_id", "product_name"),
    ):
        if entity.keys[0].name != key:
            continue
        for missing, given in ((key, name), (name, key)):
            if missing not in by_field and given in by_field:
                known = by_field[given]
                by_field[missing] = Guess(known.column, missing, known.likeness, known.sample)


def _likenesses(entity: Entity, column: str, sample: Sequence[str]) -> dict[str, float]:
    from rapidfuzz import fuzz

    heading = words(column)
    kind = kind_of(sample)
    found = {}
    for one in entity.fields:
        spellings = FIELD_WORDS[entity.name].get(one.name)
        if spellings is None:
            continue
        likeness = max(
            fuzz.ratio(heading, spelling) - _PLACE_COST * place
            for place, spelling in enumerate(spellings.split("|"))
        )
        if kind is not None and not _may_hold(one.type, kind):
            likeness -= _WRONG_KIND_COST
        if one.type == "boolean" and kind == "text" and len(set(sample)) > MOST_FLAG_TEXTS:
            likeness -= _WRONG_KIND_COST
        if one.is_required and not sample:
            likeness -= _EMPTY_COST
        if entity.keys == (one,) and len(set(sample)) < len(sample):
            likeness -= _REPEATED_KEY_COST
        found[one.name] = likeness
    return found


def _may_hold(wanted: FieldType, kind: FieldType) -> bool:
    if wanted == "text":
        return kind != "date"
    if wanted in ("number", "integer"):
        return kind in ("number", "boolean")
    if wanted == "boolean":
        return kind in ("boolean", "text")
    return kind == wanted
