"""Publish the audited tables of a run as a release, in one step that readers never notice.

Everything is built in `releases/.building-<plan_id>`, re-read, forced to disk and only then given
its name; the last act is the atomic replacement of the link `published`. Whatever goes wrong
before that, and a kill at any moment, leaves the last publication as it was.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from pipelines.errors import ConfigurationError, GateError, TerritoryError
from pipelines.publish.contract import (
    CONTRACT_TABLES,
    CONTRACT_VERSION,
    RESTRICTED_TABLES,
    check_contract,
    contract_table,
)
from pipelines.publish.layout import Layout, check_plan_id
from pipelines.publish.manifest import (
    ColumnEntry,
    Manifest,
    TableEntry,
    damages,
    file_entries,
    file_sha256,
    load_manifest,
    write_manifest,
)
from pipelines.publish.moves import MOVE_TABLES, write_moves
from pipelines.publish.retention import prune_releases, releases_newest_first
from pipelines.publish.snapshot import (
    PARQUET_FOLDER,
    TableSnapshot,
    copy_restricted,
    copy_tables,
)
from pipelines.publish.swap import (
    LINK_PREFIX,
    building_folder,
    place,
    point_link,
    remove_leftovers,
    sync_tree,
)
from pipelines.warehouse import session

# They may name plans that were published before.
_OF_OTHER_PLANS = frozenset(
    {
        *("meta_run", "meta_kpi_history", "fct_assignment_history", "fct_challenge"),
        *("kpi_drift", "kpi_rebalance", "fct_rebalance_move"),
    }
)

WITHHELD_TABLES = ("quarantined_row",)
"""Published with cells withheld; their full rows go to the restricted folder."""


@dataclass(frozen=True)
class PublishRequest:
    """What to publish and where.

    Attributes:
        warehouse: the working database of the run; opened for the time of the copy.
        data_dir: folder of `releases`, `restricted` and the link `published`.
        tables: names from the contract; written in the contract's order.
        keep_releases: releases kept, the published one included; at least 1.
        restricted_tables: tables with pay data, for the restricted folder only.
        write_pages: puts pages for people into the folder of the release, where the published
            tables stand already; what it writes is part of the release.
        plans: id of the plan of each scenario; by default of the chosen one only.
    """

    warehouse: Path
    data_dir: Path
    plan_id: str
    run_id: str
    scenario: str
    as_of: date
    contract_version: str = CONTRACT_VERSION
    tables: Sequence[str] = CONTRACT_TABLES
    keep_releases: int = 5
    restricted_tables: Sequence[str] = RESTRICTED_TABLES
    write_pages: Callable[[Path], object] | None = None
    plans: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Release:
    """A release in place.

    Attributes:
        path: its folder, with the link resolved.
        restricted_path: folder of its pay data; None when it has none.
        notes: what did not go as planned and does not matter to readers.
    """

    path: Path
    manifest: Manifest
    restricted_path: Path | None = None
    notes: tuple[str, ...] = ()

    @property
    def plan_id(self) -> str:
        """The plan it publishes."""
        return self.manifest.plan_id


@dataclass(frozen=True)
class Recovery:
    """What `recover` found and did.

    Attributes:
        removed: half-built or half-removed folders of dead runs.
        repointed_to: release the link was set to because it named none; None when it was right.
        damages: what is missing or wrong in the published release, one sentence each.
    """

    removed: tuple[str, ...] = ()
    repointed_to: str | None = None
    damages: tuple[str, ...] = ()


def publish_release(request: PublishRequest, fence: Callable[[], None] | None = None) -> Release:
    """Publish the tables of the working database as release `request.plan_id`.

    Publishing a plan again exchanges its folder in one step, so the release always shows the
    run that published last; its tables, apart from `meta_run`, have the same bytes.

    Args:
        fence: called when all is ready, just before readers see anything new; raises when this
            run may no longer publish.

    Raises:
        GateError: the tables break the contract, hold pay data or belong to another plan.
        ConfigurationError: the request itself is wrong.
        TerritoryError: the disk refused, or a copy differs from its source.
    """
    _check(request)
    layout = Layout(request.data_dir)
    previous = layout.link.resolve() if layout.link.exists() else None
    try:
        with (
            building_folder(layout.releases, request.plan_id) as building,
            building_folder(layout.restricted, request.plan_id, mode=0o700) as restricted,
        ):
            manifest = _build(request, building, restricted)
            sync_tree(building)
            sync_tree(restricted)
            if fence is not None:
                fence()
            restricted_path = (
                place(restricted, layout.restricted / request.plan_id)
                if any(restricted.iterdir())
                else None
            )
            path = place(building, layout.releases / request.plan_id)
            point_link(layout.link, path)
    except (OSError, duckdb.Error) as error:
        raise TerritoryError(
            f"{layout.releases}: could not write release '{request.plan_id}': "
            f"{' '.join(str(error).split())}; free space or mend the permissions and run again; "
            "the last publication stays"
        ) from error
    notes: tuple[str, ...] = ()
    try:
        prune_releases(
            request.data_dir, request.keep_releases, also_keep=[previous] if previous else []
        )
    except OSError as error:
        # The release is out; failing now would tell readers' operators the opposite.
        notes = (f"old releases could not be removed: {error}",)
    return Release(path.resolve(), manifest, restricted_path, notes)


def current_release(data_dir: Path) -> Release | None:
    """The release readers see; None when nothing was published yet.

    Raises:
        TerritoryError: the link names a release without a readable manifest.
    """
    layout = Layout(data_dir)
    if not layout.link.is_symlink():
        return None
    path = layout.link.resolve()
    restricted = layout.restricted / path.name
    return Release(path, load_manifest(path), restricted if restricted.is_dir() else None)


def read_manifest(data_dir: Path) -> Manifest:
    """The manifest of the published release.

    Raises:
        TerritoryError: nothing was published yet, or the manifest is missing or broken.
    """
    release = current_release(data_dir)
    if release is None:
        raise TerritoryError(f"{data_dir}: nothing was published here yet; run `make run`")
    return release.manifest


def recover(data_dir: Path) -> Recovery:
    """Clear what dead runs left in `data_dir` and check the link; for the start of every run.

    Folders of living processes stay. A link that names no release is set to the newest intact one;
    a damaged release stays published, because the next publication replaces it whole.

    Raises:
        ConfigurationError: `data_dir` cannot be written, or `published` is no link.
    """
    layout = Layout(data_dir)
    layout.check()
    removed = [
        name for parent in (layout.releases, layout.restricted) for name in remove_leftovers(parent)
    ]
    for stray in sorted(data_dir.glob(f"{LINK_PREFIX}{layout.link.name}-*")):
        stray.unlink()
        removed.append(stray.name)
    if not layout.link.is_symlink():
        return Recovery(tuple(removed))
    if layout.link.exists():
        return Recovery(tuple(removed), damages=tuple(damages(layout.link.resolve())))
    dangling = f"{layout.link}: names {layout.link.readlink()}, which does not exist"
    for release in releases_newest_first(layout):
        if not damages(release):
            point_link(layout.link, release)
            return Recovery(tuple(removed), release.name, (dangling,))
    layout.link.unlink()
    return Recovery(tuple(removed), damages=(dangling,))


def _check(request: PublishRequest) -> None:
    check_plan_id(request.plan_id)
    Layout(request.data_dir).check()
    if request.keep_releases < 1:
        raise ConfigurationError("keep_releases must be at least 1: the published release stays")
    for table in request.tables:
        contract_table(table)
    if absent := [table for table in MOVE_TABLES if table not in request.tables]:
        raise ConfigurationError(f"{', '.join(absent)}: needed for the list of moves; publish it")
    if open_pay := [table for table in request.restricted_tables if table in request.tables]:
        raise ConfigurationError(f"{', '.join(open_pay)}: restricted, so it cannot be published")


def _build(request: PublishRequest, building: Path, restricted: Path) -> Manifest:
    """Fill both folders and return the manifest that was written."""
    tables = [table for table in CONTRACT_TABLES if table in request.tables]
    with session(request.warehouse) as connection:
        check_contract(connection, tables)
        _check_plans(connection, _plans(request), tables)
        snapshots = copy_tables(connection, building, tables)
        withheld = [table for table in WITHHELD_TABLES if table in tables]
        copy_restricted(connection, restricted, [*request.restricted_tables, *withheld])
    write_moves(building, request.plan_id, request.as_of)
    if request.write_pages is not None:
        request.write_pages(building)
    manifest = Manifest(
        contract_version=request.contract_version,
        plan_id=request.plan_id,
        run_id=request.run_id,
        scenario=request.scenario,
        as_of=request.as_of,
        plans=dict(_plans(request)),
        tables=tuple(_table_entry(building, snapshot) for snapshot in snapshots),
        files=file_entries(building),
    )
    write_manifest(building, manifest)
    return manifest


def _plans(request: PublishRequest) -> Mapping[str, str]:
    return request.plans or {request.scenario: request.plan_id}


def _check_plans(
    connection: duckdb.DuckDBPyConnection, plans: Mapping[str, str], tables: Sequence[str]
) -> None:
    """Refuse marts of another plan: they would be published under a wrong name."""
    own = list(plans.values())
    for table in tables:
        if table in _OF_OTHER_PLANS or "plan_id" not in contract_table(table).columns:
            continue
        others = connection.execute(
            f'SELECT DISTINCT plan_id FROM "{table}" '
            "WHERE plan_id IS NULL OR NOT list_contains(?, plan_id) ORDER BY plan_id LIMIT 3",
            [own],
        ).fetchall()
        if others:
            raise GateError(
                f"{table} holds rows of plan {', '.join(str(plan) for (plan,) in others)}, not "
                f"only of {', '.join(own)}; run the whole pipeline again; nothing was published"
            )


def _table_entry(building: Path, snapshot: TableSnapshot) -> TableEntry:
    path = f"{PARQUET_FOLDER}/{snapshot.name}.parquet"
    return TableEntry(
        name=snapshot.name,
        rows=snapshot.digest.rows,
        path=path,
        sha256=file_sha256(building / path),
        columns=tuple(ColumnEntry(name=n, type=kind) for n, kind in snapshot.columns.items()),
    )
