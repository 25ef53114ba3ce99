"""The list of moves for managers: who hands which account to whom, why, and at what stake.

Two files of equal content, `moves.csv` and `moves.xlsx`. Both are opened in spreadsheets, so names
taken from a CRM must not come alive as formulas: the workbook stores every text as text; in the
CSV a text that a spreadsheet would compute (see `neutralised`) starts with an apostrophe.
"""

import csv
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.publish.snapshot import DATABASE_NAME

CSV_NAME = "moves.csv"
XLSX_NAME = "moves.xlsx"

MOVE_TABLES = ("dim_account", "dim_owner", "dim_rep", "fct_assignment")

# OWASP, "CSV injection", with the full-width forms that spreadsheets accept as well.
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠|%")

# Limits of the XLSX format (ECMA-376, as Excel enforces them); one row is the heading.
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_767

COLUMNS = (
    ("change", 16),
    ("account_id", 18),
    ("account_name", 32),
    ("from_rep_id", 14),
    ("from_rep_name", 24),
    ("to_rep_id", 14),
    ("to_rep_name", 24),
    ("manager_id", 14),
    ("manager_name", 24),
    ("sales_at_stake_usd", 18),
    ("service_hours", 14),
    ("reason", 60),
    ("runner_up_rep_id", 16),
    ("runner_up_rep_name", 24),
    ("runner_up_delta_usd", 18),
)
"""Columns in order, each with its width in characters in the workbook."""

# Whoever gives an account up may have left, and managers are in no plan: `dim_owner` names both.
# Where an account stays without owner, it is the manager of whoever gives it up who has to know.
_MOVES = """
    SELECT
        CASE
            WHEN f.rep_id IS NULL THEN 'unassigned'
            WHEN f.is_moved THEN 'move'
            WHEN f.is_forced_move THEN 'forced move'
            ELSE 'new assignment'
        END AS change,
        f.account_id,
        a.account_name,
        f.previous_rep_id,
        previous.rep_name,
        f.rep_id,
        rep.rep_name,
        coalesce(rep.manager_id, previous.manager_id),
        manager.rep_name,
        a.actual_sales_usd,
        f.service_hours,
        f.reason,
        f.runner_up_rep_id,
        runner_up.rep_name,
        f.runner_up_delta_usd
    FROM fct_assignment AS f
    LEFT JOIN dim_account AS a ON a.account_id = f.account_id
    LEFT JOIN dim_rep AS rep ON rep.scenario = f.scenario AND rep.rep_id = f.rep_id
    LEFT JOIN dim_owner AS previous ON previous.rep_id = f.previous_rep_id
    LEFT JOIN dim_owner AS manager
        ON manager.rep_id = coalesce(rep.manager_id, previous.manager_id)
    LEFT JOIN dim_rep AS runner_up
        ON runner_up.scenario = f.scenario AND runner_up.rep_id = f.runner_up_rep_id
    WHERE f.plan_id = ? AND (f.is_moved OR f.is_forced_move OR f.is_new_assignment)
        AND coalesce(f.rep_id, f.previous_rep_id) IS NOT NULL
    ORDER BY
        CASE
            WHEN f.rep_id IS NULL THEN 4
            WHEN f.is_moved THEN 1
            WHEN f.is_forced_move THEN 2
            ELSE 3
        END,
        a.actual_sales_usd DESC NULLS LAST,
        f.account_id
"""


def neutralised(value: object) -> object:
    """`value` as a CSV cell that no spreadsheet computes.

    A text whose first character, blanks aside, is one of `= + - @ | %`, a full-width form of them,
    or a control character that starts a cell anew gets a leading apostrophe; to get the original
    back, drop one leading apostrophe before such a character. Numbers are never touched.
    """
    if not isinstance(value, str):
        return value
    is_formula = value.startswith(FORMULA_STARTS) or value.lstrip().startswith(FORMULA_STARTS)
    return "'" + value if is_formula else value


def write_moves(release: Path, plan_id: str, as_of: date) -> int:
    """Write both files of moves of plan `plan_id` beside the release's DuckDB file.

    Args:
        as_of: planning date; the workbook says it was made then, so that its bytes repeat.

    Returns:
        The number of accounts listed: moves, forced moves (the owner left), new assignments, and
        accounts that lose their owner and get none.
    """
    with duckdb.connect(str(release / DATABASE_NAME), read_only=True) as connection:
        rows = connection.execute(_MOVES, [plan_id]).fetchall()
    _write_csv(release / CSV_NAME, rows)
    _write_xlsx(release / XLSX_NAME, rows, as_of)
    return len(rows)


def _write_csv(path: Path, rows: Sequence[tuple[Any, ...]]) -> None:
    # With a byte order mark, without which Excel reads UTF-8 as the local code page.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(name for name, _ in COLUMNS)
        writer.writerows([neutralised(value) for value in row] for row in rows)


def _write_xlsx(path: Path, rows: Sequence[tuple[Any, ...]], as_of: date) -> None:
    import xlsxwriter

    # Constant memory: a reshuffle of a million accounts must not need 2 GB.
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
    book.set_properties({"title": "Account moves", "created": datetime.combine(as_of, time())})
    heading = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1})
    body_rows = SHEET_ROWS - 1
    for first in range(0, max(len(rows), 1), body_rows):
        sheet = book.add_worksheet(f"Moves {first // body_rows + 1}" if first else "Moves")
        page = rows[first : first + body_rows]
        for column, (name, width) in enumerate(COLUMNS):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, name, heading)
        sheet.freeze_panes(1, 3)
        sheet.autofilter(0, 0, len(page), len(COLUMNS) - 1)
        for number, row in enumerate(page, start=1):
            for column, value in enumerate(row):
                if isinstance(value, int | float | Decimal):
                    sheet.write_number(number, column, float(value))
                elif value is not None:
                    sheet.write_string(number, column, str(value)[:CELL_CHARACTERS])
    book.close()
