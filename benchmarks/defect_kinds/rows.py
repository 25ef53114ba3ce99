"""Kinds of defect in single rows."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from benchmarks.defect_kinds.kind import Injected, Kind, Rows, Tables, at, change, numbers, put

ACCOUNTS, DEALS, ACTIVITIES = "accounts.csv", "opportunities.csv", "activities.csv"
ACCOUNT, DEAL, ACTIVITY = "raw_crm__account", "raw_crm__opportunity", "raw_crm__activity"
US_DATE = "%m/%d/%Y"
ALWAYS = pl.lit(True)
IS_WON = pl.col("Stage") == "Closed Won"
IS_CLOSED = pl.col("Stage").is_in(["Closed Won", "Closed Lost"])
AMOUNT = pl.col("Amount").cast(pl.Float64, strict=False)


def _filled(*columns: str) -> pl.Expr:
    return pl.all_horizontal(pl.col(column).is_not_null() for column in columns)


def _typo(text: str, random: np.random.Generator) -> str:
    """Two neighbours swapped, a letter lost or a letter doubled, behind the first letter."""
    while True:
        place = int(random.integers(1, len(text) - 1))
        edit = int(random.integers(3))
        if edit == 0:
            typo = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        elif edit == 1:
            typo = text[:place] + text[place + 1 :]
        else:
            typo = text[:place] + text[place] + text[place:]
        if typo != text and typo.strip() == typo:
            return typo


def _variant(text: str, random: np.random.Generator) -> str:
    variants = [text.upper(), text.lower(), text.replace(" ", "  "), text.swapcase()]
    return str(random.choice([one for one in variants if one != text]))


def _mojibake(text: str, random: np.random.Generator) -> str:
    place = int(random.integers(1, len(text)))
    return (
        (text[:place] + str(random.choice(list("éüñöç"))) + text[place:])
        .encode()
        .decode("windows-1252")
    )


def _day(text: str, days: int) -> str:
    return (datetime.strptime(text, US_DATE) + timedelta(days=days)).strftime(US_DATE)


def _swapped_date(text: str) -> str:
    return f"{text[3:5]}/{text[:2]}/{text[6:]}"


def _swap_two(one: str, other: str, eligible: pl.Expr):
    def inject(tables: Tables, rows: Rows, rate: float) -> Injected:
        positions = rows.draw(tables, ACCOUNTS, eligible, rate)
        first = at(tables, ACCOUNTS, one, positions)
        put(tables, ACCOUNTS, one, positions, at(tables, ACCOUNTS, other, positions))
        put(tables, ACCOUNTS, other, positions, first)
        return numbers(positions)

    return inject


def _close_before_create(tables: Tables, rows: Rows, rate: float) -> Injected:
    positions = rows.draw(tables, DEALS, IS_CLOSED & _filled("Created Date", "Close Date"), rate)
    opened = at(tables, DEALS, "Created Date", positions)
    put(tables, DEALS, "Close Date", positions, [_day(text, -5) for text in opened])
    return numbers(positions)


def _repeat(file: str, mend=None):
    """Copies of rows at the end of the file, changed by `mend`."""

    def inject(tables: Tables, rows: Rows, rate: float) -> Injected:
        frame = tables[file]
        positions = rows.draw(tables, file, ALWAYS, rate)
        copies = frame[positions]
        if mend is not None:
            copies = mend(copies, rows.random)
        tables[file] = pl.concat([frame, copies])
        added = np.arange(frame.height, frame.height + copies.height)
        rows.touch(file, added)
        return numbers(added)

    return inject


def _other_amount(copies: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    return copies.with_columns(
        (AMOUNT.fill_null(100.0) + 11.0).round(2).cast(pl.String).alias("Amount")
    )


def _near_copy(copies: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    def other_name(name: str) -> str:
        words = name.split(" ")
        suffixes = ("Inc", "LLC", "Corp", "Ltd", "Co")
        choice = int(random.integers(4))
        if choice == 0 and words[-1] in suffixes:
            return " ".join(
                [*words[:-1], str(random.choice([s for s in suffixes if s != words[-1]]))]
            )
        if choice == 1:
            return name.upper()
        if choice == 2 and words[-1] in suffixes:
            return " ".join([*words[:-1], ", " + words[-1] + "."]).replace(" ,", ",")
        return _typo(name, random)

    names = [other_name(name) for name in copies["Account Name"]]
    ids = [f"0015eDUPL{i:06d}AAA" for i in range(copies.height)]
    return copies.with_columns(pl.Series("Account Name", names), pl.Series("Account ID", ids))


def _cycle(tables: Tables, rows: Rows, rate: float) -> Injected:
    """Pairs of independent accounts that name each other as parent."""
    parents = tables[ACCOUNTS]["Parent Account ID"].drop_nulls().unique().to_list()
    alone = pl.col("Parent Account ID").is_null() & ~pl.col("Account ID").is_in(parents)
    positions = rows.draw(tables, ACCOUNTS, alone, rate)
    positions = positions[: len(positions) // 2 * 2]
    ids = at(tables, ACCOUNTS, "Account ID", positions)
    partners = [ids[i + 1] if i % 2 == 0 else ids[i - 1] for i in range(len(ids))]
    put(tables, ACCOUNTS, "Parent Account ID", positions, partners)
    return numbers(positions)


def _inactive_owner(tables: Tables, rows: Rows, rate: float) -> Injected:
    users = tables["users.csv"]
    sellers = pl.col("Title").str.ends_with("Account Executive")
    inactive = users.filter(sellers & (pl.col("Active") == "0"))["User ID"].to_list()
    of_inactive = pl.col("Account Owner ID").is_in(inactive)
    # The sample has leavers who still own accounts: they are the same defect.
    before = np.flatnonzero(tables[ACCOUNTS].select(of_inactive.fill_null(False)).to_series())
    rows.touch(ACCOUNTS, before)
    positions = rows.draw(tables, ACCOUNTS, _filled("Account Owner ID") & ~of_inactive, rate)
    put(tables, ACCOUNTS, "Account Owner ID", positions, [inactive[0]] * len(positions))
    return numbers(np.union1d(positions, before))


def _shift(tables: Tables, rows: Rows, rate: float) -> Injected:
    """All values from Industry on one column to the right, as behind an unquoted separator."""
    positions = rows.draw(tables, ACCOUNTS, _filled("Industry", "Segment", "Employees"), rate)
    columns = tables[ACCOUNTS].columns
    start = columns.index("Industry")
    old = {name: at(tables, ACCOUNTS, name, positions) for name in columns}
    for i in range(len(columns) - 1, start, -1):
        put(tables, ACCOUNTS, columns[i], positions, old[columns[i - 1]])
    return numbers(positions)


def _wrong_state(tables: Tables, rows: Rows, rate: float) -> Injected:
    known = tables["zip_codes.csv"]["zip"].to_list()
    eligible = pl.col("Billing Zip/Postal Code").is_in(known) & _filled("Billing State/Province")
    positions = rows.draw(tables, ACCOUNTS, eligible, rate)
    states = tables["zip_codes.csv"]["state"].unique().sort().to_list()
    values = [
        str(rows.random.choice([state for state in states if state != value]))
        for value in at(tables, ACCOUNTS, "Billing State/Province", positions)
    ]
    put(tables, ACCOUNTS, "Billing State/Province", positions, values)
    return numbers(positions)


def _amount_beside_lines(tables: Tables, rows: Rows, rate: float) -> Injected:
    with_lines = tables["lines.csv"]["Opportunity ID"].unique().to_list()
    positions = rows.draw(tables, DEALS, pl.col("Opportunity ID").is_in(with_lines), rate)
    values = [f"{float(v) * 1.07 + 1:.2f}" for v in at(tables, DEALS, "Amount", positions)]
    put(tables, DEALS, "Amount", positions, values)
    return numbers(positions)


def _won_without_amount(tables: Tables, rows: Rows, rate: float) -> Injected:
    """Among deals without lines: where lines are, their sum is the amount."""
    with_lines = tables["lines.csv"]["Opportunity ID"].unique().to_list()
    positions = rows.draw(tables, DEALS, IS_WON & ~pl.col("Opportunity ID").is_in(with_lines), rate)
    put(tables, DEALS, "Amount", positions, [None] * len(positions))
    return numbers(positions)


def _permute(tables: Tables, rows: Rows, rate: float) -> Injected:
    positions = rows.draw(tables, ACCOUNTS, _filled("Annual Revenue"), rate)
    values = at(tables, ACCOUNTS, "Annual Revenue", positions)
    moved = values[1:] + values[:1]
    put(tables, ACCOUNTS, "Annual Revenue", positions, moved)
    is_other = np.array([a != b for a, b in zip(values, moved, strict=True)])
    return numbers(positions[is_other])


def _drop(tables: Tables, rows: Rows, rate: float) -> Injected:
    positions = rows.draw(tables, DEALS, ALWAYS, rate)
    keys = at(tables, DEALS, "Opportunity ID", positions)
    gone = pl.Series(np.isin(np.arange(tables[DEALS].height), positions))
    tables[DEALS] = tables[DEALS].filter(~gone)
    return Injected(row_keys=frozenset(keys))


_NOBODY = "001ZZ{:010d}AAA"


def _unknown(value: str | None, random: np.random.Generator) -> str:
    return _NOBODY.format(int(random.integers(10**9)))


def _row(name, table, column, rules, inject):
    columns = (column,) if isinstance(column, str) else column
    rules = (rules,) if isinstance(rules, str) else rules
    return Kind(name, "row", table, columns, rules, inject, WAVES.get(name, 1))


def _history(name, table, column, rules, inject):
    return Kind(name, "history", table, (column,), (rules,), inject, WAVES[name])


WAVES = {
    "typo in a category": 2,
    "case or space variant": 2,
    "near-duplicate account": 2,
    "parent cycle": 2,
    "inactive owner": 2,
    "lost leading zero": 2,
    "wrong state for the postal code": 2,
    "hidden control characters": 2,
    "impossible date": 2,
    "closed before created": 2,
    "won without amount": 2,
    "duplicated key, other content": 2,
    "missing required value": 3,
    "shifted columns": 3,
    "swapped columns (city and state)": 3,
    "coordinates swapped": 3,
    "amount not equal to its lines": 3,
    "closed without close date": 3,
    "stage contradicting flags": 3,
    "new category": 4,
    "truncated id": 4,
    "wrong unit (× 1,000)": 4,
    "outlier by decimal shift": 4,
    "day and month swapped": 4,
    "truncated text": 4,
    "currency swap": 5,
    "permuted values": 5,
    # Rows that are gone move the numbers of all behind them.
    "missing children": 6,
}
"""Which kinds come together in one load; those not named come in the first."""

ZIP = pl.col("Billing Zip/Postal Code")

ROW_KINDS = (
    _row(
        "missing required value",
        ACCOUNT,
        "account_name",
        "missing_value",
        change(ACCOUNTS, "Account Name", ALWAYS, lambda v, r: None),
    ),
    _row(
        "blank instead of null",
        ACCOUNT,
        "segment",
        "blank_text",
        change(ACCOUNTS, "Segment", ALWAYS, lambda v, r: "   "),
    ),
    _row(
        "filler text (N/A)",
        ACCOUNT,
        "industry",
        "filler_value",
        change(ACCOUNTS, "Industry", ALWAYS, lambda v, r: "N/A"),
    ),
    _row(
        "filler number (0)",
        ACCOUNT,
        "employee_count",
        "account_employees_plausible",
        change(ACCOUNTS, "Employees", ALWAYS, lambda v, r: "0"),
    ),
    _row(
        "filler date (1900-01-01)",
        ACCOUNT,
        "created_date",
        "filler_value",
        change(ACCOUNTS, "Created Date", ALWAYS, lambda v, r: "01/01/1900"),
    ),
    _row(
        "typo in a category",
        ACCOUNT,
        "industry",
        "category_typo",
        change(ACCOUNTS, "Industry", pl.col("Industry").str.len_chars() >= 6, _typo),
    ),
    _row(
        "case or space variant",
        ACCOUNT,
        "segment",
        "category_variant",
        change(ACCOUNTS, "Segment", _filled("Segment"), _variant),
    ),
    _row(
        "new category",
        ACCOUNT,
        "industry",
        "new_category",
        change(ACCOUNTS, "Industry", ALWAYS, lambda v, r: "Asteroid Mining"),
    ),
    _row(
        "wrong sign",
        DEAL,
        "amount_usd",
        "below_minimum",
        change(DEALS, "Amount", AMOUNT > 0, lambda v, r: f"-{v}"),
    ),
    _row(
        "out-of-range share",
        DEAL,
        "probability_pct",
        "above_maximum",
        change(DEALS, "Probability (%)", ALWAYS, lambda v, r: "150"),
    ),
    _row(
        "impossible date",
        DEAL,
        "closed_date",
        "not_a_date",
        change(DEALS, "Close Date", _filled("Close Date"), lambda v, r: f"02/30/{v[6:]}"),
    ),
    _row(
        "closed before created",
        DEAL,
        ("closed_date", "opened_date"),
        "opportunity_closes_after_opening",
        _close_before_create,
    ),
    _row(
        "future date",
        ACTIVITY,
        "activity_date",
        "date_in_future",
        change(ACTIVITIES, "Date", ALWAYS, lambda v, r: f"0{r.integers(1, 10)}/15/2027"),
    ),
    _row("duplicated row", ACTIVITY, "activity_id", "duplicate_row", _repeat(ACTIVITIES)),
    _row(
        "duplicated key, other content",
        DEAL,
        "opportunity_id",
        "duplicate_key",
        _repeat(DEALS, _other_amount),
    ),
    _row(
        "near-duplicate account",
        ACCOUNT,
        "account_name",
        "likely_duplicate",
        _repeat(ACCOUNTS, _near_copy),
    ),
    _row(
        "orphan deal",
        DEAL,
        "account_id",
        "opportunity_account_known",
        change(DEALS, "Account ID", _filled("Account ID"), _unknown),
    ),
    _row(
        "orphan parent",
        ACCOUNT,
        "parent_account_id",
        "account_parent_known",
        change(ACCOUNTS, "Parent Account ID", ALWAYS, _unknown),
    ),
    _row("parent cycle", ACCOUNT, "parent_account_id", "account_parents_in_a_circle", _cycle),
    _row(
        "unknown owner id",
        ACCOUNT,
        "owner_rep_id",
        "account_owner_known",
        change(ACCOUNTS, "Account Owner ID", _filled("Account Owner ID"), _unknown),
    ),
    _row("inactive owner", ACCOUNT, "owner_rep_id", "account_owner_active", _inactive_owner),
    _row(
        "lost leading zero",
        ACCOUNT,
        "postal_code",
        "account_postal_code_has_zeros",
        change(
            ACCOUNTS,
            "Billing Zip/Postal Code",
            ZIP.str.starts_with("0"),
            lambda v, r: v.lstrip("0"),
        ),
    ),
    _row(
        "float-formatted code",
        ACCOUNT,
        "postal_code",
        "float_formatted_code",
        change(
            ACCOUNTS,
            "Billing Zip/Postal Code",
            _filled("Billing Zip/Postal Code"),
            lambda v, r: f"{v}.0",
        ),
    ),
    _row(
        "truncated id",
        ACCOUNT,
        "account_id",
        "id_length",
        change(ACCOUNTS, "Account ID", ALWAYS, lambda v, r: v[:-1]),
    ),
    _row(
        "mojibake",
        ACCOUNT,
        "account_name",
        "mojibake",
        change(ACCOUNTS, "Account Name", ALWAYS, _mojibake),
    ),
    _row(
        "trailing garbage",
        ACCOUNT,
        "city",
        "trailing_garbage",
        change(
            ACCOUNTS,
            "Billing City",
            _filled("Billing City"),
            lambda v, r: v + str(r.choice([";;", "|", ",", "\\n", "&nbsp;"])),
        ),
    ),
    _row(
        "swapped columns (city and state)",
        ACCOUNT,
        "state",
        "city_and_state_swapped",
        _swap_two(
            "Billing City",
            "Billing State/Province",
            _filled("Billing City", "Billing State/Province"),
        ),
    ),
    _row("shifted columns", ACCOUNT, "annual_revenue_usd", "not_a_number", _shift),
    _row(
        "coordinates swapped",
        ACCOUNT,
        ("latitude", "longitude"),
        ("account_coordinates_in_country", "below_minimum"),
        _swap_two("Billing Latitude", "Billing Longitude", _filled("Billing Latitude")),
    ),
    _row(
        "wrong state for the postal code",
        ACCOUNT,
        "state",
        "account_state_matches_postal_code",
        _wrong_state,
    ),
    _row(
        "amount not equal to its lines",
        DEAL,
        "amount_usd",
        "opportunity_amount_equals_lines",
        _amount_beside_lines,
    ),
    _row(
        "won without amount",
        DEAL,
        "amount_usd",
        "opportunity_won_has_amount",
        _won_without_amount,
    ),
    _row(
        "closed without close date",
        DEAL,
        "closed_date",
        ("opportunity_won_has_date", "opportunity_lost_has_date"),
        change(DEALS, "Close Date", IS_CLOSED, lambda v, r: None),
    ),
    _row(
        "stage contradicting flags",
        DEAL,
        ("probability_pct", "status"),
        "opportunity_status_matches_probability",
        change(DEALS, "Probability (%)", IS_WON, lambda v, r: "40"),
    ),
    _row(
        "NaN or infinite",
        DEAL,
        "amount_usd",
        "not_finite",
        change(
            DEALS,
            "Amount",
            ALWAYS,
            lambda v, r: str(r.choice(["NaN", "inf", "-Infinity", "1e400"])),
        ),
    ),
    _row(
        "hidden control characters",
        ACCOUNT,
        "account_name",
        "control_character",
        change(
            ACCOUNTS,
            "Account Name",
            ALWAYS,
            lambda v, r: v[:3] + str(r.choice(["\u200b", "\x07", "\u202e", "\xad"])) + v[3:],
        ),
    ),
    _history(
        "wrong unit (× 1,000)",
        ACCOUNT,
        "annual_revenue_usd",
        "changed_by_power_of_ten",
        change(
            ACCOUNTS,
            "Annual Revenue",
            _filled("Annual Revenue"),
            lambda v, r: f"{float(v) * 1000:.0f}",
        ),
    ),
    _history(
        "outlier by decimal shift",
        DEAL,
        "amount_usd",
        "changed_by_power_of_ten",
        change(
            DEALS,
            "Amount",
            AMOUNT > 1,
            lambda v, r: f"{float(v) * float(r.choice([0.1, 10, 100])):.3f}",
        ),
    ),
    _history(
        "day and month swapped",
        ACCOUNT,
        "created_date",
        "day_and_month_swapped",
        change(
            ACCOUNTS,
            "Created Date",
            (pl.col("Created Date").str.slice(3, 2).cast(pl.Int32) <= 12)
            & (pl.col("Created Date").str.slice(3, 2) != pl.col("Created Date").str.slice(0, 2)),
            lambda v, r: _swapped_date(v),
        ),
    ),
    _history(
        "truncated text",
        ACCOUNT,
        "account_name",
        "truncated_text",
        change(ACCOUNTS, "Account Name", ALWAYS, lambda v, r: v[: len(v) * 3 // 5].strip()),
    ),
    _history(
        "currency swap",
        DEAL,
        "amount_usd",
        "changed_by_common_factor",
        change(DEALS, "Amount", AMOUNT > 100, lambda v, r: f"{float(v) / 1.1:.2f}"),
    ),
    _history("permuted values", ACCOUNT, "annual_revenue_usd", "values_permuted", _permute),
    _history("missing children", DEAL, "opportunity_id", "vanished_record", _drop),
)
