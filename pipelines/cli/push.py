"""`territory push PLAN_ID`: what a plan changes in the CRM, and with --yes the change itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import click

from pipelines.cli.console import console, progress_shown
from pipelines.cli.options import chosen_settings, config_option, data_dir_option
from pipelines.cli.plans import user_name
from pipelines.errors import TerritoryError
from pipelines.lifecycle import PlanStore
from pipelines.stages.push import Preview, check_sendable, deliver, delivery_of, preview
from pipelines.writeback.crm import open_crm
from pipelines.writeback.push import PushOutcome
from pipelines.writeback.results import write_results

_SHOWN = 10
_WORDS = {
    ("account_owner", "update"): "owners changed",
    ("object_territory", "insert"): "accounts put into a territory",
    ("object_territory", "delete"): "accounts taken out of a territory",
    ("user_territory", "insert"): "users put into a territory",
    ("user_territory", "delete"): "users taken out of a territory",
}


@click.command()
@click.argument("plan_id")
@click.option("--yes", is_flag=True, help="Send. Without it, only say what would be sent.")
@click.option("--rollback", is_flag=True, help="Restore what stood there before the first push.")
@click.option(
    "--on",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Leave dated moves out that are due later; by default those due after today.",
)
@click.option("--by", default=user_name, show_default="your user name", help="Who sends.")
@click.option("--why", default="pushed by hand", show_default=True, help="The reason.")
@click.option(
    "--results",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV of every row and its outcome.",
)
@data_dir_option
@config_option
def push(
    plan_id: str,
    yes: bool,
    rollback: bool,
    day: datetime | None,
    by: str,
    why: str,
    results: Path | None,
    config: Path,
    data_dir: Path | None,
) -> None:
    """Send the approved PLAN_ID to the CRM of the source `crm`.

    Only what differs there is sent. A push that was interrupted is finished by the same command.
    """
    settings = chosen_settings(config, data_dir, None, None)
    store = PlanStore(settings.data_dir)
    plan_id = store.find(plan_id)
    # Before the CRM is asked anything: of a draft nothing is even compared.
    check_sendable(store, plan_id)
    crm = open_crm(settings.config_path, settings.connectors.get("crm"))
    on = day.date() if day else store.today()
    with progress_shown():
        delivery = delivery_of(store, plan_id, crm, day=on, is_rollback=rollback)
        found = preview(crm, delivery)
    _print_preview(found, crm.identity, delivery.names)
    if not yes:
        if results is not None:
            write_results(results, PushOutcome(left=list(found.changes)), is_sent=False)
        console.print("Nothing was sent. Send it with --yes.")
        return
    with progress_shown():
        outcome = deliver(store, plan_id, crm, delivery, by=by, why=why, is_rollback=rollback)
    if results is not None:
        write_results(results, outcome)
    console.print(f"Sent         {len(outcome.done):,} rows arrived")
    if outcome.left:
        for row in outcome.failed[:_SHOWN]:
            change = row.change
            console.print(
                f"Failed       {change.kind} {change.verb} {change.subject_id}: {row.code}: "
                f"{row.message}",
                markup=False,
            )
        done = "were not taken back" if rollback else "did not arrive"
        next_step = (
            "do the rollback again" if rollback else "push again, or take all back with --rollback"
        )
        raise TerritoryError(
            f"{len(outcome.left):,} rows of {plan_id} {done}; mend what the CRM says and "
            f"{next_step}"
        )
    console.print(
        f"{crm.identity} holds {'what it held before ' if rollback else ''}{plan_id}",
        markup=False,
    )


def _print_preview(found: Preview, identity: str, names: Mapping[str, str]) -> None:
    console.print(f"CRM          {identity}", markup=False)
    counts = found.counts()
    for key, words in _WORDS.items():
        if counts.get(key):
            console.print(f"Changes      {counts[key]:,} {words}")
    if not counts:
        console.print("Changes      none: it stands there already")
    for rep, (gained, lost) in found.owners_affected().items():
        who = f"{names[rep]} ({rep})" if rep in names else rep
        console.print(
            f"Affected     {who}: gains {gained:,}, loses {lost:,} accounts", markup=False
        )
    _print_some("Conflicts", "changed in the CRM since the plan was made", found.conflicts)
    _print_some("Missing", "not in the CRM any more", found.missing)
    by_reason: dict[str, list[str]] = {}
    for item in found.unresolved:
        by_reason.setdefault(item.reason, []).append(item.subject_id)
    for reason, subjects in by_reason.items():
        _print_some("Not written", reason, subjects)


def _print_some(label: str, what: str, ids: Sequence[str]) -> None:
    if ids:
        more = ", …" if len(ids) > _SHOWN else ""
        shown = ", ".join(ids[:_SHOWN])
        console.print(f"{label:<12} {len(ids):,}, {what}: {shown}{more}", markup=False)
