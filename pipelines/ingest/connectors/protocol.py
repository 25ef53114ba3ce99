"""What every connector can do."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True)
class Unnested:
    """A table that stands inside another one, as a column of JSON lists of objects."""

    name: str
    column: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One table of a source.

    Attributes:
        key: the columns that name a record.
        cursor: the column that grows with every change of a record, as text that sorts in order of
            time; None where the table can only be read whole.
        is_deleted: the column that is `true` for deleted records, where there is one.
        inner: tables inside this one; their rows carry its key.
    """

    name: str
    key: tuple[str, ...]
    cursor: str | None = None
    is_deleted: str | None = None
    inner: tuple[Unnested, ...] = ()


class Connector(Protocol):
    """A source of tables. Every method raises InputError with one message that says what to do."""

    @property
    def identity(self) -> str:
        """What is read, such as the address of the organisation; never a secret."""
        ...

    def tables(self) -> Sequence[Table]:
        """The tables that exist and may be read."""
        ...

    def columns(self, table: Table) -> Sequence[str]:
        """The columns of `table` that may be read."""
        ...

    def read(
        self, table: Table, columns: Sequence[str], since: str | None
    ) -> Iterator["pyarrow.RecordBatch"]:
        """Records changed at or after `since` (all without it), deleted ones included, as text.

        Key and cursor are always among the columns. A record may come several times, and older
        ones may come too where telling them apart costs more than reading them.
        """
        ...


def as_text(value: Any) -> str | None:
    """A value of JSON as the text a mapping reads; lists and objects stay JSON."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)


def text_batch(
    records: Iterable[Mapping[str, Any]], columns: Sequence[str]
) -> "pyarrow.RecordBatch":
    """Records as one Arrow batch of text columns."""
    import pyarrow

    rows = list(records)
    schema = pyarrow.schema([(name, pyarrow.string()) for name in columns])
    arrays = [
        pyarrow.array([as_text(row.get(name)) for row in rows], pyarrow.string())
        for name in columns
    ]
    return pyarrow.RecordBatch.from_arrays(arrays, schema=schema)
