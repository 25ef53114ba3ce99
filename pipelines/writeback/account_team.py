"""The account teams of a plan's second roles, as files beside those of the owners.

| file in `crm/` | for |
|---|---|
| `account_team_insert.csv` | Salesforce AccountTeamMember: AccountId, UserId, TeamMemberRole |
| `account_team_delete.csv` | the same object: Id, AccountId, UserId of who leaves a team |
| `account_team_by_name.csv` | any other source: names, to be matched by a person |

Seats that nobody holds yet are left out: there is no user to put on a team. In `rollback/` those
who leave are put back; who is put on a team has no record id yet, so `account_team_delete.csv`
there names account and user.
"""

from pathlib import Path

import polars as pl

from pipelines.publish.tables_out import write_rows
from pipelines.writeback.files import FOLDER, ROLLBACK
from pipelines.writeback.ids import System, normal_id

_INSERT = ("AccountId", "UserId", "TeamMemberRole")
_DELETE = ("Id", "AccountId", "UserId")
_ID = "^(?:[A-Za-z0-9]{15}|[A-Za-z0-9]{18})$"


def write_team_files(release: Path, overlays: pl.DataFrame, system: System | None) -> int:
    """Write who joins and who leaves account teams; returns how many join.

    Args:
        overlays: overlay_role, account_id, account_name, overlay_rep_id, overlay_rep_name,
            incumbent_overlay_rep_id and incumbent_member_id, of reps who are there.
    """
    changed = overlays.filter(
        pl.col("overlay_rep_id").ne_missing(pl.col("incumbent_overlay_rep_id"))
    ).sort("account_id", "overlay_role")
    if changed.is_empty():
        return 0
    folder, joining = release / FOLDER, changed.height
    ids = ("account_id", "overlay_rep_id", "incumbent_overlay_rep_id", "incumbent_member_id")
    # What is no id of Salesforce may be anything, a formula too.
    is_ours = pl.lit(system == "salesforce") & pl.all_horizontal(
        pl.col(name).fill_null("0" * 15).str.contains(_ID) for name in ids
    )
    named = changed.filter(~is_ours)
    if named.height:
        columns = (*("overlay_role", "account_id", "account_name"), *ids[2:0:-1])
        write_rows(named.select(*columns, "overlay_rep_name"), folder / "account_team_by_name.csv")
    changed = changed.filter(is_ours)
    if changed.is_empty():
        return joining
    changed = changed.with_columns(
        pl.col(name).map_elements(lambda one: normal_id("salesforce", one), return_dtype=pl.String)
        for name in ids
    )
    joins = changed.select(*ids[:2], "overlay_role")
    leaves = changed.filter(pl.col(ids[2]).is_not_null())
    back = leaves.select(ids[0], ids[2], "overlay_role")
    _write(folder / "account_team_insert.csv", _INSERT, joins)
    _write(folder / "account_team_delete.csv", _DELETE, leaves.select(ids[3], ids[0], ids[2]))
    (folder / ROLLBACK).mkdir(exist_ok=True)
    _write(folder / ROLLBACK / "account_team_insert.csv", _INSERT, back)
    no_id = pl.lit(None, dtype=pl.String).alias("Id")
    undone = changed.select(no_id, *ids[:2])
    _write(folder / ROLLBACK / "account_team_delete.csv", _DELETE, undone)
    return joining


def _write(path: Path, heading: tuple[str, ...], rows: pl.DataFrame) -> None:
    """A file of ids under Salesforce's headings; none where there are no rows."""
    if rows.height:
        rows.columns = list(heading)
        ids = [name for name in heading if name != "TeamMemberRole"]
        write_rows(rows, path, untouched=ids)
