"""`crm/` of a release: the plan as files a CRM's own loader takes, with the way back.

| file | for |
|---|---|
| `account_owner.csv` | Salesforce: Id, OwnerId of accounts whose owner changes |
| `object_territory_insert.csv`, `object_territory_delete.csv` | ObjectTerritory2Association |
| `user_territory_insert.csv`, `user_territory_delete.csv` | UserTerritory2Association |
| `company_owner.csv` | HubSpot: Record ID, hubspot_owner_id |
| `account_owner_by_name.csv` | any other source: names, to be matched by a person |
| `account_team_…` | teams of the plan's second roles (`account_team`) |
| `rollback/…` | the same files the other way round |
| `holdout.csv` | deals that stay with their old owner for a while |
| `not_written.csv` | what of the plan the files do not say, and why |
| `summary.json` | how many rows of each kind, and whom they affect |

Ids stand as they are and are ids indeed (`ids`), so none is a formula; every other text that a
spreadsheet would compute is neutralised.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.publish.tables_out import write_rows
from pipelines.writeback.changes import CAUSE, Change, CrmState, changes_between
from pipelines.writeback.ids import System, is_id_of, normal_id
from pipelines.writeback.snapshot import Territories
from pipelines.writeback.target import Target, target_of, territory_ids

FOLDER = "crm"
ROLLBACK = "rollback"


def system_of(accounts: Sequence[str], connector_type: str | None) -> System | None:
    """Which CRM the ids are of: the connector's, else the one whose form all of them have."""
    if connector_type == "salesforce":
        return "salesforce"
    if connector_type == "hubspot":
        return "hubspot"
    systems: tuple[System, ...] = ("hubspot", "salesforce")
    return next(
        (s for s in systems if accounts and all(is_id_of(s, account) for account in accounts)), None
    )


def write_crm_files(
    release: Path,
    assignment: pl.DataFrame,
    holdouts: pl.DataFrame,
    system: System | None,
    territories: Territories,
) -> dict[str, Any]:
    """Write `crm/` into the folder of a release; returns the summary.

    Args:
        assignment: account_id, account_name, rep_id, rep_name, previous_rep_id, territory_name.
        territories: what the source says of territories in use.
    """
    folder = release / FOLDER
    folder.mkdir()
    if not holdouts.is_empty():
        write_rows(holdouts, folder / "holdout.csv", untouched=_ids(holdouts))
    if system is None:
        return _write_by_name(folder, assignment, holdouts.height)
    changes, target = planned_changes(system, assignment, territories)
    _write_changes(folder, system, changes)
    back = [change.reverse() for change in changes]
    if back:
        (folder / ROLLBACK).mkdir()
        _write_changes(folder / ROLLBACK, system, back)
    if target.unresolved:
        rows = [(item.kind, item.subject_id, item.reason) for item in target.unresolved]
        frame = pl.DataFrame(rows, schema=["kind", "record_id", "reason"], orient="row")
        write_rows(frame, folder / "not_written.csv")
    return _write_summary(folder, system, changes, target, assignment, holdouts.height)


def planned_changes(
    system: System, assignment: pl.DataFrame, territories: Territories
) -> tuple[list[Change], Target]:
    """The changes against the source as it was read, and the target they come from."""
    reps = assignment.filter(pl.col("rep_id").is_not_null())
    pairs = reps.select("rep_id", "territory_name").unique().sort("rep_id")
    places = territory_ids(pairs.iter_rows(), territories.records, territories.links)
    target = target_of(system, assignment, places)
    owners = {
        normal_id(system, account): None if owner is None else normal_id(system, owner)
        for account, owner in assignment.select("account_id", "previous_rep_id").iter_rows()
    }
    live = CrmState(owners, territories.links)
    return changes_between(live, target.desired(live)), target


