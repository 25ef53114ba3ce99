"""Where a data folder keeps what is published, and which names are fit for it."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import ConfigurationError, quote

REPORT_NAME = "report.html"
"""The page for people in a release."""

PAGES = (REPORT_NAME, "quality.html", "lineage.html", "moves.xlsx", "moves.csv")
"""What people open of a release, and what the pages link to."""

_RELEASE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Layout:
    """The places of publication under `data_dir`."""

    data_dir: Path

    @property
    def releases(self) -> Path:
        """One folder for each release, named by its plan."""
        return self.data_dir / "releases"

    @property
    def restricted(self) -> Path:
        """One folder of pay data for each release; only the owner of the process may enter."""
        return self.data_dir / "restricted"

    @property
    def link(self) -> Path:
        """The symbolic link that names the release readers should use."""
        return self.data_dir / "published"

    def check(self) -> None:
        """Raise ConfigurationError unless a release can be put here."""
        nearest = next(p for p in (self.data_dir, *self.data_dir.parents) if p.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            raise ConfigurationError(
                f"{nearest}: not a folder this user may write to; change its permissions or "
                "choose another data_dir"
            )
        if self.link.exists() and not self.link.is_symlink():
            raise ConfigurationError(
                f"{self.link}: is not a symbolic link made by a publication; move it away, "
                "because readers find the current release under this name"
            )


def check_plan_id(plan_id: str) -> None:
    """Raise ConfigurationError unless `plan_id` can be the name of a folder."""
    if not _RELEASE_NAME.fullmatch(plan_id):
        raise ConfigurationError(
            f"plan_id {quote(plan_id)} cannot name a release: use up to 100 letters, digits, "
            "'.', '_' and '-', starting with a letter or digit"
        )
