"""Which policies a run plans with, and what a plan's identity depends on."""

from datetime import date
from pathlib import Path

import pytest

from pipelines.errors import ConfigurationError
from pipelines.settings.loader import PROJECT_ROOT, load_settings
from pipelines.stages.run_context import RunContext
from pipelines.stages.scenarios import scenario_digests

AS_OF = date(2026, 6, 30)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    policies = tmp_path / "policies"
    policies.mkdir()
    for name, seed in (("base", 1), ("calm", 2), ("bold", 3)):
        (policies / f"{name}.yaml").write_text(f"seed: {seed}\n")
    path = tmp_path / "project.yaml"
    write(path, "scenario: base\n")
    return path


def write(path: Path, extra: str) -> None:
    path.write_text(
        f"name: x\nscoring: {PROJECT_ROOT / 'config' / 'scoring.yaml'}\n"
        "sources:\n  crm: {mapping: m.yaml, path: .}\n" + extra
    )


def names(project: Path, **given: object) -> list[str]:
    settings = load_settings(project, **given)  # type: ignore[arg-type]
    assert settings.scenario == settings.scenarios[0].name
    return [scenario.name for scenario in settings.scenarios]


def test_the_chosen_scenario_comes_first_and_none_comes_twice(project: Path) -> None:
    assert names(project) == ["base"]
    assert names(project, scenarios=["calm", "base", "calm"]) == ["calm", "base"]
    assert names(project, all_scenarios=True) == ["base", "bold", "calm"]
    assert names(project, scenarios=["calm"], all_scenarios=True) == ["calm", "base", "bold"]
    write(project, "scenario: bold\nscenarios: [calm, bold]\n")
    assert names(project) == ["bold", "calm"]
    assert names(project, scenarios=["base"]) == ["base"]
    assert names(project, all_scenarios=True) == ["bold", "base", "calm"]


@pytest.mark.parametrize("name", ["clam", "../policies/calm", "calm\n"])
def test_an_unknown_scenario_is_named_with_those_there_are(project: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="known scenarios: base, bold, calm"):
        names(project, scenarios=["base", name])


def test_a_file_whose_name_is_no_scenario_is_refused(project: Path) -> None:
    (project.parent / "policies" / "what if.yaml").write_text("")
    with pytest.raises(ConfigurationError, match=r"what if\.yaml: the name of a scenario"):
        names(project, all_scenarios=True)


def identity(project: Path, *scenarios: str) -> RunContext:
    settings = load_settings(project, scenarios=scenarios)
    return RunContext.identify(
        as_of=AS_OF, input_digest="i", scenario_digests=scenario_digests(settings), code="c"
    )


def test_a_plan_has_one_name_alone_and_beside_others(project: Path) -> None:
    alone, both = identity(project, "calm"), identity(project, "base", "calm")
    assert both.plans["calm"] == alone.plan_id
    assert list(both.plans) == ["base", "calm"]
    assert both.plan_id == both.plans["base"] != alone.plan_id
    assert both.run_id != alone.run_id
    (project.parent / "policies" / "calm.yaml").write_text("seed: 4\n")
    changed = identity(project, "base", "calm")
    assert changed.plans["base"] == both.plans["base"]
    assert changed.plans["calm"] != both.plans["calm"]


def test_a_context_keeps_its_plans(project: Path, tmp_path: Path) -> None:
    from pipelines.stages.run_context import WorkPaths

    paths = WorkPaths(tmp_path / "data")
    paths.work.mkdir(parents=True)
    both = identity(project, "base", "calm")
    both.save(paths)
    assert RunContext.load(paths) == both
    # A run that goes on with other scenarios keeps its name and gets their plans'.
    settings = load_settings(project, scenarios=["calm"])
    later = both.planning(scenario_digests(settings))
    assert (later.run_id, later.plan_id) == (both.run_id, both.plans["calm"])
