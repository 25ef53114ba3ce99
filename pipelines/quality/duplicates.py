"""Accounts that are likely one company entered twice: candidates with a score, never merged.

Comparing everybody with everybody is n²; instead only accounts that share a block are compared:
a postal code and the beginning of the name, a postal code and the house number, or a city and the
beginning of the name. 20,000 accounts have some 4,000 such pairs.
"""

from collections.abc import Sequence
from typing import NamedTuple

import duckdb
import numpy as np

from pipelines.ingest.ledger import Finding
from pipelines.ingest.row_findings import Explanation, name_rows

RULES = {
    "likely_duplicate": Explanation(
        "warning", "may be another account entered twice (score 0 to 100; never merged by itself)"
    ),
    "namesake_nearby": Explanation(
        "info",
        "have the name of an account at another address of their town; another site, a namesake, "
        "or one company that has moved",
    ),
}

# A block this large is a chain with one name, not one company entered many times.
_LARGEST_BLOCK = 60
_PAIRS_AT_ONCE = 200_000

# Likeness of the names from which on two accounts at one address, in one postal code or in one
# city count as candidates: the less the places agree, the more the names must.
_NAME_AT_ADDRESS, _NAME_AT_POSTAL_CODE, _NAME_IN_CITY = 75.0, 88.0, 94.0
# A street inside the other (a suite behind it, a word cut short) is the same one.
_SAME_STREET = 80.0
# So many letters apart, whole names are one name mistyped.
_TYPO_LETTERS, _TYPO_LENGTH = 2, 8
# What the likeness of names counts in the score; the rest is how near the places are.
_NAME_SHARE = 0.7
_SCORE_AT_ADDRESS, _SCORE_AT_POSTAL_CODE, _SCORE_IN_CITY = 100.0, 80.0, 60.0

# Without case, accents, punctuation and legal form: what two people who enter a name agree on.
_LEGAL_FORM = (
    r"\b(incorporated|inc|corporation|corp|company|co|limited|ltd|llc|llp|lp|plc|gmbh|ag|kg|sa|sas"
    r"|sarl|srl|spa|bv|nv|ab|oy|as|aps|pty|pvt|holdings?|group|the)\b"
)

