"""Files of lines that are only ever appended to, each on the disk before anybody goes on.

A line cut off by a crash was never acknowledged: readers do not see it, the next one takes its
place.
"""

import os
from pathlib import Path

from pipelines.publish.swap import sync_folder


def whole_lines(path: Path) -> list[bytes]:
    """The lines of the file up to its last line break, without the breaks; none without a file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    return _whole(content).splitlines()


def append_lines(path: Path, text: str) -> None:
    """Add `text`, whole lines with their breaks; when this returns they are on the disk."""
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        end = os.fstat(descriptor).st_size
        if end and os.pread(descriptor, 1, end - 1) != b"\n":
            end = len(_whole(path.read_bytes()))
        os.ftruncate(descriptor, end)
        os.pwrite(descriptor, text.encode(), end)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        sync_folder(path.parent)


def _whole(content: bytes) -> bytes:
    """`content` up to its last line break."""
    return content[: content.rfind(b"\n") + 1]
