"""A mistake in a settings file is one message that names the file, the setting and the mend."""

from pathlib import Path

import pytest

from pipelines.errors import ConfigurationError
from pipelines.settings.project import ProjectSettings
from pipelines.settings.validation import read_settings

MINIMAL = "name: x\nsources:\n  crm: {mapping: m.yaml}\n"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "project.yaml"
    path.write_text(text)
    return path


def test_a_minimal_file_is_enough(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path, MINIMAL), ProjectSettings)
    assert settings.thresholds.max_quarantined_share == 0.05


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("retension: {}\n", "unknown setting 'retension' (did you mean 'retention'?)"),
        ("retention: {release: 3}\n", "'retention.release' (did you mean 'releases'?)"),
        ("retention: {releases: 0}\n", "setting 'retention.releases'"),
        ("rates: {EUR: -1}\n", "setting 'rates.EUR'"),
        ("scenario: ../../etc\n", "setting 'scenario'"),
        ("as_of: yesterday\n", "setting 'as_of'"),
    ],
)
def test_a_wrong_setting_is_named_with_its_near_name(
    tmp_path: Path, extra: str, expected: str
) -> None:
    path = write(tmp_path, MINIMAL + extra)
    with pytest.raises(ConfigurationError) as caught:
        read_settings(path, ProjectSettings)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_wrong_key_inside_a_source_is_compared_with_the_keys_of_a_source(tmp_path: Path) -> None:
    path = write(tmp_path, "name: x\nsources:\n  crm: {maping: m.yaml}\n")
    with pytest.raises(ConfigurationError, match=r"did you mean 'mapping'\?"):
        read_settings(path, ProjectSettings)


def test_a_missing_file_names_the_near_file(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL)
    with pytest.raises(ConfigurationError, match=r"did you mean 'project.yaml'\?"):
        read_settings(tmp_path / "projekt.yaml", ProjectSettings)


@pytest.mark.parametrize("text", ["- a\n- b\n", "name: [", "name: \x00"])
def test_a_file_that_is_no_yaml_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"project\.yaml"):
        read_settings(write(tmp_path, text), ProjectSettings)
