"""A data engineer opens the data-quality page: all that was noticed, hostile text as text."""

from pathlib import Path

import duckdb
import pytest

from pipelines.ingest.ledger import create_ledger
from pipelines.report.quality import write_quality
from tests.browser.local_page import HOSTILE_NAMES, WIDTHS, needs_chromium, opened

pytestmark = [needs_chromium, pytest.mark.usefixtures("one_browser")]

HOSTILE = "<img src=x onerror=alert(1)>"
_TABLES = f"""
INSERT INTO meta_load VALUES
  ('raw_crm__account', 'accounts.csv', 'records', 'ab', 14, 10, 1, 2, 1,
   '{{"test_account": 1}}', 'run'),
  ('raw_crm__opportunity', 'deals <b>x</b>.csv', 'records', 'ab', 5, 5, 0, 0, 0, '{{}}', 'run');
INSERT INTO quarantined_row VALUES
  ('raw_crm__account', 'accounts.csv', 7, 'A7', 'not_a_number', 'annual_revenue_usd',
   '{HOSTILE}', '{{}}', 'run');
INSERT INTO meta_finding VALUES
  ('likely_duplicate:raw_crm__account:account_name', 'warning', 'likely_duplicate',
   'raw_crm__account', 'account_name', NULL, 1, 'One row: {HOSTILE}', 'run'),
  ('missing:t', 'info', 'no_owners', 'raw_crm__account', 'owner_rep_id', NULL, 3, 'None.', 'run');
INSERT INTO meta_finding_row VALUES
  ('likely_duplicate:raw_crm__account:account_name', 'raw_crm__account', 'account_name',
   'likely_duplicate', 'A9', 9, '{HOSTILE}', 'Acme "&" Söhne', 'A1', 91.5, 'run');
CREATE TABLE meta_drift (table_name VARCHAR, column_name VARCHAR, rule VARCHAR, severity VARCHAR,
  last_value DOUBLE, value DOUBLE, change DOUBLE, threshold DOUBLE, message VARCHAR,
  run_id VARCHAR);
INSERT INTO meta_drift VALUES ('raw_crm__account', 'a<script>alert(1)</script>', 'new_column',
  'warning', NULL, NULL, NULL, NULL, 'stands in the file', 'run');
CREATE TABLE meta_check_result (run_id VARCHAR, gate VARCHAR, check_name VARCHAR,
  table_name VARCHAR, column_name VARCHAR, expectation_type VARCHAR, severity VARCHAR,
  passed BOOLEAN, observed_value VARCHAR, threshold VARCHAR, rows_affected BIGINT,
  sample_json VARCHAR, message VARCHAR);
INSERT INTO meta_check_result VALUES
  ('run', 'great_expectations', 'city_known', 'raw_crm__account', 'city', 'q', 'warning', false,
   '3', '0', 3, '[]', 'Cities are known; {HOSTILE}.'),
  ('run', 'dbt', 'unique', 'dim_account', 'account_id', 'q', 'error', true, '0', '0', 0, '[]', '');
"""


@pytest.fixture(scope="module")
def page_address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("release")
    with duckdb.connect(str(folder / "territory.duckdb")) as connection:
        create_ledger(connection)
        connection.execute(_TABLES)
        for number, name in enumerate(HOSTILE_NAMES):
            connection.execute(
                "INSERT INTO meta_finding_row VALUES "
                "('likely_duplicate:raw_crm__account:account_name', 'raw_crm__account', "
                "'account_name', 'likely_duplicate', ?, ?, ?, ?, 'A1', 90, 'run')",
                [f"B{number}", number, name, name],
            )
    return write_quality(folder, "Müller & <i>Söhne</i>").as_uri()


@pytest.mark.parametrize("width", WIDTHS)
def test_everything_noticed_is_on_the_page_and_text_stays_text(
    page_address: str, width: int, tmp_path: Path
) -> None:
    with opened(page_address, width) as found:
        page = found.page
        assert page.locator("#files tbody tr").count() == 2
        assert "test_account 1" in page.locator("#files").inner_text()
        assert HOSTILE in page.locator("#quarantine").inner_text()
        assert "a<script>alert(1)</script>" in page.locator("#drift").inner_text()
        assert HOSTILE in page.locator("#checks").inner_text()
        finding = page.locator("#findings details").first
        assert not finding.locator("table").is_visible()
        finding.locator("summary").click()
        shown = finding.locator("tbody tr").all_inner_texts()
        row = next(text for text in shown if "A9" in text)
        assert all(any(name in text for text in shown) for name in HOSTILE_NAMES)
        assert page.title() != "taken"
        assert all(text in row for text in ("A9", HOSTILE, 'Acme "&" Söhne', "A1", "91.5"))
        assert page.locator("img, script").count() == 0
        assert found.overflow_pixels() <= 0
        assert found.severe_violations() == []
        assert found.is_quiet()
        page.screenshot(path=tmp_path / f"quality_{width}.png", full_page=True)
