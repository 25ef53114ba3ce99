"""The code version follows the sources and nothing else."""

import re
from pathlib import Path

import pytest

from pipelines.metadata import version


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in {
        "pipelines/a.py": "a = 1\n",
        "dbt_project/models/m.sql": "select 1\n",
        "config/project.yaml": "name: x\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    monkeypatch.setattr(version, "_ROOT", tmp_path)
    return tmp_path


def current() -> str:
    version.code_version.cache_clear()
    try:
        return version.code_version()
    finally:
        version.code_version.cache_clear()


def test_it_names_package_version_and_digest() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\+[0-9a-f]{12}", current())
    assert current() == current()


def test_models_and_code_change_it(root: Path) -> None:
    before = current()
    (root / "dbt_project/models/m.sql").write_text("select 2\n")
    changed = current()
    assert changed != before
    (root / "dbt_project/models/m.sql").rename(root / "dbt_project/models/n.sql")
    assert current() not in (before, changed)


def test_generated_files_and_settings_do_not(root: Path) -> None:
    before = current()
    for name in ("dbt_project/target/x.sql", "pipelines/__pycache__/a.py", "dbt_project/logs/l.py"):
        path = root / name
        path.parent.mkdir(parents=True)
        path.write_text("x")
    (root / "config/project.yaml").write_text("name: y\n")
    assert current() == before


def test_versions_name_what_computes() -> None:
    versions = version.package_versions()
    assert versions["duckdb"][0].isdigit()
    assert "unknown" not in versions.values()
