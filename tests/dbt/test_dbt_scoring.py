"""scoring.yaml, its defaults, its schema and the variables of the dbt project say the same."""

import json
from pathlib import Path

import pytest
import yaml

from pipelines.errors import ConfigurationError
from pipelines.settings.scoring import MarketSettings, Scoring, load_scoring, scoring_schema
from tests.dbt.company import PROJECT

CONFIG = PROJECT.parent / "config"
RUN_VARIABLES = {"as_of", "scenario", "derive_owner"}


@pytest.fixture(scope="module")
def scoring() -> Scoring:
    return load_scoring(CONFIG / "scoring.yaml")


def test_dbt_defaults_are_those_of_scoring_yaml(scoring: Scoring) -> None:
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    assert set(variables) - set(scoring.dbt_vars()) == RUN_VARIABLES
    assert {name: variables[name] for name in scoring.dbt_vars()} == scoring.dbt_vars()


def test_every_scoring_variable_is_used_by_a_model(scoring: Scoring) -> None:
    folders = (PROJECT / "models", PROJECT / "macros")
    code = "".join(p.read_text() for folder in folders for p in folder.rglob("*.sql"))
    unused = [name for name in scoring.dbt_vars() if f"var('{name}')" not in code]
    assert not unused


def test_scoring_yaml_says_every_setting_with_its_default(scoring: Scoring) -> None:
    assert scoring == Scoring(market=MarketSettings(**scoring.market.model_dump()))
    document = yaml.safe_load((CONFIG / "scoring.yaml").read_text())
    assert set(document) == set(Scoring.model_fields)
    for section, content in document.items():
        if isinstance(content, dict):
            assert set(content) == set(getattr(scoring, section).model_dump()), section


def test_the_schema_file_is_current() -> None:
    written = json.loads((CONFIG / "schemas" / "scoring.schema.json").read_text())
    assert written == scoring_schema()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("complexity: {size_wieght: 1}", "unknown setting 'complexity.size_wieght'.*'size_weight'"),
        ("value_index: {exponent: 1}", "'value_index.exponent'"),
        ("value_index: {exponent: .nan}", "'value_index.exponent'"),
        ("economics: {cost_per_km_usd: -1}", "'economics.cost_per_km_usd'"),
        ("complexity: {minimum: 3}", "minimum 3 is above maximum 2"),
        (
            "complexity: {cycle_weight: 0, size_weight: 0, offering_weight: 0}",
            "at least one of the three weights",
        ),
        ("potential: {size_band_employees: [50, 10]}", "must ascend"),
        ("capacity: {default_experience_level: expert}", "'expert' is no experience level"),
        ("capacity: {experience_aliases: {rookie: novice}}", "'novice' is no experience level"),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, change: str, message: str) -> None:
    path = tmp_path / "scoring.yaml"
    path.write_text("market: {industry_sectors: {}, country_aliases: {}}\n" + change + "\n")
    with pytest.raises(ConfigurationError, match=message):
        load_scoring(path)


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    path = tmp_path / "scoring.yaml"
    path.write_text("")
    with pytest.raises(ConfigurationError, match="missing setting 'market'"):
        load_scoring(path)
