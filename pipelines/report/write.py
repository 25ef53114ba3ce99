"""Write the report into a release."""

from pathlib import Path

from pipelines.publish.layout import REPORT_NAME
from pipelines.report.content import content, headline
from pipelines.report.page import render
from pipelines.report.tables import read_other_scenarios, read_tables

SCRIPTS = (
    "format.js",
    "table.js",
    "balance.js",
    "map.js",
    "rep.js",
    "views.js",
    "frontier.js",
    "headcount.js",
    "overlays.js",
    "report.js",
)


def write_report(release: Path, releases: Path, company: str, scenario: str, as_of: object) -> Path:
    """Write `report.html` into the folder `release`, which holds the published tables.

    Args:
        releases: folder of the other releases, whose scenarios are compared.
        company: name of the company, for the title.
        scenario: whose plan is shown; the others of the release are compared with it.
        as_of: planning date; scenarios of another date are not compared.
    """
    tables = read_tables(release, scenario)
    known = tables["scenario"]["scenario"].to_list()
    others = read_other_scenarios(releases, known, as_of)
    (plan_id,) = set(tables["plan"]["plan_id"].to_list())
    page = render(
        "report.html.j2",
        SCRIPTS,
        content(tables, others),
        headline=headline(tables, company, as_of),
        plan_id=plan_id,
    )
    path = release / REPORT_NAME
    path.write_text(page, encoding="utf-8")
    return path
