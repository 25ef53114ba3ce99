"""An analyst asks the lineage page where a figure comes from."""

from pathlib import Path

import duckdb
import pytest

from pipelines.report.lineage import write_lineage
from tests.browser.local_page import HOSTILE_NAMES, WIDTHS, needs_chromium, opened

pytestmark = [needs_chromium, pytest.mark.usefixtures("one_browser")]

# A figure of two columns, one of them through a branch; a constant; hostile headings of a file.
_TABLES = """
CREATE TABLE meta_table (table_name VARCHAR, layer VARCHAR, is_published BOOLEAN, grain VARCHAR);
INSERT INTO meta_table VALUES ('raw_crm__deal', 'raw', false, 'One deal.'),
  ('int_deal', 'intermediate', false, 'One deal.'), ('kpi_team', 'mart', true, 'One team.');
CREATE TABLE meta_column (table_name VARCHAR, column_name VARCHAR, position INTEGER,
  data_type VARCHAR, unit VARCHAR, description VARCHAR);
INSERT INTO meta_column VALUES ('raw_crm__deal', 'amount', 1, 'VARCHAR', '', 'Amount.'),
  ('raw_crm__deal', 'stage', 2, 'VARCHAR', '', 'Stage.'),
  ('int_deal', 'amount_usd', 1, 'DOUBLE', 'USD', 'Amount.'),
  ('int_deal', 'is_won', 2, 'BOOLEAN', '', 'Won.'),
  ('kpi_team', 'sales_usd', 1, 'DOUBLE', 'USD', 'Sales of <b>all</b> deals.'),
  ('kpi_team', 'plan_id', 2, 'VARCHAR', '', 'Plan.');
CREATE TABLE meta_metric (table_name VARCHAR, column_name VARCHAR, metric_name VARCHAR,
  formula VARCHAR);
INSERT INTO meta_metric VALUES ('kpi_team', 'sales_usd', 'Sales', 'won amounts');
CREATE TABLE meta_column_lineage (table_name VARCHAR, column_name VARCHAR,
  upstream_table VARCHAR, upstream_column VARCHAR, step VARCHAR, expression VARCHAR);
INSERT INTO meta_column_lineage VALUES
  ('raw_crm__deal', 'amount', 'deals.csv', '<img src=x onerror=alert(1)>', 'ingest', NULL),
  ('raw_crm__deal', 'stage', 'deals.csv', 'Stage "now" =1+1', 'ingest', NULL),
  ('int_deal', 'amount_usd', 'raw_crm__deal', 'amount', 'dbt', 'CAST(amount AS DOUBLE)'),
  ('int_deal', 'is_won', 'raw_crm__deal', 'stage', 'dbt', 'stage = ''won'''),
  ('kpi_team', 'sales_usd', 'int_deal', 'amount_usd', 'dbt', 'SUM(amount_usd)'),
  ('kpi_team', 'sales_usd', 'int_deal', 'is_won', 'dbt', 'SUM(amount_usd)'),
  ('kpi_team', 'plan_id', NULL, NULL, 'python', 'identity of the run');
"""


@pytest.fixture(scope="module")
def lineage(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("release")
    with duckdb.connect(str(folder / "territory.duckdb")) as connection:
        connection.execute(_TABLES)
        # A deal is kept under the names of eleven columns of its file.
        connection.executemany(
            "INSERT INTO meta_column_lineage VALUES "
            "('raw_crm__deal', 'title', 'deals.csv', ?, 'ingest', NULL)",
            [[name] for name in HOSTILE_NAMES],
        )
        connection.execute(
            "INSERT INTO meta_column VALUES "
            "('raw_crm__deal', 'title', 3, 'VARCHAR', '', '<b>Title</b>')"
        )
    return write_lineage(folder, "Müller & <i>Söhne</i>").as_uri()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_figure_leads_to_the_columns_of_the_files(
    lineage: str, width: int, tmp_path: Path
) -> None:
    with opened(f"{lineage}#kpi_team.sales_usd", width) as found:
        page = found.page
        assert page.locator("#chosen").inner_text() == "kpi_team.sales_usd"
        assert page.locator("#meaning").inner_text() == "Sales of <b>all</b> deals. (USD)"
        assert page.locator("#formula").inner_text() == "Sales = won amounts"
        assert page.locator("#ends li").all_inner_texts() == [
            'deals.csv: <img src=x onerror=alert(1)>, Stage "now" =1+1'
        ]
        assert page.locator("#graph rect").count() == 4
        # The chosen column is in sight before anybody scrolls.
        frame = page.locator("#graph").bounding_box()
        box = page.locator("#graph text", has_text="sales_usd").bounding_box()
        assert frame is not None
        assert box is not None
        assert frame["x"] <= box["x"] <= frame["x"] + frame["width"] - box["width"]
        assert frame["y"] <= box["y"] <= frame["y"] + frame["height"] - box["height"]
        assert page.locator("#steps tbody tr").count() == 7
        # The whole pipeline lies within the window, one stage below the other.
        stages = page.locator("#stages rect")
        assert stages.count() == 4
        boxes = [stages.nth(n).bounding_box() or {} for n in range(4)]
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
        assert [box["y"] for box in boxes] == sorted(box["y"] for box in boxes)
        assert page.locator("#stage-tables details").count() == 4
        page.locator("#stage-tables details").evaluate_all(
            "all => all.forEach(one => one.open = true)"
        )
        assert page.locator("#stage-tables li").all_inner_texts() == [
            *("deals.csv", "raw_crm__deal", "int_deal", "kpi_team")
        ]
        assert found.overflow_pixels() <= 0
        assert found.spoilt_labels() == []
        assert found.severe_violations() == []
        assert found.is_quiet()
        page.screenshot(path=tmp_path / f"lineage_{width}.png", full_page=True)


@pytest.mark.parametrize("width", WIDTHS)
def test_headings_of_a_file_stay_text(lineage: str, width: int) -> None:
    with opened(f"{lineage}#raw_crm__deal.title", width) as found:
        (ends,) = found.page.locator("#ends li").all_inner_texts()
        assert all(name in ends for name in HOSTILE_NAMES)
        assert found.page.locator("main :is(img, b)").count() == 0
        assert found.page.title() != "taken"
        assert found.overflow_pixels() <= 0
        assert found.spoilt_labels() == []
        assert found.is_quiet()


def test_a_source_column_leads_to_what_is_published_of_it(lineage: str) -> None:
    with opened(f"{lineage}#raw_crm__deal.stage", 1440) as found:
        page = found.page
        assert page.locator("#which").input_value() == "all"
        page.locator("#direction").select_option("down")
        assert page.locator("#ends li").all_inner_texts() == ["kpi_team: sales_usd"]


def test_a_constant_says_that_no_source_column_makes_it(lineage: str) -> None:
    with opened(f"{lineage}#kpi_team.plan_id", 1440) as found:
        assert "No source column" in found.page.locator("#ends").inner_text()
        assert "identity of the run" in found.page.locator("#steps").inner_text()
        found.page.locator("#column").select_option("sales_usd")
        assert found.page.locator("#chosen").inner_text() == "kpi_team.sales_usd"
