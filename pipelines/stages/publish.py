"""Last stage: swap the audited tables in as the release, then let go of what is too old."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from pipelines.progress import report
from pipelines.publish import (
    PublishRequest,
    Release,
    prune_quarantine,
    prune_run_storage,
    publish_release,
)
from pipelines.publish.layout import REPORT_NAME
from pipelines.publish.scenario_view import open_scenario
from pipelines.report.brief import plan_in_markdown
from pipelines.report.lineage import LINEAGE_NAME, write_lineage
from pipelines.report.quality import QUALITY_NAME, write_quality
from pipelines.report.write import write_report
from pipelines.settings.loader import Settings
from pipelines.stages.plan_record import record_plans
from pipelines.stages.quality import keep_good_load
from pipelines.stages.run_context import MODELS_FILE, RunContext, WorkPaths
from pipelines.stages.write_back_files import write_back_files


def publish(settings: Settings, context: RunContext, *, fence: Callable[[], None]) -> Release:
    """Publish the working database as release `context.plan_id` and apply the retention.

    Args:
        fence: raises when this run may no longer publish; called just before the swap.

    Raises:
        GateError: the tables break the publication contract, or another assignment was approved
            as this plan.
    """
    report("Publishing")
    paths = WorkPaths(settings.data_dir)
    retention = settings.project.retention

    def fence_and_record() -> None:
        fence()
        # Before the swap: a plan that readers see always has its record; one in force has.
        if settings.kept_plan_id is None:
            record_plans(settings, context)

    release = publish_release(
        PublishRequest(
            warehouse=paths.warehouse,
            data_dir=settings.data_dir,
            plan_id=context.plan_id,
            run_id=context.run_id,
            scenario=context.scenario,
            as_of=context.as_of,
            plans=context.plans,
            keep_releases=retention.releases,
            write_pages=lambda folder: _write_pages(folder, settings, context),
        ),
        fence_and_record,
    )
    keep_good_load(settings, context)
    prune_quarantine(paths.quarantine, retention.quarantine_runs)
    if home := os.environ.get("DAGSTER_HOME"):
        prune_run_storage(Path(home), retention.dagster_runs)
    return release


def _write_pages(folder: Path, settings: Settings, context: RunContext) -> None:
    company = settings.project.name
    write_report(
        folder,
        settings.data_dir / "releases",
        company=company,
        scenario=context.scenario,
        as_of=context.as_of,
    )
    write_lineage(folder, company)
    write_quality(folder, company)
    shutil.copyfile(WorkPaths(settings.data_dir).models, folder / MODELS_FILE)
    write_back_files(folder, settings, context)


def plan_in_words(settings: Settings, release: Release) -> str:
    """What the published plan does, as Markdown."""
    manifest = release.manifest
    return plan_in_markdown(release.path, settings.project.name, manifest.scenario, manifest.as_of)


def page_links(settings: Settings, release: Release) -> dict[str, str]:
    """The addresses of the release's pages in a browser, by what they are."""
    base = settings.project.pages_url.rstrip("/")
    return {
        Path(page).stem: f"{base}/{release.plan_id}/{page}"
        for page in (REPORT_NAME, QUALITY_NAME, LINEAGE_NAME)
    }


# What is followed from run to run; the table and column of each, in the row of the plan.
_FOLLOWED = {
    "hours_max_deviation_pct": "workload_max_deviation_pct",
    "potential_max_deviation_pct": "potential_max_deviation_pct",
    "optimality_gap_pct": "optimality_gap_pct",
    "moved_accounts": "moved_accounts",
    "moved_sales_usd": "moved_sales_usd",
    "retained_accounts_pct": "retained_accounts_pct",
    "travel_hours": "travel_hours",
    "expected_value_usd": "expected_value_usd",
}


def followed_figures(release: Release) -> dict[str, float]:
    """Balance, gap, moves and penetration of the chosen plan; what is unknown is left out."""
    with open_scenario(release.path, release.manifest.scenario) as connection:
        row = connection.execute(
            f"SELECT {', '.join(_FOLLOWED.values())} FROM kpi_plan WHERE plan_version = 'proposed'"
        ).fetchone()
        penetration = connection.execute(
            "SELECT market_penetration_pct FROM kpi_rollup "
            "WHERE plan_version = 'proposed' AND level = 'company'"
        ).fetchone()
    figures = dict(zip(_FOLLOWED, row or (), strict=False))
    figures["market_penetration_pct"] = penetration[0] if penetration else None
    return {name: float(value) for name, value in figures.items() if value is not None}