_PREPARED = rf"""
    CREATE OR REPLACE TEMP TABLE company AS
    SELECT account_id, row_number, account_name, parent_account_id, country, state,
        lower(city) AS city, left(postal_code, 5) AS postal_code, annual_revenue_usd,
        employee_count, plain, CASE WHEN length(core) >= 2 THEN core ELSE plain END AS core,
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

_HOUSE = "regexp_extract({}.street, '[0-9]+')"
_NUMBERS = "regexp_extract_all({}.plain, '[0-9]+')"

_PAIRS = f"""
    CREATE OR REPLACE TEMP TABLE company_pair AS
    WITH keys AS (
        SELECT account_id, unnest([
            'p' || postal_code || left(core, 3),
            's' || postal_code || coalesce(nullif({_HOUSE.format("company")}, ''), street),
            'c' || city || coalesce(state, country) || left(core, 4)
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
        a.plain AS plain_one, b.plain AS plain_two, a.core AS core_one, b.core AS core_two,
        a.street AS street_one, b.street AS street_two,
        coalesce(a.postal_code = b.postal_code, false) AS has_same_postal_code,
        coalesce({_HOUSE.format("a")} = {_HOUSE.format("b")}, false) AS has_same_house,
        {_NUMBERS.format("a")} = {_NUMBERS.format("b")} AS has_same_numbers,
        coalesce(a.annual_revenue_usd = b.annual_revenue_usd
            AND a.employee_count = b.employee_count, false) AS has_same_figures
    FROM pairs JOIN company AS a ON a.account_id = one JOIN company AS b ON b.account_id = two
    WHERE coalesce(a.parent_account_id, '') <> two AND coalesce(b.parent_account_id, '') <> one
        AND (has_same_postal_code
            OR (a.city = b.city AND a.state IS NOT DISTINCT FROM b.state))
"""


class _Pair(NamedTuple):
    """A row of `company_pair`; streets may be None."""

    one: str
    two: str
    plain_one: str
    plain_two: str
    core_one: str
    core_two: str
    street_one: str | None
    street_two: str | None
    has_same_postal_code: bool
    has_same_house: bool
    has_same_numbers: bool
    has_same_figures: bool


def find_duplicates(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[Finding]:
    """Likely duplicates among the accounts: the later row with the earlier one beside it."""
    connection.execute(_PREPARED)
    connection.execute(_PAIRS)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE likely_pair"
        " (rule VARCHAR, one VARCHAR, two VARCHAR, score DOUBLE)"
    )
    start = 1
    while pairs := connection.execute(
        f"SELECT {', '.join(_Pair._fields)} FROM company_pair"
        f" WHERE number >= {start} AND number < {start + _PAIRS_AT_ONCE} ORDER BY number"
    ).fetchall():
        likely = _judged([_Pair(*pair) for pair in pairs])
        if likely:
            connection.executemany("INSERT INTO likely_pair VALUES (?, ?, ?, ?)", likely)
        start += _PAIRS_AT_ONCE
    findings = name_rows(
        connection,
        run_id,
        "raw_crm__account",
        RULES,
        """
        SELECT rule, 'account_name' AS column_name,
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


def _judged(pairs: Sequence[_Pair]) -> list[tuple[str, str, str, float]]:
    """(rule, one, two, score) of the pairs that are alike enough for the places they are in.

    Two known addresses that differ say more than a name: such a pair is a namesake, unless revenue
    and employees are the same to the last digit. Names with other numbers ("Store 12", "Store 13")
    are alike only at one address.
    """
    names = _name_likeness(pairs)
    is_same_street, is_elsewhere = _streets(pairs)
    is_same_code = np.array([pair.has_same_postal_code for pair in pairs])
    has_same_numbers = np.array([pair.has_same_numbers for pair in pairs])
    has_same_figures = np.array([pair.has_same_figures for pair in pairs])
    demanded, nearness = (
        np.select([is_same_street, is_same_code], [at_address, at_code], in_city)
        for at_address, at_code, in_city in (
            (_NAME_AT_ADDRESS, _NAME_AT_POSTAL_CODE, _NAME_IN_CITY),
            (_SCORE_AT_ADDRESS, _SCORE_AT_POSTAL_CODE, _SCORE_IN_CITY),
        )
    )
    scores = np.round(_NAME_SHARE * names + (1 - _NAME_SHARE) * nearness, 1)
    rules = np.where(is_elsewhere & ~has_same_figures, "namesake_nearby", "likely_duplicate")
    kept = np.flatnonzero((names >= demanded) & (has_same_numbers | is_same_street)).tolist()
    return [(str(rules[i]), pairs[i].one, pairs[i].two, float(scores[i])) for i in kept]


def _name_likeness(pairs: Sequence[_Pair]) -> np.ndarray:
    """How alike the names are, 0 to 100: by words in any order, letter by letter without blanks,
    or as one whole name mistyped, whichever says most."""
    from rapidfuzz import fuzz, process
    from rapidfuzz.distance import OSA

    cores = [[pair.core_one for pair in pairs], [pair.core_two for pair in pairs]]
    plain = [[pair.plain_one for pair in pairs], [pair.plain_two for pair in pairs]]
    glued = [[text.replace(" ", "") for text in side] for side in cores]
    by_words = process.cpdist(*cores, scorer=fuzz.token_sort_ratio, dtype=np.float64)
    by_letters = process.cpdist(*glued, scorer=fuzz.ratio, dtype=np.float64)
    letters = process.cpdist(*plain, scorer=OSA.distance, dtype=np.float64)
    lengths = np.array([min(len(pair.plain_one), len(pair.plain_two)) for pair in pairs])
    is_typo = (letters <= _TYPO_LETTERS) & (lengths >= _TYPO_LENGTH)
    as_typo = np.where(is_typo, 100 * (1 - letters / np.maximum(lengths, 1)), 0.0)
    likeness: np.ndarray = np.maximum.reduce([by_words, by_letters, as_typo])
    return likeness


def _streets(pairs: Sequence[_Pair]) -> tuple[np.ndarray, np.ndarray]:
    """Whether both streets of a pair are known and the same, and whether known and different."""
    from rapidfuzz import fuzz, process

    ones = [pair.street_one or "" for pair in pairs]
    twos = [pair.street_two or "" for pair in pairs]
    is_known = np.array([bool(one and two) for one, two in zip(ones, twos, strict=True)])
    likeness = process.cpdist(ones, twos, scorer=fuzz.partial_ratio, dtype=np.float64)
    has_same_house = np.array([pair.has_same_house for pair in pairs])
    is_same = is_known & has_same_house & (likeness >= _SAME_STREET)
    return is_same, is_known & ~is_same
