"""The mapping file: how the columns of one export become canonical fields.

The models below are the file's grammar; `config/schemas/mapping.schema.json` is generated from
them. Every scalar is read as text, so that `NO`, `NA`, `007` and `1E5` stay what they look like.
"""

import re
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Self

import duckdb
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipelines.ingest.entities import Source
from pipelines.ingest.sql import literal, literals

Encoding = Literal["utf-8", "utf-16", "windows-1252", "latin-1"]
FileFormat = Literal["csv", "tsv", "parquet", "jsonl"]

_TEMPLATE_PART = re.compile(r"\{([^{}]+?)(?::0(\d))?\}")


@cache
def _check_sql(expression: str, complaint: str) -> None:
    """ValueError with `complaint` when DuckDB, which will run it, refuses the expression.

    Good ones are remembered: a run reads its mappings twice, and each check opens a database.
    """
    with duckdb.connect() as connection:
        try:
            connection.execute(f"SELECT {expression}")
        except duckdb.Error as error:
            raise ValueError(f"{complaint}: {str(error).splitlines()[0]}") from error


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class CsvOptions(_Model):
    """How a delimited file is written; only its encoding is looked for, and then reported."""

    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="Default: comma, or a tab for .tsv."
    )
    quote: str = Field(default='"', max_length=1, description="Empty: the file quotes nothing.")
    skip_lines: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="Lines above the heading, such as the title of a report. A first line sep=; as "
        "Excel writes it is understood without.",
    )
    encoding: Encoding | None = Field(
        default=None,
        description="A byte order mark is accepted. Default: UTF-16 where the file starts with its "
        "mark; else UTF-8; else, with a finding, Windows-1252, if nothing in the file is UTF-8 "
        "beyond ASCII and no byte is undefined there.",
    )


class _Test(_Model):
    """A test on one value, after trimming and null tokens; exactly one test is given."""

    in_: list[str] | None = Field(default=None, alias="in", min_length=1)
    not_in: list[str] | None = Field(
        default=None, min_length=1, description="Also true where the value is null."
    )
    equals: str | None = None
    is_null: bool | None = None
    matches: str | None = Field(
        default=None, description="Regular expression (RE2) found anywhere in the value; anchor it."
    )
    not_matches: str | None = Field(default=None, description="Also true where the value is null.")

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        tests = (
            self.in_,
            self.not_in,
            self.equals,
            self.is_null,
            self.matches,
            self.not_matches,
        )
        if sum(test is not None for test in tests) != 1:
            raise ValueError(
                "needs exactly one of in, not_in, equals, is_null, matches, not_matches"
            )
        if self.is_null is False:
            raise ValueError("is_null can only be true; to keep rows without a value, use matches")
        for pattern in (self.matches, self.not_matches):
            if pattern is not None:
                _check_sql(f"regexp_matches('', {literal(pattern)})", "is no regular expression")
        return self


class Condition(_Test):
    """A test on one source column."""

    column: str


class Exclusion(_Test):
    """A named reason to leave rows out; they are counted per file, never quarantined.

    It tests a source column, or a canonical field after lookup, template and aliases.
    """

    rule: str = Field(pattern="^[a-z][a-z0-9_]*$")
    column: str | None = None
    field: str | None = Field(default=None, description="Instead of column: a mapped field.")
    optional: bool = Field(
        default=False, description="A file without the column keeps all its rows."
    )

    @model_validator(mode="after")
    def _one_value(self) -> Self:
        if (self.column is None) == (self.field is None):
            raise ValueError("needs exactly one of column, field")
        return self


