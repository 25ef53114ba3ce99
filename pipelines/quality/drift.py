"""Drift: how the figures of a load differ from the last good one's, against set thresholds.

`meta_drift` holds one row per figure beyond its threshold; the suite
`expectations/suites/raw/drift.yaml` says what blocks.
"""

from datetime import date

import duckdb

from pipelines.quality.baseline import Baseline
from pipelines.settings.project import DriftSettings

_CREATE = """
    CREATE OR REPLACE TABLE meta_drift (
        table_name VARCHAR, column_name VARCHAR, rule VARCHAR, severity VARCHAR,
        last_value DOUBLE, value DOUBLE, change DOUBLE, threshold DOUBLE, message VARCHAR,
        run_id VARCHAR
    )
"""

# Per rule: severity by threshold, the change that is judged, and the words. `$x` are settings.
_FIGURES = """
    WITH now AS (FROM load_profile), old AS (FROM {old}),
    sizes AS (
        SELECT now.table_name, now.value AS rows_now, old.value AS rows_old
        FROM now JOIN old USING (table_name, metric) WHERE metric = 'rows'
    ),
    figures AS (
        SELECT table_name, NULL AS column_name, 'rows_lost' AS rule, rows_old AS last_value,
            rows_now AS value, 1 - rows_now / rows_old AS change
        FROM sizes WHERE rows_old > 0
        UNION ALL
        SELECT table_name, NULL, 'rows_gained', rows_old, rows_now, rows_now / rows_old - 1
        FROM sizes WHERE rows_old > 0
        UNION ALL
        SELECT table_name, column_name, 'nulls_gained', old.value, now.value, now.value - old.value
        FROM now JOIN old USING (table_name, column_name, metric) WHERE metric = 'null_share'
        UNION ALL
        SELECT table_name, column_name, 'level_shifted', pow(10, old.value), pow(10, now.value),
            abs(now.value - old.value)
        FROM now JOIN old USING (table_name, column_name, metric) WHERE metric = 'level'
        UNION ALL
        SELECT table_name, column_name, 'mix_shifted', NULL, NULL,
            0.5 * sum(abs(coalesce(now.value, 0) - coalesce(old.value, 0)))
        FROM (FROM now WHERE metric = 'share') AS now
        FULL JOIN (FROM old WHERE metric = 'share') AS old
            USING (table_name, column_name, category)
        GROUP BY table_name, column_name
        HAVING count(now.value) > 0 AND count(old.value) > 0
    ),
    limits (rule, warns_at, blocks_at, words) AS (VALUES
        ('rows_lost', $rows_lost_warning, $rows_lost_error,
            'of the rows of the last good load are gone'),
        ('rows_gained', $rows_gained_warning, $rows_gained_error,
            'more rows than in the last good load'),
        ('nulls_gained', $nulls_gained_warning, $nulls_gained_error,
            'more of the rows have no value than in the last good load'),
        ('level_shifted', $level_shift_warning, $level_shift_error,
            'is how far values moved from the last good load, in powers of ten'),
        ('mix_shifted', $mix_shift_warning, $mix_shift_error,
            'of the rows changed their category since the last good load')
    )
    INSERT INTO meta_drift
    SELECT table_name, column_name, rule,
        if(change >= blocks_at AND greatest(rows_old, rows_now) >= $fewest_rows,
            'error', 'warning') AS severity,
        last_value, value, round(change, 6),
        if(change >= blocks_at, blocks_at, warns_at) AS threshold,
        if(rule = 'level_shifted', printf('%.2f', change), printf('%.1f %%', 100 * change))
        || ' ' || words AS message,
        $run_id
    FROM figures JOIN limits USING (rule) JOIN sizes USING (table_name)
    WHERE change >= warns_at
        -- Few rows swing by chance: there, only what is gone altogether counts.
        AND (greatest(rows_old, rows_now) >= $fewest_rows OR change >= blocks_at)
    ORDER BY table_name, column_name, rule
"""

_HEADINGS = """
    INSERT INTO meta_drift
    WITH now AS (FROM load_column), old AS (FROM {old}),
    tables AS (SELECT DISTINCT source_table FROM now SEMI JOIN old USING (source_table))
    SELECT source_table, heading, 'new_column' AS rule, 'warning', NULL, NULL, NULL, NULL,
        'stands in the file, but not in that of the last good load', $run_id
    FROM now SEMI JOIN tables USING (source_table) ANTI JOIN old USING (source_table, heading)
    UNION ALL
    SELECT source_table, heading, 'missing_column', 'warning', NULL, NULL, NULL, NULL,
        'stood in the file of the last good load and is gone', $run_id
    FROM old SEMI JOIN tables USING (source_table) ANTI JOIN now USING (source_table, heading)
    UNION ALL
    SELECT source_table, heading, 'retyped_column', 'warning', NULL, NULL, NULL, NULL,
        'looks like ' || now.shape || ' now and like ' || old.shape || ' in the last good load',
        $run_id
    FROM now JOIN old USING (source_table, heading)
    WHERE now.shape <> old.shape AND 'mixed' NOT IN (now.shape, old.shape)
    ORDER BY ALL
"""

_STALE = """
    INSERT INTO meta_drift
    SELECT table_name, column_name, 'stale_feed',
        if(age >= $stale_days_error, 'error', 'warning'), NULL, latest, age,
        if(age >= $stale_days_error, $stale_days_error, $stale_days_warning),
        age || ' days lie between its latest date and the planning date', $run_id
    FROM (
        SELECT table_name, column_name, value AS latest,
            CAST(date_diff('day', DATE '1970-01-01', $as_of::DATE) - value AS BIGINT) AS age
        FROM load_profile
        WHERE metric = 'latest' AND (table_name, column_name) IN (
            ('raw_crm__opportunity', 'opened_date'), ('raw_crm__activity', 'activity_date'))
    )
    WHERE age >= $stale_days_warning
    ORDER BY table_name
"""


def find_drift(
    connection: duckdb.DuckDBPyConnection,
    baseline: Baseline | None,
    settings: DriftSettings,
    *,
    as_of: date,
    run_id: str,
) -> None:
    """Replace `meta_drift`; without a baseline it holds stale feeds only."""
    connection.execute(_CREATE)
    values = settings.model_dump()
    stale = {name: values.pop(name) for name in ("stale_days_warning", "stale_days_error")}
    connection.execute(_STALE, {**stale, "as_of": as_of.isoformat(), "run_id": run_id})
    if baseline is None:
        return
    connection.execute(
        _FIGURES.format(old=baseline.table("load_profile")), {**values, "run_id": run_id}
    )
    connection.execute(_HEADINGS.format(old=baseline.table("load_column")), {"run_id": run_id})
