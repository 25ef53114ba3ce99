"""Places, families, owners and overrides of the small company."""

from tests.dbt.dbt_run import Built


def test_accounts_are_located_by_the_finest_place_known(company: Built) -> None:
    places = company.by_key(
        "int_account__location",
        "account_id",
        *("location_precision", "country", "state", "market_area_id", "latitude"),
    )
    assert places == {
        "root": ("coordinates", "United States", "MA", "MA", 42.3),
        "child": ("postal_code", "United States", "MA", "25017", 42.36),
        "grandchild": ("city", "United States", "MA", "MA", 42.38),
        "own parent": ("state", "United States", "TX", "TX", 30.27),
        # (0, 0) is the default of a form, not a place.
        "orphan": ("state", "United States", "TX", "TX", 30.27),
        "of the vacant seat": ("state", "United States", "MA", "MA", 42.38),
        "of a leaver": ("none", "France", None, "France", None),
        # Western Australia is not Washington.
        "of a stranger": ("none", "Australia", "WA", "Australia", None),
        "without owner": ("none", None, None, None, None),
        "loop a": ("none", None, None, None, None),
        "loop b": ("none", None, None, None, None),
        "below the loop": ("none", None, None, None, None),
    }


def test_reps_are_located_like_accounts(company: Built) -> None:
    bases = company.by_key("int_rep__location", "rep_id", "location_precision", "latitude")
    assert bases["R1"] == ("coordinates", 42.36)
    assert bases["R2"] == ("postal_code", 42.36)
    assert bases["R3"] == ("city", 30.27)
    assert bases["R4"] == ("none", None)


def test_zip_codes_lose_the_plus_four_and_keep_the_zero(company: Built) -> None:
    assert company.by_key("dim_account", "account_id", "postal_code")["child"] == "02139"


def test_families_take_the_root_and_cycles_fall_apart(company: Built) -> None:
    families = company.by_key("int_account__family", "account_id", "family_id", "family_depth")
    assert families["root"] == ("root", 0)
    assert families["child"] == ("root", 1)
    assert families["grandchild"] == ("root", 2)
    assert families["own parent"] == ("own parent", 0)
    assert families["orphan"] == ("orphan", 0)
    for account in ("loop a", "loop b", "below the loop"):
        assert families[account][0] == account


def test_only_active_reps_of_the_plan_are_incumbents(company: Built) -> None:
    owners = company.by_key("int_plan__account", "account_id", "owner_rep_id", "incumbent_rep_id")
    assert owners["root"] == ("R1", "R1")
    assert owners["of a leaver"] == ("R5", None)
    assert owners["of a stranger"] == ("R99", None)
    assert owners["of the vacant seat"] == ("R4", None)
    assert owners["without owner"] == (None, None)
    reps = company.by_key("int_plan__rep", "rep_id", "is_vacant", "manager_id")
    assert reps == {
        "R1": (False, "M1"),
        "R2": (False, "M1"),
        "R3": (False, "Max Ober"),
        "R4": (True, None),
    }


def test_tenure_counts_months_of_the_incumbent(company: Built) -> None:
    tenure = company.by_key("int_plan__account", "account_id", "tenure_months")
    assert tenure["root"] == 23.9836  # 730 days of 30.4375
    assert tenure["child"] is None


def test_overrides_hold_to_their_last_day(company: Built) -> None:
    assert company.rows("SELECT account_id, group_id FROM stg_plan__override ORDER BY 1") == [
        ("gone", None),
        ("orphan", "rivals"),
        ("root", None),
    ]


def test_lock_rules_find_what_they_ask_for(company: Built) -> None:
    facts = company.by_key(
        "int_plan__account",
        "account_id",
        "open_deal_probability_pct",
        "days_to_renewal",
        "days_since_owner_change",
        "is_strategic",
    )
    # The stage "Engaging" has no probability; "Prospecting" has Salesforce's.
    assert facts["root"] == (10, 60, 730, True)
    assert facts["child"] == (55, None, None, False)


