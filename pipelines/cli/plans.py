"""`territory plans` and `territory plan …`: which plans there are, and the acts of their life."""

import getpass
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.console import console, progress_shown
from pipelines.cli.options import chosen_settings, config_option, data_dir_option
from pipelines.errors import GateError
from pipelines.lifecycle import Period, PlanRecord, PlanStore, Verb
from pipelines.lifecycle.acts import PAST
from pipelines.settings.loader import Settings

if TYPE_CHECKING:
    import polars as pl


def _place(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say whose plans are meant."""
    for option in (data_dir_option, config_option):
        command = option(command)
    return command


def _store(config: Path, data_dir: Path | None) -> PlanStore:
    return PlanStore(chosen_settings(config, data_dir, None, None).data_dir)


def user_name() -> str:
    """The name of whoever started the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


@click.command()
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="Only the plan of this day.")
@_place
def plans(config: Path, data_dir: Path | None, day: datetime | None) -> None:
    """List the plans: their state, when they are effective, and their main figures."""
    store = _store(config, data_dir)
    if day is not None:
        period = store.chosen(day.date())
        text = "no plan was effective then" if period is None else period.plan_id
        console.print(f"{day.date()}  {text}", markup=False)
        return
    by_plan = {period.plan_id: period for period in store.periods()}
    rows = [("plan", "scenario", "as of", "state", "effective", "moves", "gap")]
    for plan_id in store.plan_ids():
        record = store.record(plan_id)
        gap = record.figures.get("optimality_gap_pct")
        rows.append(
            (
                plan_id,
                record.scenario,
                record.as_of.isoformat(),
                store.state(plan_id),
                _span(by_plan.get(plan_id)),
                f"{record.figures.get('moved_accounts', 0):,}",
                "" if gap is None else f"{gap:.3f} %",
            )
        )
    if len(rows) == 1:
        console.print("No plan is recorded here yet; `territory run` records one.")
        return
    # Not a table of the library: it would cut ids where the output is no terminal.
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        console.print("  ".join(cells).rstrip(), markup=False)


def _span(period: Period | None) -> str:
    if period is None:
        return ""
    return f"{period.valid_from_date} – {period.valid_to_date or '…'}"


@click.group()
def plan() -> None:
    """Propose, approve and make effective a plan, take it back, or make it again."""


@plan.command()
@click.argument("plan_id")
@_place
def show(plan_id: str, config: Path, data_dir: Path | None) -> None:
    """Show the record of PLAN_ID and everything that was done with it."""
    store = _store(config, data_dir)
    plan_id = store.find(plan_id)
    record = store.record(plan_id)
    period = next((p for p in store.periods() if p.plan_id == plan_id), None)
    effective = f", effective {_span(period)}" if period else ""
    for label, text in (
        ("Plan", f"{plan_id}, {store.state(plan_id)}{effective}"),
        ("Made of", f"scenario {record.scenario}, planning date {record.as_of}, {record.run_id}"),
        ("Code", f"{record.code_version}, seed {record.seed}"),
        ("Input", f"{record.input_digest[:16]}…, {len(record.inputs)} files"),
        *([("Rebalances", record.rebalanced_from)] if record.rebalanced_from else []),
        ("Settings", f"{record.settings_digest[:16]}…, policy {record.policy_digest[:16]}…"),
        ("Accounts", f"{record.account_count:,}, {_moves(record)}"),
        ("Record", str(store.folder / plan_id)),
    ):
        console.print(f"{label:<10} {text}", markup=False)
    for act in store.acts(plan_id):
        day = f", from {act.effective_date}" if act.effective_date else ""
        console.print(
            f"{act.at:%Y-%m-%d %H:%M}  {act.verb.replace('_', ' ')} → {act.state}{day}, "
            f"by {act.by}: {act.why}",
            markup=False,
        )


