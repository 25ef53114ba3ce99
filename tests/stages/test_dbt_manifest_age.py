"""A manifest that is missing or stale is said to be so, before Dagster misses asset keys."""

import json
import shutil
from pathlib import Path

import pytest

from pipelines.errors import ConfigurationError
from pipelines.stages.transform import DBT_PROJECT, MANIFEST, load_manifest


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(DBT_PROJECT / "models", tmp_path / "dbt_project" / "models")
    return tmp_path / "dbt_project"


def test_the_manifest_that_set_up_parsed_is_taken(project: Path) -> None:
    assert load_manifest(MANIFEST, project)["nodes"]


def test_a_changed_a_new_and_a_lost_model_are_named_with_what_to_do(project: Path) -> None:
    marts = project / "models" / "marts"
    (marts / "kpi_plan.sql").write_text("select 1 as one")
    (marts / "kpi_new.sql").write_text("select 1 as one")
    (marts / "dim_rep.sql").unlink()
    with pytest.raises(ConfigurationError) as refused:
        load_manifest(MANIFEST, project)
    message = str(refused.value)
    assert "3 of the models changed (dim_rep, kpi_new, kpi_plan)" in message
    assert "run `make setup`" in message


@pytest.mark.parametrize("text", [None, '{"nodes": '])
def test_no_manifest_and_half_a_manifest_say_what_to_do(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "manifest.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigurationError, match="run `make setup`"):
        load_manifest(path)


def test_blanks_around_a_model_change_nothing(project: Path) -> None:
    model = project / "models" / "marts" / "kpi_plan.sql"
    model.write_text("\n" + model.read_text() + "\n\n")
    assert json.dumps(load_manifest(MANIFEST, project))
