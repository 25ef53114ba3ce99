"""Ask a connector for what its tables have that the store has not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pipelines.errors import InputError, near
from pipelines.ingest.connectors.protocol import Connector, Table
from pipelines.ingest.landed.store import LandedStore
from pipelines.ingest.mapping import SourceMapping
from pipelines.ingest.spelling import folded


@dataclass(frozen=True)
class Wanted:
    """A table a mapping reads, under the mapping's spelling, and the columns it reads of it.

    `columns` is None where all are wanted; of each entry of `needed`, one has to be there.
    """

    name: str
    columns: tuple[str, ...] | None
    is_optional: bool
    needed: tuple[tuple[str, ...], ...] = ()


def wanted_tables(mapping: SourceMapping, further: Sequence[str]) -> list[Wanted]:
    """The tables and columns `mapping` reads, lookups included, and `further` tables whole."""
    columns: dict[str, list[str]] = {}
    needed: dict[str, list[tuple[str, ...]]] = {}
    required: set[str] = set()
    for part in (part for parts in mapping.entities.values() for part in parts):
        if part.table is None:
            raise InputError(
                f"the mapping reads the file '{part.file}', but its source is a connector: "
                "write table: instead of file:"
            )
        columns.setdefault(part.table, []).extend([*part.possible_columns(), *part.pass_through])
        needed.setdefault(part.table, []).extend(part.needed_columns())
        if not part.optional:
            required.add(part.table)
        for lookup in (rule.lookup for rule in part.columns.values() if rule.lookup is not None):
            names = columns.setdefault(lookup.file, [])
            names += [lookup.key, *lookup.value_rule().source_columns()]
            names += [test.column for test in (lookup.where, lookup.prefer) if test is not None]
            names += lookup.largest
            values = (lookup.key, *lookup.value_rule().source_columns())
            needed.setdefault(lookup.file, []).extend((name,) for name in values)
            if not lookup.optional:
                required.add(lookup.file)
    for table in mapping.history:
        followed = mapping.followed(table)
        names = columns.setdefault(table.table, [])
        names += table.named_columns()
        needed.setdefault(table.table, []).extend([tuple(table.record), tuple(table.changed_at)])
        names += followed.columns[table.field].named_columns() if followed is not None else []
        if not table.optional:
            required.add(table.table)
    wanted = [
        Wanted(
            name,
            tuple(dict.fromkeys(names)),
            name not in required,
            tuple(dict.fromkeys(needed[name])),
        )
        for name, names in columns.items()
    ]
    return wanted + [Wanted(name, None, False) for name in further if name not in columns]


def match_tables(connector: Connector, wanted: Sequence[Wanted]) -> list[tuple[Wanted, Table]]:
    """The tables of the source that are wanted, of those inside them only what is wanted, too.

    Raises InputError for a table that is needed and not there.
    """
    tables = list(connector.tables())
    by_name = {folded(table.name): table for table in tables}
    outer = {folded(inner.name): table for table in tables for inner in table.inner}
    found: dict[str, tuple[Wanted, Table]] = {}
    inner_wanted: set[str] = set()
    for want in wanted:
        name = folded(want.name)
        if name in by_name:
            found[by_name[name].name] = (want, by_name[name])
        elif name in outer:
            table = outer[name]
            found.setdefault(table.name, (Wanted(table.name, (), want.is_optional), table))
            inner_wanted.add(name)
        elif not want.is_optional:
            names = [table.name for table in tables]
            raise InputError(
                f"{connector.identity}: no table '{want.name}'{near(want.name, names)}; does the "
                "user of the connection have the right to read it?"
            )
    return [(want, _narrowed(table, inner_wanted)) for want, table in found.values()]


def _narrowed(table: Table, wanted: set[str]) -> Table:
    """`table` with those of its inner tables that are wanted: each may cost requests of its own."""
    inner = tuple(inner for inner in table.inner if folded(inner.name) in wanted)
    return table if inner == table.inner else replace(table, inner=inner)


def chosen_columns(want: Wanted, table: Table, available: Sequence[str]) -> tuple[str, ...]:
    """The columns to read: those wanted that exist, and what the store needs."""
    needed = [*table.key, table.cursor, table.is_deleted, *(inner.column for inner in table.inner)]
    if want.columns is None:
        return tuple(available)
    spellings = {folded(name) for name in want.columns}
    return tuple(name for name in available if name in needed or folded(name) in spellings)


def extract(
    connector: Connector,
    store: LandedStore,
    wanted: Sequence[Wanted],
    *,
    overlap_minutes: float,
    max_shrink_share: float,
    progress: Callable[[str, int, int], None],
) -> dict[str, int]:
    """Bring the store up to date; new record versions by table.

    Each table is committed by itself: a load that is cut off goes on with the next table that is
    missing, and asks for the one it was in again.
    """
    added = {}
    matched = match_tables(connector, wanted)
    for done, (want, table) in enumerate(matched):
        progress(f"Loading {table.name} from {connector.identity}", done, len(matched))
        available = connector.columns(table)
        landed = store.landed(table)
        if not available:
            # Files may be moved away once they have landed.
            if landed is None and not want.is_optional:
                raise InputError(f"{connector.identity}: table {table.name} has nothing to read")
            continue
        columns = chosen_columns(want, table, available)
        since = None
        if landed is not None and landed.cursor and set(columns) <= set(landed.columns):
            since = _earlier(landed.cursor, overlap_minutes)
            # A mapping that reads fewer columns than before still keeps the others up to date.
            columns = tuple(name for name in landed.columns if name in set(available))
        added[table.name] = store.add(
            table,
            columns,
            connector.read(table, columns, since),
            max_shrink_share=max_shrink_share,
        )
    return added


def _earlier(cursor: str, minutes: float) -> str:
    """The cursor moved back: a change may become visible after a later one already has."""
    moment = datetime.fromisoformat(cursor).astimezone(UTC) - timedelta(minutes=minutes)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
