"""`territory demo`: generate a sample company of any size."""

from datetime import datetime
from pathlib import Path

import click

from pipelines.cli.console import console, progress_shown
from pipelines.progress import report


@click.command()
@click.option("--accounts", type=click.IntRange(min=1), default=1_200, show_default=True)
@click.option("--reps", type=click.IntRange(min=1), default=25, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=7, show_default=True)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2026-06-30",
    show_default=True,
    help="Last day of the company's history.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--dirt", is_flag=True, help="Inject known faults and write an answer key.")
def demo(accounts: int, reps: int, seed: int, as_of: datetime, out: Path, dirt: bool) -> None:
    """Generate a sample company: CRM exports and market files."""
    from pipelines.sample import CompanySettings, generate_company

    with progress_shown():
        summary = generate_company(
            CompanySettings(
                accounts=accounts, reps=reps, seed=seed, as_of=as_of.date(), out=out, dirt=dirt
            ),
            report,
        )
    for name, rows in summary.rows.items():
        console.print(f"{rows:>12,}  {name}")
    console.print(f"Written to {out}", markup=False)
