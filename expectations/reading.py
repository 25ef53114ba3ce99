"""Typed forms of text columns, so that ranges and dates can be checked before dbt has cast them.

Raw tables hold canonical text. A suite's `read_as` makes a copy of its table in which the
named columns have a type. Text that is not of that type reads as NULL there and is quoted, with its
column, in an added column: one not-null rule on it covers every typed column of the table.
"""

from collections.abc import Mapping

# NULL where every text could be read, else 'column=text; column=text'.
UNREADABLE_COLUMN = "unreadable_values"

# Per kind the shape of the canonical text and the type it is cast to. The shape comes first
# because casts are lenient: '1_000' casts to 1000, '0x1F' to 31, 'nan' and '1e400' to NaN and
# infinity. How large a number may be is for a rule on the column to say.
READERS: Mapping[str, tuple[str, str]] = {
    "number": (r"-?[0-9]{1,30}(\.[0-9]+)?", "DOUBLE"),
    "integer": (r"-?[0-9]{1,18}", "BIGINT"),
    "date": (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "DATE"),
    "boolean": (r"true|false", "BOOLEAN"),
}

# A text is quoted as far as needed to find it; the row's key names the place.
_QUOTED_CHARACTERS = 60
_TYPED = "typed_column_"


def typed_select(table: str, read_as: Mapping[str, str]) -> str:
    """SQL for `table` with the columns of `read_as` typed and `unreadable_values` added."""
    values: list[str] = []
    replaced: list[str] = []
    broken: list[str] = []
    quoted: list[str] = []
    # Typed below and named above, so that nothing is cast twice.
    for i, (column, kind) in enumerate(read_as.items()):
        shape, sql_type = READERS[kind]
        name, typed = identifier(column), f"{_TYPED}{i}"
        values.append(
            f"CASE WHEN regexp_full_match({name}::VARCHAR, '{shape}') "
            f"THEN try_cast({name} AS {sql_type}) END AS {typed}"
        )
        replaced.append(f"{typed} AS {name}")
        broken.append(f"{name} IS NOT NULL AND {typed} IS NULL")
        quoted.append(
            f"CASE WHEN {broken[-1]} "
            f"THEN {literal(column + '=')} || left({name}::VARCHAR, {_QUOTED_CHARACTERS}) END"
        )
    return (
        f"SELECT * EXCLUDE ({', '.join(f'{_TYPED}{i}' for i in range(len(read_as)))})"
        f" REPLACE ({', '.join(replaced)}), CASE WHEN {' OR '.join(broken)}"
        f" THEN concat_ws('; ', {', '.join(quoted)}) END AS {UNREADABLE_COLUMN} "
        f"FROM (SELECT *, {', '.join(values)} FROM {identifier(table)})"
    )


def identifier(name: str) -> str:
    """`name` quoted as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` quoted as an SQL string."""
    return "'" + text.replace("'", "''") + "'"