def _write_changes(folder: Path, system: System, changes: Sequence[Change]) -> None:
    owners = [(c.subject_id, c.after) for c in changes if c.kind == "account_owner"]
    if system == "hubspot":
        _write(folder / "company_owner.csv", ("Record ID", "hubspot_owner_id"), owners)
        return
    # A loader would take an empty owner for "leave it"; that is what not_written.csv says.
    named = [row for row in owners if row[1] is not None]
    _write(folder / "account_owner.csv", ("Id", "OwnerId"), named)
    for kind, subject in (("object_territory", "ObjectId"), ("user_territory", "UserId")):
        cause = {"AssociationCause": CAUSE} if kind == "object_territory" else {}
        inserts = [
            (c.subject_id, c.after, *cause.values())
            for c in changes
            if (c.kind, c.verb) == (kind, "insert")
        ]
        deletes = [
            (c.record_id, c.subject_id, c.before)
            for c in changes
            if (c.kind, c.verb) == (kind, "delete")
        ]
        heading = (subject, "Territory2Id", *cause)
        _write(folder / f"{kind}_insert.csv", heading, inserts)
        _write(folder / f"{kind}_delete.csv", ("Id", subject, "Territory2Id"), deletes)


def _write(path: Path, heading: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """A file of ids; none where there are no rows."""
    if rows:
        schema = dict.fromkeys(heading, pl.String)
        write_rows(pl.DataFrame(rows, schema=schema, orient="row"), path, untouched=heading)


def _write_by_name(folder: Path, assignment: pl.DataFrame, holdouts: int) -> dict[str, Any]:
    """The changes of owner for a source whose ids are those of no CRM we know."""
    changed = assignment.filter(pl.col("rep_id").ne_missing(pl.col("previous_rep_id")))
    columns = ("account_id", "account_name", "previous_rep_id", "rep_id", "rep_name")
    write_rows(changed.select(columns).sort("account_id"), folder / "account_owner_by_name.csv")
    summary = {"system": None, "owners_changed": changed.height, "holdouts": holdouts}
    _write_json(folder, summary)
    return summary


def _write_summary(
    folder: Path,
    system: System,
    changes: Sequence[Change],
    target: Target,
    assignment: pl.DataFrame,
    holdouts: int,
) -> dict[str, Any]:
    def count(kind: str, verb: str) -> int:
        return sum((change.kind, change.verb) == (kind, verb) for change in changes)

    owners = [change for change in changes if change.kind == "account_owner"]
    names = {
        normal_id(system, rep): name
        for rep, name in assignment.select("rep_id", "rep_name").unique().iter_rows()
        if rep is not None
    }
    affected = sorted({rep for c in owners for rep in (c.before, c.after) if rep})
    summary = {
        "system": system,
        "owners_changed": len(owners),
        "accounts_put_into_a_territory": count("object_territory", "insert"),
        "accounts_taken_out_of_a_territory": count("object_territory", "delete"),
        "users_put_into_a_territory": count("user_territory", "insert"),
        "users_taken_out_of_a_territory": count("user_territory", "delete"),
        "not_written": len(target.unresolved),
        "holdouts": holdouts,
        "affected": [
            {
                "rep_id": rep,
                "rep_name": names.get(rep),
                "accounts_gained": sum(c.after == rep for c in owners),
                "accounts_lost": sum(c.before == rep for c in owners),
            }
            for rep in affected
        ],
    }
    _write_json(folder, summary)
    return summary


def _write_json(folder: Path, summary: Mapping[str, Any]) -> None:
    text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
    (folder / "summary.json").write_text(text, encoding="utf-8")


def _ids(frame: pl.DataFrame) -> list[str]:
    """Columns of ids whose every value is one of a CRM, so that none is a formula."""
    return [
        name
        for name in frame.columns
        if name.endswith("_id")
        and all(
            value is None or is_id_of("salesforce", value) or is_id_of("hubspot", value)
            for value in frame[name]
        )
    ]