def test_zones_for_drive_times_are_known(company: Built) -> None:
    accounts = company.by_key("int_plan__account", "account_id", "postal_code", "market_area_id")
    assert accounts["child"] == ("02139", "25017")
    reps = company.by_key("int_plan__rep", "rep_id", "state", "postal_code")
    assert reps["R2"] == (None, "02139")
    assert reps["R3"] == ("TX", None)


def test_sectors_of_several_codes_are_one(company: Built) -> None:
    rows = company.rows(
        "SELECT employment FROM int_market__employment"
        " WHERE state = 'TX' AND naics_sector = '44-45'"
    )
    assert rows == [(50_000,)]


def test_suppressed_employment_is_unknown_not_zero(company: Built) -> None:
    employment = company.by_key("stg_market__county_employment", "county_fips", "employment")
    assert employment == {"25017": 900_000, "15005": None}


def test_findings_name_the_rule_the_count_and_the_record(company: Built) -> None:
    rows = company.rows(
        "SELECT rule, severity, affected_rows, record_id FROM int_finding__account ORDER BY ALL"
    )
    found = {(rule, record): (severity, count) for rule, severity, count, record in rows}
    assert found == {
        ("account_without_owner", "without owner"): ("info", 1),
        ("activity_after_planning_date", "A5"): ("info", 1),
        ("closed_after_planning_date", "O04"): ("info", 1),
        ("closed_before_opened", "O10"): ("warning", 1),
        ("family_cycle", "below the loop"): ("warning", 1),
        ("family_cycle", "loop a"): ("warning", 1),
        ("family_cycle", "loop b"): ("warning", 1),
        ("inactive_owner", "of a leaver"): ("warning", 1),
        ("opportunity_of_unknown_account", "O12"): ("warning", 1),
        ("opportunity_of_unknown_product", "O10"): ("warning", 1),
        ("opportunity_of_unknown_rep", "O12"): ("warning", 1),
        ("opportunity_without_account", "O11"): ("warning", 1),
        ("rep_without_capacity", "R6"): ("warning", 1),
        ("sales_above_market", "grandchild"): ("warning", 1),
        ("unclassified_potential", "below the loop"): ("info", 11),
        ("unknown_owner", "of a stranger"): ("warning", 1),
        ("unlocated_account", "below the loop"): ("info", 6),
        ("unlocated_rep", "R4"): ("warning", 1),
        ("won_before_the_year", "O03"): ("info", 1),
        ("won_without_close_date", "O13"): ("warning", 1),
    }


def test_every_won_amount_is_published_or_itemised(company: Built) -> None:
    ((won,),) = company.rows("SELECT sum(amount_usd) FROM int_crm__opportunity WHERE status='won'")
    ((published,),) = company.rows("SELECT sum(actual_sales_usd) FROM dim_account")
    ((itemised,),) = company.rows(
        "SELECT sum(regexp_extract(message, 'won amount USD ([0-9.]+)', 1)::DECIMAL(18, 2))"
        " FROM int_finding__account WHERE message LIKE '%won amount USD%'"
    )
    assert won == published + itemised
    assert published > 0
    assert itemised > 0


def test_every_repair_is_a_row_with_both_values(company: Built) -> None:
    repairs = set(
        company.rows(
            "SELECT column_name, rule, record_id, value, repaired_value"
            " FROM int_finding__repair WHERE table_name = 'raw_crm__account'"
        )
    )
    assert {row for row in repairs if row[0] != "latitude"} >= {
        ("industry", "category_unified", "child", "technology", "Technology"),
        ("postal_code", "postal_code_normalised", "child", "02139-4307", "02139"),
        ("country", "country_normalised", "child", "USA", "United States"),
        ("state", "state_normalised", "grandchild", "Massachusetts", "MA"),
    }
    located = {row[2]: row[1] for row in repairs if row[0] == "latitude"}
    assert located["child"] == "located_by_postal_code"
    assert located["grandchild"] == "located_by_city"
    assert located["own parent"] == "located_by_state"
    assert not {"root", "of a leaver"} & located.keys()
    assert all(row[3] != row[4] for row in repairs)