class Lookup(_Model):
    """Replace the value by what another file of the source says about it."""

    file: str = Field(
        description="A file, a pattern that matches exactly one, or the name of a table of the "
        "source."
    )
    key: str = Field(description="Column of that file that holds the value.")
    value: str = Field(
        description="Column of that file to take instead, or a text with columns in braces, "
        "'{is_closed}/{is_won}'."
    )
    where: Condition | None = Field(default=None, description="Only rows of that file that match.")
    prefer: Condition | None = Field(
        default=None, description="Where a key has several rows, those that match come first."
    )
    largest: list[str] = Field(
        default_factory=list,
        description="Where a key still has several rows, the one with the largest number in the "
        "first of these columns counts, then in the next, such as a share of addresses.",
    )
    if_repeated: Literal["refuse", "smallest"] = Field(
        default="refuse",
        description="What to do when a key has several values: stop, or take the smallest and "
        "say so in a finding.",
    )
    optional: bool = Field(
        default=False, description="Without the file, no code is found and all are null."
    )

    def value_rule(self) -> "ColumnRule":
        """The value as a rule of its own."""
        if _TEMPLATE_PART.search(self.value):
            return ColumnRule(template=self.value)
        return ColumnRule(column=self.value)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class ColumnRule(_Model):
    """Where one canonical field comes from and how its text is read."""

    column: str | None = Field(default=None, description="Heading of the source column.")
    any_column: list[str] | None = Field(
        default=None, min_length=1, description="Headings of which the first that exists is read."
    )
    last_column_like: str | None = Field(
        default=None,
        description="Regular expression; of the headings it matches in full, the last one in "
        "alphabetical order is read, such as the latest year's.",
    )
    constant: str | None = Field(default=None, description="The same value in every row.")
    row_number: bool = Field(
        default=False, description="The number of the row in its file, from 1."
    )
    template: str | None = Field(
        default=None,
        description="Text with source columns in braces, '{firstName} {lastName}'; '{STATE:02}' "
        "pads with zeros to two digits. Null where any of its columns is null.",
    )
    lookup: Lookup | None = None
    aliases: dict[str, str] = Field(
        default_factory=dict, description="Source value → canonical value, exact after trimming."
    )
    default: str | None = Field(
        default=None,
        description="Taken where the value is null; for a field with a fixed list of values "
        "(status, action) also where the value is not in the list.",
    )
    null_tokens: list[str] | None = Field(default=None, description="Instead of the entity's.")
    null_when: Condition | None = Field(
        default=None,
        description="Rows whose value means nothing, such as zeros that hide suppression.",
    )
    unit: Decimal | None = Field(
        default=None, gt=0, description="Multiplier to the canonical unit."
    )
    unit_words: dict[str, Annotated[Decimal, Field(gt=0)]] = Field(
        default_factory=dict,
        description="Words behind a number and what they multiply it by, such as Million: "
        "1000000. A number without one of them is taken as it stands.",
    )
    currency: str | None = Field(
        default=None, description="Currency of the amounts; converted at the project's rate."
    )
    currency_column: str | None = Field(
        default=None, description="Source column that names each row's currency."
    )
    thousands: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description="Thousands separator; none unless given.",
    )
    decimal: Literal[".", ","] = "."
    marks: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list,
        description="Texts before or behind a number that say nothing, such as $ or EUR.",
    )
    parentheses: Literal["refuse", "negative"] = Field(
        default="refuse", description="negative: (1200) is -1200, as accountants write it."
    )
    date_format: Annotated[
        list[str], BeforeValidator(_listed, json_schema_input_type=str | list[str])
    ] = Field(
        default_factory=list,
        description="strptime formats, tried in turn. Default: ISO date or ISO date and time.",
    )
    pad: int | None = Field(
        default=None, ge=1, le=20, description="Left-pad codes of digits with zeros to this length."
    )
    salesforce_id: bool = Field(
        default=False, description="Give ids of 15 characters the suffix that makes them 18."
    )

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = (
            self.column,
            self.any_column,
            self.last_column_like,
            self.constant,
            self.template,
            self.row_number or None,
        )
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError(
                "needs exactly one of column, any_column, last_column_like, constant, template, "
                "row_number"
            )
        if self.lookup is not None and (self.constant or self.template or self.row_number):
            raise ValueError("lookup needs column")
        if self.last_column_like is not None:
            _check_sql(f"regexp_matches('', {literal(self.last_column_like)})", "is no regex")
        if self.currency is not None and self.currency_column is not None:
            raise ValueError("give currency or currency_column, not both")
        if self.thousands == self.decimal:
            raise ValueError("thousands and decimal must differ")
        if self.date_format:
            formats = literals(self.date_format)
            _check_sql(f"try_strptime('', [{formats}])", "date_format is no strptime format")
        if self.template is not None and not self.template_parts():
            raise ValueError("template names no column in braces")
        return self

    def template_parts(self) -> list[tuple[str, str, int | None]]:
        """The template as (literal text before, column, zero-padded width), without the tail."""
        parts, start = [], 0
        for match in _TEMPLATE_PART.finditer(self.template or ""):
            literal = (self.template or "")[start : match.start()]
            parts.append((literal, match[1], int(match[2]) if match[2] else None))
            start = match.end()
        return parts

    def template_tail(self) -> str:
        """The literal text after the template's last column."""
        return _TEMPLATE_PART.split(self.template or "")[-1]

    def source_columns(self) -> list[str]:
        """Every column of the source file this rule reads."""
        named = [self.column, self.currency_column]
        if self.null_when is not None:
            named.append(self.null_when.column)
        return [name for name in named if name is not None] + [
            column for _, column, _ in self.template_parts()
        ]

    def named_columns(self) -> list[str]:
        """As `source_columns`, each once, with every heading or pattern it may read."""
        several = [*(self.any_column or [])]
        several += [self.last_column_like] if self.last_column_like is not None else []
        return list(dict.fromkeys([*self.source_columns(), *several]))