def _moves(record: PlanRecord) -> str:
    figures = record.figures
    text = f"{figures.get('moved_accounts'):,} moved"
    if record.rebalanced_from is None:
        return text
    return (
        f"{text}, {figures['forced_moves']:,} of reps who left and "
        f"{figures['new_assignments']:,} without owner placed, "
        f"price USD {figures['price_usd']:,.0f} a year"
    )


def _act(verb: Verb, summary: str) -> Callable[..., Any]:
    """The command that does `verb`; `make-effective` also asks from when."""

    @click.argument("plan_id")
    @click.option("--by", default=user_name, show_default="your user name", help="Who decides.")
    @click.option("--why", required=True, help="The reason, for whoever asks later.")
    @_place
    def command(
        plan_id: str,
        by: str,
        why: str,
        config: Path,
        data_dir: Path | None,
        effective_date: datetime | None = None,
        moves: Path | None = None,
    ) -> None:
        for option, text in (("--by", by), ("--why", why)):
            if not text.strip():
                raise click.BadParameter("must not be empty", param_hint=option)
        store = _store(config, data_dir)
        plan_id = store.find(plan_id)
        day = effective_date.date() if effective_date else None
        if verb == "withdraw":
            _refuse_if_sent(store, plan_id)
        before = store.periods()
        details = {}
        if moves is not None and day is not None:
            from pipelines.lifecycle.move_dates import read_move_dates

            dates = read_move_dates(moves, store.assignment(plan_id), day)
            details["dated_moves"] = {account: day.isoformat() for account, day in dates.items()}
        store.act(
            verb, plan_id, by=by.strip(), why=why.strip(), effective_date=day, details=details
        )
        _tell(plan_id, verb, before, store.periods())
        if verb == "make_effective":
            _tell_what_readers_see(store, plan_id)

    if verb == "make_effective":
        command = click.option(
            "--effective-date",
            type=click.DateTime(["%Y-%m-%d"]),
            required=True,
            help="First day of the plan; the plan before it ends the day before.",
        )(command)
        command = click.option(
            "--moves",
            type=click.Path(path_type=Path, dir_okay=False),
            help="CSV account_id,move_date: accounts that change hands later.",
        )(command)
    return click.command(verb.replace("_", "-"), help=summary)(command)


def _refuse_if_sent(store: PlanStore, plan_id: str) -> None:
    from pipelines.writeback.journal import Journal

    if Journal(store.folder / plan_id).is_open():
        raise GateError(
            f"{plan_id} was sent to the CRM; take that back first: territory push {plan_id} "
            "--rollback --yes"
        )


def _tell(plan_id: str, verb: Verb, before: list[Period], after: list[Period]) -> None:
    own = next((p for p in after if p.plan_id == plan_id), None)
    span = f", {_span(own)}" if own else ""
    console.print(f"{plan_id} is {PAST[verb]}{span}", markup=False)
    old = {p.plan_id: p.valid_to_date for p in before}
    for period in after:
        end: date | None = period.valid_to_date
        if period.plan_id in old and old[period.plan_id] != end:
            console.print(f"{period.plan_id} now ends {end or 'with the next plan'}", markup=False)


def _tell_what_readers_see(store: PlanStore, plan_id: str) -> None:
    """An act changes no published table: which run brings the plan there."""
    from pipelines.publish import current_release

    release = current_release(store.folder.parent)
    if release is None or release.plan_id == plan_id:
        return
    period = next(p for p in store.periods() if p.plan_id == plan_id)
    is_first = store.periods()[0].plan_id == plan_id
    since = "" if is_first else f", once the data reach {period.valid_from_date}"
    console.print(
        f"Published is still {release.plan_id}; `territory run --effective` (or the schedule "
        f"weekly_kpis) publishes {plan_id}{since}",
        markup=False,
    )


for _verb, _summary in (
    ("propose", "Propose the draft PLAN_ID for approval."),
    ("approve", "Approve the proposed PLAN_ID; only then can it become effective or be pushed."),
    ("withdraw", "Make PLAN_ID a draft again; not once its first day has come."),
    ("make_effective", "Let the approved PLAN_ID hold from a date on."),
):
    plan.add_command(_act(_verb, _summary))  # type: ignore[arg-type]


