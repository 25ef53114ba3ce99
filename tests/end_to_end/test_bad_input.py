"""Bad input: one message that says what to mend, and the last publication stays."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from whole_run import SmallProject


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def drop_file(project: SmallProject) -> None:
    (project.input / "accounts.csv").rename(project.input / "acounts.csv")


def drop_column(project: SmallProject) -> None:
    project.replace_in(
        "accounts.csv", lambda text: text.replace("Account Owner ID", "Acount Owner ID", 1)
    )


def spoil_column(project: SmallProject) -> None:
    project.replace_in(
        "opportunities.csv", lambda text: re.sub(r"\d{2}/\d{2}/\d{4}", "someday", text)
    )


def empty_table(project: SmallProject) -> None:
    project.replace_in("accounts.csv", lambda text: text.splitlines()[0] + "\n")


def save_a_login_page(project: SmallProject) -> None:
    (project.input / "accounts.csv").write_text("<!DOCTYPE html><html><body>Log in</body></html>")


def misspell_setting(project: SmallProject) -> None:
    project.edit(retension={"releases": 3})


def misspell_scenario(project: SmallProject) -> None:
    project.edit(scenario="defualt")


def misspell_mapping(project: SmallProject) -> None:
    mapping = project.config.parent / "crm.yaml"
    original = Path(_mapping(project, "crm")).read_text()
    mapping.write_text(original.replace("entities:", "entites:", 1))
    _use_mapping(project, "crm", mapping)


def _mapping(project: SmallProject, source: str) -> str:
    import yaml

    document = yaml.safe_load(project.config.read_text())
    return str(document["sources"][source]["mapping"])


def _use_mapping(project: SmallProject, source: str, mapping: Path) -> None:
    import yaml

    document = yaml.safe_load(project.config.read_text())
    document["sources"][source]["mapping"] = str(mapping)
    project.config.write_text(yaml.safe_dump(document))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (drop_file, ["accounts.csv", "did you mean 'acounts.csv'"]),
        (drop_column, ["accounts.csv", "'Account Owner ID'", "did you mean 'Acount Owner ID'"]),
        (spoil_column, ["opportunities.csv", "Date", "someday"]),
        (empty_table, ["accounts.csv", "no"]),
        (save_a_login_page, ["accounts.csv", "web page"]),
        (misspell_setting, ["project.yaml", "'retension'", "did you mean 'retention'"]),
        (misspell_scenario, ["'defualt'", "did you mean 'default'"]),
        (misspell_mapping, ["crm.yaml", "entites", "did you mean 'entities'"]),
    ],
)
def test_what_cannot_be_trusted_is_refused_by_name(
    small_project: SmallProject, spoil: Callable[[SmallProject], None], words: list[str]
) -> None:
    published = (small_project.data_dir / "published").resolve()
    before = digests(published)
    spoil(small_project)
    outcome = small_project.run()
    assert outcome.exit_code == 2, outcome.errors
    message = outcome.errors[outcome.errors.index("Error:") :]
    assert "Traceback" not in outcome.errors
    assert len(message) < 2_200
    for word in words:
        assert word in message, message
    assert (small_project.data_dir / "published").resolve() == published
    assert digests(published) == before


def test_too_many_bad_rows_stop_the_run(small_project: SmallProject) -> None:
    def spoil(text: str) -> str:
        lines = text.splitlines()
        half = len(lines) // 2
        return "\n".join(
            [*lines[:half], *(re.sub(r"\d{2}/\d{2}/\d{4}", "soon", line) for line in lines[half:])]
        )

    published = (small_project.data_dir / "published").resolve()
    small_project.replace_in("opportunities.csv", spoil)
    outcome = small_project.run()
    assert outcome.exit_code == 3, outcome.errors
    assert "opportunities.csv" in outcome.errors
    assert (small_project.data_dir / "published").resolve() == published