def _expanded(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


ColumnEntry = Annotated[
    ColumnRule, BeforeValidator(_expanded, json_schema_input_type=str | ColumnRule)
]


class EntityMapping(_Model):
    """One file and how its rows become rows of one canonical entity."""

    file: str | None = Field(
        default=None,
        description="Relative to the source's path; * stands for any text and must then match "
        "exactly one file, unless several is true.",
    )
    table: str | None = Field(
        default=None,
        description="Instead of file: name of a table of the source, in any of its spellings.",
    )
    several: bool = Field(
        default=False,
        description="Read every file that matches, or every one in the directory; each has its "
        "own reconciliation, and a key of an earlier file is a duplicate in a later one.",
    )
    format: FileFormat | None = Field(default=None, description="Default: by the file's extension.")
    optional: bool = Field(default=False, description="An absent file is an empty table.")
    spelling: Literal["exact", "any"] = Field(
        default="exact",
        description="any: a heading may differ in case, underscores and the prefix property_, as "
        "the tools that land CRM tables spell one name in different ways.",
    )
    missing_columns: Literal["refuse", "null"] = Field(
        default="refuse",
        description="null: a field that is not required and whose column is missing is null in "
        "every row, with a finding.",
    )
    csv: CsvOptions = CsvOptions()
    null_tokens: list[str] = Field(
        default_factory=lambda: [""], description="Texts that mean null, exact after trimming."
    )
    columns: dict[str, ColumnEntry] = Field(min_length=1)
    pass_through: list[str] = Field(
        default_factory=list,
        description="Further columns to keep as they are, such as custom fields; they are "
        "published in custom_field. Not for reps.",
    )
    exclude: list[Exclusion] = Field(default_factory=list)
    ignore_columns: list[str] = Field(
        default_factory=list,
        description="Columns left unmapped on purpose; '*' stands for all the others.",
    )

    @property
    def origin(self) -> str:
        """The file, pattern or table it reads, for messages."""
        return self.file or self.table or ""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.file is None) == (self.table is None):
            raise ValueError("needs exactly one of file, table")
        return self

    @model_validator(mode="after")
    def _distinct_rules(self) -> Self:
        rules = [exclusion.rule for exclusion in self.exclude]
        if len(rules) != len(set(rules)):
            raise ValueError("two exclusions have the same rule name")
        return self

    def source_columns(self) -> list[str]:
        """Every column of the file the mapping names, each once, in order of first mention."""
        columns = [name for rule in self.columns.values() for name in rule.source_columns()]
        columns += [test.column for test in self.exclude if test.column is not None]
        return list(dict.fromkeys(columns))

    def needed_columns(self) -> list[tuple[str, ...]]:
        """Of each of these, one heading has to be there; patterns and optional tests left out."""
        needed: list[tuple[str, ...]] = []
        for rule in self.columns.values():
            needed += [(name,) for name in rule.source_columns()]
            needed += [tuple(rule.any_column)] if rule.any_column else []
        needed += [(t.column,) for t in self.exclude if t.column is not None and not t.optional]
        return list(dict.fromkeys(needed))

    def possible_columns(self) -> list[str]:
        """As `source_columns`, with every heading of those rules that name several."""
        named = [name for rule in self.columns.values() for name in rule.named_columns()]
        return list(dict.fromkeys([*self.source_columns(), *named]))


EntityParts = Annotated[
    list[EntityMapping],
    BeforeValidator(
        lambda value: value if isinstance(value, list) else [value],
        json_schema_input_type=EntityMapping | list[EntityMapping],
    ),
    Field(min_length=1),
]


Names = Annotated[
    list[str],
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
    Field(min_length=1),
]


