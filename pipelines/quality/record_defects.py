"""Rows whose fields contradict each other or the calendar, as far as the planning date is needed.

Contradictions that need no date are rules of the suites in `expectations/suites/raw`.
"""

from datetime import date

import duckdb

from pipelines.ingest.entities import Entity
from pipelines.ingest.ledger import Finding
from pipelines.ingest.row_findings import Explanation, name_rows
from pipelines.ingest.sql import literal
from pipelines.quality.columns import PAY, record_id_sql

RULES = {
    "date_in_future": Explanation("warning", "lie after the planning date"),
    "city_and_state_swapped": Explanation("warning", "have a state where the city should stand"),
    "unknown_state": Explanation("warning", "lie in the United States in a state unknown there"),
    "account_without_owner": Explanation("info", "have no owner; whoever gets them is new to them"),
    "rare_gap": Explanation("info", "lack a value that 99 of 100 rows have"),
    "unknown_city": Explanation(
        "info", "name a US city that no postal code of their state has; they are placed by state"
    ),
    "isolated_latest_date": Explanation(
        "warning",
        "are dated long after all others and move the planning date; set as_of or mend them",
    ),
}

_US = "('us', 'usa', 'united states', 'united states of america')"
# A month without any deal or activity, then a few: a typing error, not business.
_GAP_DAYS = 31
_ISOLATED_SHARE = 0.01
GAP_SHARE = 0.01


def find_future_dates(
    connection: duckdb.DuckDBPyConnection, as_of: date, run_id: str
) -> list[Finding]:
    """Dates of what has happened that lie after `as_of`."""
    after = f"> '{as_of.isoformat()}'"
    closed = f"closed_date {after} AND status IN ('won', 'lost')"
    tests = {
        "raw_crm__account": {
            "created_date": f"created_date {after}",
            "owner_since_date": f"owner_since_date {after}",
        },
        "raw_crm__opportunity": {"opened_date": f"opened_date {after}", "closed_date": closed},
        "raw_crm__activity": {"activity_date": f"activity_date {after}"},
    }
    keys = {"raw_crm__account": "account_id", "raw_crm__opportunity": "opportunity_id"}
    return [
        finding
        for table, columns in tests.items()
        for finding in name_rows(
            connection,
            run_id,
            table,
            RULES,
            " UNION ALL ".join(
                f"SELECT 'date_in_future' AS rule, {literal(column)} AS column_name, row_number,"
                f" {keys.get(table, 'activity_id')} AS record_id, {column} AS value"
                f" FROM {table} WHERE {test}"
                for column, test in columns.items()
            ),
        )
    ]


def find_isolated_dates(
    connection: duckdb.DuckDBPyConnection, as_of: date, run_id: str
) -> list[Finding]:
    """The few rows behind a gap of a month that alone make `as_of` the latest business date."""
    findings = []
    for table, key, column in (
        ("raw_crm__opportunity", "opportunity_id", "opened_date"),
        ("raw_crm__activity", "activity_id", "activity_date"),
    ):
        findings += name_rows(
            connection,
            run_id,
            table,
            RULES,
            f"""
            WITH days AS (
                SELECT CAST({column} AS DATE) AS day, count(*) AS rows,
                    sum(count(*)) OVER (ORDER BY day DESC) AS rows_from,
                    day - lag(day) OVER (ORDER BY day) AS gap
                FROM {table} WHERE {column} <= '{as_of.isoformat()}' GROUP BY day),
            start AS (
                SELECT min(day) AS day FROM days WHERE gap > {_GAP_DAYS}
                AND rows_from <= {_ISOLATED_SHARE} * (SELECT sum(rows) FROM days))
            SELECT 'isolated_latest_date' AS rule, {literal(column)} AS column_name, row_number,
                {key} AS record_id, {column} AS value
            FROM {table}, start WHERE {column} >= CAST(start.day AS VARCHAR)
                AND {column} <= '{as_of.isoformat()}'""",
        )
    return findings


