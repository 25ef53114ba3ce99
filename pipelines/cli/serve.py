"""`territory serve`: the pages of published plans in a browser."""

from pathlib import Path
from urllib.parse import urlsplit

import click

from pipelines.cli.console import console
from pipelines.cli.options import config_option, data_dir_option, run_settings
from pipelines.cli.release_reader import published_folder
from pipelines.publish.layout import REPORT_NAME

DEFAULT_PORT = 3001


@click.command()
@config_option
@data_dir_option
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    help=f"Port at 127.0.0.1; by default that of pages_url in project.yaml ({DEFAULT_PORT}).",
)
@click.option("--open", "in_browser", is_flag=True, help="Open the newest report in the browser.")
def serve(config: Path, data_dir: Path | None, port: int | None, in_browser: bool) -> None:
    """Serve report, data quality and lineage of each release until Ctrl-C.

    Only this machine reaches them. Links in the Dagster UI lead here; `make dev` starts both.
    """
    settings = run_settings(config, data_dir, None, [])
    own = port or urlsplit(settings.project.pages_url).port or DEFAULT_PORT
    address = f"http://127.0.0.1:{own}/published/{REPORT_NAME}"
    console.print(f"Report       {address}", markup=False)
    if in_browser:
        import webbrowser

        published_folder(settings.data_dir)
        webbrowser.open(address)
    from pipelines.report.serve import serve_pages

    serve_pages(settings.data_dir, own)
