"""Accounts that are likely one company entered twice: candidates with a score, never merged.

Comparing everybody with everybody is n²; instead only accounts that share a block are compared:
place and the beginning of the name, the same street, or the same name in the same state. 20,000
accounts have some 4,000 such pairs.
"""

import duckdb
import numpy as np

from pipelines.ingest.ledger import Finding
from pipelines.ingest.row_findings import Explanation, name_rows

RULES = {
    "likely_duplicate": Explanation(
        "warning", "may be another account entered twice (score 0 to 100; never merged by itself)"
    )
}

# A block this large is a chain with one name, not one company entered many times.
_LARGEST_BLOCK = 60
_PAIRS_AT_ONCE = 200_000

# Likeness of the names from which on two accounts at one address, in one postal code or in one
# city count as candidates: the less the places agree, the more the names must.
_NAME_AT_ADDRESS, _NAME_AT_POSTAL_CODE, _NAME_IN_CITY = 75.0, 88.0, 94.0
# What the likeness of names counts in the score; the rest is how near the places are.
_NAME_SHARE = 0.7
_PLACE_SCORES = {"address": 100.0, "postal_code": 80.0, "city": 60.0}

# Without case, accents, punctuation and legal form: what two people who enter a name agree on.
_LEGAL_FORM = (
    r"\b(incorporated|inc|corporation|corp|company|co|limited|ltd|llc|llp|lp|plc|gmbh|ag|kg|sa|sas"
    r"|sarl|srl|spa|bv|nv|ab|oy|as|aps|pty|pvt|holdings?|group|the)\b"
)

_PREPARED = rf"""
    CREATE OR REPLACE TEMP TABLE company AS
    SELECT account_id, row_number, account_name, parent_account_id, country, state, city,
        left(postal_code, 5) AS postal_code,
        CASE WHEN length(core) >= 2 THEN core ELSE plain END AS core,
        nullif(trim(regexp_replace(lower(strip_accents(street)), '[^a-z0-9]+', ' ', 'g')), '')
            AS street
    FROM (
        SELECT *, trim(regexp_replace(regexp_replace(plain, '{_LEGAL_FORM}', ' ', 'g'),
            '\s+', ' ', 'g')) AS core
        FROM (
            SELECT *, trim(regexp_replace(lower(strip_accents(account_name)),
                '[^\p{{L}}\p{{N}}]+', ' ', 'g')) AS plain
            FROM raw_crm__account
        )
    )
"""

_PAIRS = f"""
    CREATE OR REPLACE TEMP TABLE company_pair AS
    WITH keys AS (
        SELECT account_id, unnest([
            'p' || postal_code || left(core, 3),
            's' || postal_code || street,
            'c' || lower(city) || coalesce(state, country) || left(core, 4),
            'n' || coalesce(state, country) || core
        ]) AS block FROM company
    ),
    blocks AS (
        SELECT block FROM keys WHERE block IS NOT NULL GROUP BY block
        HAVING count(*) BETWEEN 2 AND {_LARGEST_BLOCK}
    ),
    pairs AS (
        SELECT DISTINCT one.account_id AS one, two.account_id AS two
        FROM keys AS one JOIN blocks USING (block) JOIN keys AS two USING (block)
        WHERE one.account_id < two.account_id
    )
    SELECT row_number() OVER (ORDER BY one, two) AS number, one, two,
        a.core AS core_one, b.core AS core_two,
        CASE WHEN a.postal_code = b.postal_code AND a.street = b.street THEN 'address'
             WHEN a.postal_code = b.postal_code THEN 'postal_code'
             WHEN lower(a.city) = lower(b.city)
                AND a.state IS NOT DISTINCT FROM b.state THEN 'city' END AS place
    FROM pairs JOIN company AS a ON a.account_id = one JOIN company AS b ON b.account_id = two
    WHERE coalesce(a.parent_account_id, '') <> two AND coalesce(b.parent_account_id, '') <> one
        AND place IS NOT NULL
"""


def find_duplicates(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Finding]:
    """Likely duplicates among the accounts: the later row with the earlier one beside it."""
    connection.execute(_PREPARED)
    connection.execute(_PAIRS)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE likely_pair (one VARCHAR, two VARCHAR, score DOUBLE)"
    )
    start = 1
    while pairs := connection.execute(
        "SELECT one, two, core_one, core_two, place FROM company_pair"
        f" WHERE number >= {start} AND number < {start + _PAIRS_AT_ONCE} ORDER BY number"
    ).fetchall():
        _keep_likely(connection, pairs)
        start += _PAIRS_AT_ONCE
    findings = name_rows(
        connection,
        run_id,
        "raw_crm__account",
        RULES,
        """
        SELECT 'likely_duplicate' AS rule, 'account_name' AS column_name,
            later.row_number, later.account_id AS record_id, later.account_name AS value,
            earlier.account_name AS repaired_value, earlier.account_id AS related_record_id, score
        FROM likely_pair
        JOIN company AS a ON a.account_id = one JOIN company AS b ON b.account_id = two
        JOIN company AS later
            ON later.account_id = if(a.row_number > b.row_number, a.account_id, b.account_id)
        JOIN company AS earlier
            ON earlier.account_id = if(a.row_number > b.row_number, b.account_id, a.account_id)""",
    )
    for table in ("company", "company_pair", "likely_pair"):
        connection.execute(f"DROP TABLE {table}")
    return findings


def _keep_likely(
    connection: duckdb.DuckDBPyConnection, pairs: list[tuple[str, str, str, str, str]]
) -> None:
    from rapidfuzz import fuzz, process

    one, two, core_one, core_two, place = zip(*pairs, strict=True)
    likeness = process.cpdist(core_one, core_two, scorer=fuzz.token_sort_ratio, dtype=np.float64)
    places = np.array(place)
    demanded = np.select(
        [places == "address", places == "postal_code"],
        [_NAME_AT_ADDRESS, _NAME_AT_POSTAL_CODE],
        _NAME_IN_CITY,
    )
    nearness = np.array([_PLACE_SCORES[name] for name in place])
    scores = np.round(_NAME_SHARE * likeness + (1 - _NAME_SHARE) * nearness, 1)
    kept = np.flatnonzero(likeness >= demanded)
    if len(kept):
        connection.executemany(
            "INSERT INTO likely_pair VALUES (?, ?, ?)",
            [(one[i], two[i], float(scores[i])) for i in kept],
        )
