"""Policy files that nobody can mean."""

from pathlib import Path

import pytest

from optimization.policy import PolicyError, load_policy


def refused(tmp_path: Path, text: str) -> str:
    """The message with which a policy of this text is refused; it names the file."""
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as error:
        load_policy(file)
    message = str(error.value)
    assert message.startswith(str(file))
    return message
