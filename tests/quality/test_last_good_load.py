"""What only the last good load tells: changes of records, drift of figures, released rows."""

from small_loads import Loads


def many(loads: Loads, table: str, column: str, rows: range, value) -> None:  # type: ignore[no-untyped-def]
    for i in rows:
        loads.rows[table][i][column] = value(loads.rows[table][i][column])


def test_the_first_load_and_a_repeated_one_have_nothing_to_drift_from(loads: Loads) -> None:
    loads.load(is_good=True, digest="first")
    loads.load(is_good=True, digest="first")
    assert loads.drifted() == []
    assert loads.rules() == set()


def test_a_repeated_load_finds_what_it_found_the_first_time(loads: Loads) -> None:
    loads.load(is_good=True, digest="first")
    loads.account(3)["revenue"] = str(int(loads.account(3)["revenue"]) * 1_000)
    for _ in range(2):
        loads.load(is_good=True, digest="second")
        ((column, record, _, _),) = loads.found("changed_by_power_of_ten")
        assert (column, record) == ("annual_revenue_usd", "A00003")


def test_a_swapped_date_and_a_cut_name_are_named(loads: Loads) -> None:
    loads.account(3)["created"] = "2020-04-05"
    loads.load(is_good=True)
    loads.account(3)["created"] = "2020-05-04"
    loads.account(4)["name"] = loads.account(4)["name"][:6]
    loads.load()
    assert loads.found("day_and_month_swapped") == [
        ("created_date", "A00003", "2020-05-04", "2020-04-05")
    ]
    assert [row[1] for row in loads.found("truncated_text")] == ["A00004"]


def test_amounts_changed_by_one_factor_and_shuffled_values_are_named(loads: Loads) -> None:
    loads.load(is_good=True)
    many(loads, "opportunity", "amount", range(12), lambda text: f"{int(text) / 1.1:.2f}")
    revenues = [row["revenue"] for row in loads.rows["account"][:9]]
    for row, revenue in zip(loads.rows["account"], revenues[1:] + revenues[:1], strict=False):
        row["revenue"] = revenue
    loads.load()
    assert len(loads.found("changed_by_common_factor")) == 12
    assert len(loads.found("values_permuted")) == 9


def test_ordinary_updates_are_no_finding(loads: Loads) -> None:
    loads.load(is_good=True)
    many(loads, "account", "revenue", range(0, 40, 5), lambda text: str(int(text) + 12_345))
    loads.account(7)["name"] = "Renamed Partners"
    loads.load()
    assert loads.rules() == set()


def test_vanished_records_are_named_and_worse_with_open_deals(loads: Loads) -> None:
    loads.load(is_good=True)
    del loads.rows["account"][1]
    del loads.rows["opportunity"][0]
    loads.load()
    assert loads.found("vanished_with_open_deals") == [("account_id", "A00001", "A00001", None)]
    assert loads.found("vanished_record") == [("opportunity_id", "D00000", "D00000", None)]


def test_a_new_category_is_named(loads: Loads) -> None:
    loads.load(is_good=True)
    loads.account(3)["industry"] = "Asteroid mining"
    loads.load()
    assert loads.found("new_category") == [("industry", "A00003", "Asteroid mining", None)]


def test_a_mended_row_is_released_from_quarantine(loads: Loads) -> None:
    loads.account(3)["revenue"] = "a lot"
    loads.load(is_good=True)
    assert loads.connection.execute("SELECT record_id, rule FROM quarantined_row").fetchall() == [
        ("A00003", "not_a_number")
    ]
    loads.account(3)["revenue"] = "1000000"
    loads.load()
    assert loads.connection.execute("FROM quarantined_row").fetchall() == []
    assert loads.found("quarantine_released") == [(None, "A00003", "not_a_number", None)]


def test_drift_beyond_the_thresholds_is_listed(loads: Loads) -> None:
    loads.drift = loads.drift.model_copy(update={"fewest_rows": 10})
    loads.load(is_good=True)
    del loads.rows["opportunity"][:16]
    many(loads, "opportunity", "amount", range(64), lambda text: f"{int(text) * 100}")
    many(loads, "account", "industry", range(20), lambda text: "")
    loads.load()
    assert loads.drifted() == [
        ("raw_crm__account", "industry", "nulls_gained", "error"),
        ("raw_crm__opportunity", "amount_usd", "level_shifted", "error"),
        ("raw_crm__opportunity", None, "rows_lost", "error"),
    ]


def test_small_tables_warn_and_never_block(loads: Loads) -> None:
    loads.load(is_good=True)
    del loads.rows["opportunity"][:16]
    loads.load()
    assert loads.drifted() == [("raw_crm__opportunity", None, "rows_lost", "warning")]


def test_headings_that_come_go_or_change_their_look_are_listed(loads: Loads) -> None:
    for row in loads.rows["account"]:
        row["rating"], row["code"] = "hot", "17"
    loads.load(is_good=True)
    for row in loads.rows["account"]:
        row["grade"], row["code"] = row.pop("rating"), "seventeen"
    loads.load()
    assert loads.drifted() == [
        ("raw_crm__account", "code", "retyped_column", "warning"),
        ("raw_crm__account", "grade", "new_column", "warning"),
        ("raw_crm__account", "rating", "missing_column", "warning"),
    ]


def test_a_feed_that_stopped_is_stale(loads: Loads) -> None:
    many(loads, "opportunity", "opened", range(80), lambda text: text.replace("2026-06", "2026-03"))
    loads.load()
    assert loads.drifted() == [("raw_crm__opportunity", "opened_date", "stale_feed", "warning")]