def find_gaps(connection: duckdb.DuckDBPyConnection, entity: Entity, run_id: str) -> list[Finding]:
    """Single rows without a value that nearly all others have."""
    names = [f.name for f in entity.fields if not f.is_key and not f.is_expected]
    names = [name for name in names if name not in PAY]
    counts = ", ".join(f"count({name})" for name in names)
    total, *valued = connection.execute(
        f"SELECT count(*), {counts} FROM {entity.table}"
    ).fetchone() or (0,)
    gaps = [
        name
        for name, count in zip(names, valued, strict=True)
        if total > count >= (1 - GAP_SHARE) * total
    ]
    if not gaps:
        return []
    return name_rows(
        connection,
        run_id,
        entity.table,
        RULES,
        " UNION ALL ".join(
            f"SELECT 'rare_gap' AS rule, {literal(name)} AS column_name, row_number,"
            f" {record_id_sql(entity)} AS record_id, NULL AS value FROM {entity.table}"
            f" WHERE {name} IS NULL"
            for name in gaps
        ),
    )


def find_unowned(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Finding]:
    """Accounts without an owner; one finding without rows where the source names no owner."""
    total, owned = connection.execute(
        "SELECT count(*), count(owner_rep_id) FROM raw_crm__account"
    ).fetchone() or (0, 0)
    if total and not owned:
        message = f"{total:,} rows of raw_crm__account: the source names no owner of any account"
        return [Finding("info", "no_owners", "raw_crm__account", "owner_rep_id", total, message)]
    return name_rows(
        connection,
        run_id,
        "raw_crm__account",
        RULES,
        "SELECT 'account_without_owner' AS rule, 'owner_rep_id' AS column_name, row_number,"
        " account_id AS record_id, NULL AS value FROM raw_crm__account"
        " WHERE owner_rep_id IS NULL",
    )


def find_unknown_cities(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Finding]:
    """US accounts without a known postal code whose city is none of their state."""
    return name_rows(
        connection,
        run_id,
        "raw_crm__account",
        RULES,
        f"""
        SELECT 'unknown_city' AS rule, 'city' AS column_name, row_number,
            account_id AS record_id, concat_ws(', ', city, state) AS value
        FROM raw_crm__account AS account
        WHERE city IS NOT NULL AND length(state) = 2 AND latitude IS NULL
            AND lower(coalesce(country, 'us')) IN {_US}
            AND upper(state) IN (SELECT upper(state) FROM raw_market__postal_code)
            AND NOT EXISTS (FROM raw_market__postal_code AS place
                WHERE lower(place.city) = lower(account.city)
                    AND upper(place.state) = upper(account.state))
            AND NOT EXISTS (FROM raw_market__postal_code AS place
                WHERE place.postal_code = left(account.postal_code, 5))""",
    )


def find_misplaced_states(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Finding]:
    """US accounts whose state is none, told by the states of the postal codes and counties.

    "New York" is a state, and where it stands for the city of "NY" it is swapped all the same.
    """
    return name_rows(
        connection,
        run_id,
        "raw_crm__account",
        RULES,
        f"""
        WITH code AS (
            SELECT DISTINCT upper(state) AS state FROM raw_market__postal_code
            WHERE state IS NOT NULL),
        place AS (
            SELECT DISTINCT upper(city) AS city, upper(state) AS state
            FROM raw_market__postal_code),
        known AS (
            FROM code UNION SELECT DISTINCT upper(state_name) FROM raw_market__county_population
            WHERE state_name IS NOT NULL),
        odd AS (
            SELECT *, upper(city) IN (FROM known) AS has_state_as_city FROM raw_crm__account
            WHERE lower(country) IN {_US} AND state IS NOT NULL
                AND (upper(state) NOT IN (FROM known)
                    OR (upper(city) IN (FROM code)
                        AND (upper(state), upper(city)) IN (SELECT (city, state) FROM place)))
                AND (SELECT count(*) FROM known) >= 50)
        SELECT if(has_state_as_city, 'city_and_state_swapped', 'unknown_state') AS rule,
            'state' AS column_name, row_number, account_id AS record_id, state AS value
        FROM odd""",
    )