class HistoryTable(_Model):
    """A table of the source that says since when records have had a value.

    With `changed_field`, a row is one change of one field. Without it, or where the table has no
    such column, a row is the record as it was from then on, read by the rules of the entity.
    """

    entity: Literal["account", "opportunity"]
    field: Literal["owner_rep_id", "rep_id", "stage", "status"] = Field(
        description="The field whose periods are known from the table: owner_rep_id of accounts; "
        "rep_id, stage and status of opportunities."
    )
    table: str = Field(description="Name of the table, in any of its spellings.")
    optional: bool = Field(default=False, description="The table may be absent.")
    record: Names = Field(description="Column of the record's id; the first that is there.")
    changed_at: Names = Field(description="Column of the moment; the first that is there.")
    ended_at: Names = Field(
        default_factory=list,
        description="Column of the moment a version ended, where the table has one. An end that no "
        "later version follows within a second is the end of the record.",
    )
    is_open: Condition | None = Field(
        default=None, description="Versions that match have no end, whatever ended_at says."
    )
    is_deleted: Names = Field(
        default_factory=list,
        description="Column that says that the record was deleted by then; looked at where the "
        "table has ended_at.",
    )
    changed_field: str | None = Field(default=None, description="Column that names the field.")
    changed_field_is: str | None = Field(default=None, description="Its text for this field.")
    value: str | None = Field(default=None, description="Column of the value after the change.")
    value_before: str | None = Field(
        default=None, description="Column of the value before the change, if there is one."
    )
    value_matches: str | None = Field(
        default=None,
        description="Rows with another value are left out, as Salesforce writes each change of an "
        "owner twice, with names and with ids.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.entity == "account") != (self.field == "owner_rep_id"):
            raise ValueError("owner_rep_id is followed of accounts, the other fields of deals")
        given = [self.changed_field, self.changed_field_is, self.value]
        if any(given) and not all(given):
            raise ValueError("changed_field, changed_field_is and value go together")
        if self.value_matches is not None:
            pattern = literal(self.value_matches)
            _check_sql(f"regexp_matches('', {pattern})", "value_matches is no pattern")
        return self

    def log_columns(self) -> list[str]:
        """The columns of a row that is one change."""
        names = (self.changed_field, self.value, self.value_before)
        return [name for name in names if name is not None]

    def named_columns(self) -> list[str]:
        """Every column of the table that the entry itself names."""
        names = [*self.record, *self.changed_at, *self.ended_at, *self.is_deleted]
        names += [self.is_open.column] if self.is_open is not None else []
        return [*names, *self.log_columns()]


class WatchedTable(_Model):
    """A table that no entity is read from, such as contacts, but whose ids are checked."""

    table: str = Field(description="Name of the table, in any of its spellings.")
    optional: bool = Field(default=False, description="The table may be absent.")
    key: str = Field(description="Column of the record's id: there in every row, and once.")
    salesforce_id: bool = Field(
        default=False, description="Ids have 15 or 18 characters, and both forms are one record."
    )
    references: dict[str, str] = Field(
        default_factory=dict,
        description="Columns that hold ids of an entity of this source, such as AccountId: "
        "account. A column that is not there is passed over.",
    )
    exclude: list[Exclusion] = Field(default_factory=list)
    csv: CsvOptions = CsvOptions()

    def columns(self) -> list[str]:
        """Every column the entry names."""
        tested = [test.column for test in self.exclude if test.column is not None]
        return list(dict.fromkeys([self.key, *self.references, *tested]))


class SourceMapping(_Model):
    """A mapping file: the entities one source provides."""

    source: Source
    entities: dict[str, EntityParts] = Field(
        min_length=1, description="A list where an entity comes from several tables."
    )
    history: list[HistoryTable] = Field(
        default_factory=list,
        description="Tables that know owners and stages from before the first load.",
    )
    watch: list[WatchedTable] = Field(
        default_factory=list,
        description="Tables to check and not to load. A connector brings them only where its "
        "further_tables name them.",
    )

    def followed(self, table: HistoryTable) -> EntityMapping | None:
        """The part of the entity that maps the field of a history table."""
        parts = self.entities.get(table.entity, [])
        return next((part for part in parts if table.field in part.columns), None)


def mapping_schema() -> dict[str, Any]:
    """The JSON Schema of a mapping file, as published in `config/schemas`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **SourceMapping.model_json_schema(by_alias=True, mode="validation"),
        "title": "Source mapping",
    }
