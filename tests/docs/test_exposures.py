"""What dbt says of the report and the dashboard is what they read."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

from pipelines.report.tables import _QUERIES

ROOT = Path(__file__).resolve().parents[2]
CHARTS = ROOT / "docs" / "superset" / "charts.py"


def charts_queries() -> list[str]:
    """The dashboard's datasets; its module is read by Superset's environment, not installed."""
    spec = importlib.util.spec_from_file_location("charts", CHARTS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        # A dataclass looks its module up by name.
        patch.setitem(__import__("sys").modules, "charts", module)
        spec.loader.exec_module(module)
    return list(module.DATASETS.values())


def tables_in(queries: list[str]) -> set[str]:
    """The marts that `queries` select from."""
    return {
        name
        for query in queries
        for name in re.findall(r"(?:FROM|JOIN)\s+(\w+)", query)
        if name.startswith(("dim_", "fct_", "kpi_", "plan_"))
    }


@pytest.mark.parametrize(
    ("exposure", "queries"),
    [("plan_report", list(_QUERIES.values())), ("superset_dashboard", charts_queries())],
)
def test_an_exposure_names_the_tables_that_are_read(exposure: str, queries: list[str]) -> None:
    document = yaml.safe_load(
        (ROOT / "dbt_project" / "models" / "exposures.yml").read_text(encoding="utf-8")
    )
    (declared,) = [one for one in document["exposures"] if one["name"] == exposure]
    refs = {re.findall(r"ref\('(\w+)'\)", text)[0] for text in declared["depends_on"]}
    models = {path.stem for path in (ROOT / "dbt_project" / "models").rglob("*.sql")}
    assert tables_in(queries) & models == refs
