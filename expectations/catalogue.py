"""The Great Expectations types a suite may use, and what each needs.

Declared here, not read from the library, because importing it costs seconds and a suite must be
readable, checkable and listable without it. `tests/expectations/test_catalogue.py` holds this list
against the library's own definitions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["row", "key", "column", "row_count", "query"]


@dataclass(frozen=True)
class ExpectationType:
    """What one expectation type needs.

    `kind` says what it judges: every `row` of its columns (a share of them may fail with `mostly`),
    the rows that share a `key`, one figure of a `column`, the `row_count` of the table, or the rows
    a `query` returns.
    """

    kind: Kind
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()

    @property
    def keywords(self) -> tuple[str, ...]:
        """Every keyword an entry of this type may give."""
        return self.required + self.one_of + self.optional


# Keywords that hold the name of a column, or a list of them.
COLUMN_KEYWORDS = ("column", "column_A", "column_B", "column_list")

_LIMITS = ("min_value", "max_value")
_STRICT = ("strict_min", "strict_max")


def _row(
    *required: str, optional: tuple[str, ...] = (), one_of: tuple[str, ...] = ()
) -> ExpectationType:
    return ExpectationType("row", required, ("mostly", *optional), one_of)


def _figure() -> ExpectationType:
    return ExpectationType("column", ("column",), _STRICT, _LIMITS)


EXPECTATION_TYPES: Mapping[str, ExpectationType] = {
    "expect_column_values_to_not_be_null": _row("column"),
    "expect_column_values_to_be_null": _row("column"),
    # Without `mostly`: a share of duplicates has no meaning for a key.
    "expect_column_values_to_be_unique": ExpectationType("key", ("column",)),
    "expect_compound_columns_to_be_unique": ExpectationType("key", ("column_list",)),
    "expect_column_values_to_be_in_set": _row("column", "value_set"),
    "expect_column_values_to_not_be_in_set": _row("column", "value_set"),
    "expect_column_values_to_match_regex": _row("column", "regex"),
    "expect_column_values_to_not_match_regex": _row("column", "regex"),
    "expect_column_values_to_be_between": _row("column", optional=_STRICT, one_of=_LIMITS),
    "expect_column_value_lengths_to_be_between": _row("column", optional=_STRICT, one_of=_LIMITS),
    "expect_column_pair_values_a_to_be_greater_than_b": _row(
        "column_A", "column_B", optional=("or_equal",)
    ),
    "expect_column_pair_values_to_be_equal": _row("column_A", "column_B"),
    "expect_column_min_to_be_between": _figure(),
    "expect_column_max_to_be_between": _figure(),
    "expect_column_mean_to_be_between": _figure(),
    "expect_column_sum_to_be_between": _figure(),
    "expect_column_unique_value_count_to_be_between": _figure(),
    "expect_column_proportion_of_unique_values_to_be_between": _figure(),
    "expect_column_proportion_of_non_null_values_to_be_between": _figure(),
    "expect_table_row_count_to_be_between": ExpectationType("row_count", (), _STRICT, _LIMITS),
    "expect_table_row_count_to_equal": ExpectationType("row_count", ("value",)),
    # `{batch}` in the query stands for the table of the suite, with its `read_as` types.
    "unexpected_rows_expectation": ExpectationType("query", ("unexpected_rows_query",)),
}
