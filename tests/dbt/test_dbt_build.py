from tests.dbt.dbt_run import Built


def test_everything_builds_and_every_test_passes(company: Built) -> None:
    bad = {k: v for k, v in company.statuses.items() if v not in ("success", "pass")}
    assert not bad
