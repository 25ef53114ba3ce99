"""Folders that are made once a test session, whichever worker needs them first."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(
    tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]
) -> Path:
    """The folder that `make` filled; the other workers wait for it, then read it.

    Nobody changes it: a test that writes copies it first.
    """
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder = root / f"shared_{name}"
    with (root / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            # Under its final name from the start: settings and links may hold the path.
            folder.mkdir()
            try:
                make(folder)
            except BaseException:
                folder.rename(root / f"{folder.name}_failed_in_{os.getpid()}")
                raise
    return folder