@plan.command()
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="Only what held on this day.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="CSV or Parquet file.")
@_place
def history(day: datetime | None, out: Path | None, config: Path, data_dir: Path | None) -> None:
    """Show who owned which account when, by the effective plans."""
    from pipelines.lifecycle.history import assignment_history, owners_on

    store = _store(config, data_dir)
    _show(owners_on(store, day.date()) if day else assignment_history(store), out)


@plan.command()
@click.argument("plan_id")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="CSV or Parquet file.")
@_place
def holdouts(plan_id: str, out: Path | None, config: Path, data_dir: Path | None) -> None:
    """Show which open deals stay with their old owner under PLAN_ID, and until when."""
    from pipelines.lifecycle.holdouts import recorded_holdouts

    store = _store(config, data_dir)
    _show(recorded_holdouts(store, store.find(plan_id)), out)


@plan.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="CSV or Parquet file.")
@click.option(
    "--overrides",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV of the accepted ones as manual overrides, for the next plan.",
)
@click.option("--plan", "plan_id", help="The plan they are about; by default that of the last run.")
@click.option("--by", default=user_name, show_default="your user name", help="Who has them judged.")
@_place
def challenges(
    file: Path,
    out: Path | None,
    overrides: Path | None,
    plan_id: str | None,
    by: str,
    config: Path,
    data_dir: Path | None,
) -> None:
    """Accept, reject or price the challenges of FILE, on the data of the last run.

    FILE is a CSV of account_id, rep_id, wish (own or release) and reason. The outcomes are kept
    with the plan; the next run publishes them.
    """
    from pipelines.lifecycle.challenges import keep_challenges
    from pipelines.publish.tables_out import write_rows
    from pipelines.stages.challenges import accepted_overrides, judge_file, plan_to_judge
    from pipelines.stages.run_context import RunContext, WorkPaths

    settings = chosen_settings(config, data_dir, None, None)
    context = RunContext.load(WorkPaths(settings.data_dir))
    store = PlanStore(settings.data_dir)
    plan_id = store.find(plan_id) if plan_id else plan_to_judge(store, context)
    settings = chosen_settings(config, data_dir, None, store.record(plan_id).scenario)
    judged = judge_file(settings, context, file, plan_id)
    keep_challenges(store, plan_id, judged, by=by)
    console.print(f"Judged against {plan_id}", markup=False)
    for row in judged.iter_rows(named=True):
        console.print(
            f"{row['outcome']:<9} {row['account_id']} {row['wish']} {row['rep_id']}: "
            f"{row['outcome_reason']}",
            markup=False,
        )
    if out is not None:
        write_rows(judged, out)
    if overrides is not None:
        write_rows(accepted_overrides(judged), overrides, untouched=("Account ID", "Rep ID"))


def _show(rows: "pl.DataFrame", out: Path | None) -> None:
    """Write `rows` to a file, or its beginning to the terminal."""
    if out is None:
        import polars as pl

        with pl.Config(
            tbl_rows=20, tbl_cols=-1, tbl_width_chars=160, tbl_hide_dataframe_shape=True
        ):
            console.print(str(rows), markup=False)
        console.print(f"{rows.height:,} rows; --out FILE writes them all")
        return
    from pipelines.publish.tables_out import write_rows

    write_rows(rows, out)
    console.print(f"{rows.height:,} rows written to {out}", markup=False)


@plan.command()
@click.argument("plan_id")
@_place
def reproduce(plan_id: str, config: Path, data_dir: Path | None) -> None:
    """Plan PLAN_ID again from its record and compare; says which input differs if one does.

    Nothing is published, and the working database of the last run stays as it is.
    """
    from pipelines.stages.reproduce import reproduce_plan

    settings: Settings = chosen_settings(config, data_dir, None, None)
    store = PlanStore(settings.data_dir)
    with progress_shown():
        outcome = reproduce_plan(settings, store, store.find(plan_id))
    for sentence in outcome:
        console.print(sentence, markup=False)
