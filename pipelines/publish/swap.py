"""Put finished folders in place so that a reader sees the old or the new one, never neither.

POSIX renames are atomic, but a folder can only be renamed onto an empty one. Where a release is
replaced under its own name, the two folders are exchanged in one system call.
"""

import ctypes
import errno
import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipelines.errors import GateError

BUILDING_PREFIX = ".building-"
DELETING_PREFIX = ".deleting-"
LINK_PREFIX = ".link-"

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # linux/fs.h
_RENAME_SWAP = 2  # sys/stdio.h of macOS


@contextmanager
def folder_lock(folder: Path, *, is_blocking: bool = True) -> Iterator[bool]:
    """Hold an advisory lock on `folder`; gives False when another process has it.

    The kernel frees the lock when its process dies, so there is no stale lock to judge.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if is_blocking else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


@contextmanager
def building_folder(parent: Path, name: str, *, mode: int = 0o777) -> Iterator[Path]:
    """An empty folder `<parent>/.building-<name>`, locked as long as the block runs.

    On the way out whatever is left under that name is removed: the unfinished copy after an
    error, or the content that was exchanged away.

    Raises:
        GateError: a living process is building the same folder.
    """
    parent.mkdir(parents=True, exist_ok=True, mode=mode)
    folder = parent / (BUILDING_PREFIX + name)
    with ExitStack() as cleanup:
        # Making and locking must be one step for `remove_leftovers`, or it could come in between.
        with folder_lock(parent):
            if folder.exists() and not _remove_unless_locked(folder):
                raise GateError(f"{folder}: another run is publishing the same plan; wait for it")
            folder.mkdir(mode=mode)
            cleanup.enter_context(folder_lock(folder))
            cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


def remove_leftovers(parent: Path) -> list[str]:
    """Remove the unfinished folders dead processes left in `parent`; gives the names removed."""
    if not parent.is_dir():
        return []
    removed = []
    with folder_lock(parent):
        for path in sorted(parent.iterdir()):
            if path.name.startswith((BUILDING_PREFIX, DELETING_PREFIX)) and (
                _remove_unless_locked(path)
            ):
                removed.append(path.name)
    return removed


def _remove_unless_locked(folder: Path) -> bool:
    with folder_lock(folder, is_blocking=False) as is_ours:
        if is_ours:
            shutil.rmtree(folder)
    return is_ours


def place(folder: Path, target: Path) -> Path:
    """Give `folder` the name `target` in one step and return where it stands.

    A folder already there is exchanged and ends up under the old name of `folder`. On a file
    system that cannot exchange, `folder` goes beside it as `<target>.r2`, `.r3`, …
    """
    if not target.exists():
        folder.rename(target)
    elif not exchange(folder, target):
        revision = 2
        while (beside := target.with_name(f"{target.name}.r{revision}")).exists():
            revision += 1
        folder.rename(beside)
        target = beside
    sync_folder(target.parent)
    return target


def exchange(one: Path, other: Path) -> bool:
    """Swap the names of two existing folders atomically; False when the system cannot."""
    system = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        result = system.renamex_np(os.fsencode(one), os.fsencode(other), _RENAME_SWAP)
    elif hasattr(system, "renameat2"):
        result = system.renameat2(
            _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE
        )
    else:
        return False
    if result == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))


def point_link(link: Path, target: Path) -> None:
    """Let the symbolic link `link` name `target`, atomically and relative to its own folder."""
    temporary = link.with_name(f"{LINK_PREFIX}{link.name}-{os.getpid()}")
    temporary.unlink(missing_ok=True)
    # Relative, so that the data folder can be moved or mounted elsewhere.
    temporary.symlink_to(os.path.relpath(target, link.parent))
    temporary.replace(link)
    sync_folder(link.parent)


def remove_folder(folder: Path) -> None:
    """Remove `folder` so that an interruption leaves nothing that looks like a whole one."""
    doomed = folder.with_name(DELETING_PREFIX + folder.name)
    if doomed.exists():
        shutil.rmtree(doomed)
    folder.rename(doomed)
    shutil.rmtree(doomed)


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make the file `path` anew, which it takes the place of in one step, on disk."""
    building = path.with_name(f".{path.name}.building")
    write(building)
    with building.open("rb") as stream:
        os.fsync(stream.fileno())
    building.replace(path)
    sync_folder(path.parent)


def sync_tree(folder: Path) -> None:
    """Force every file and folder under `folder` to the disk, contents before names."""
    for path in sorted(folder.rglob("*"), reverse=True):
        sync_folder(path)
    sync_folder(folder)


def sync_folder(path: Path) -> None:
    """Force the file or the entries of the folder at `path` to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
