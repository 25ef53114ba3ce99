"""Two runs never share a data folder, and a dead run never blocks the next."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.errors import GateError
from pipelines.run_lock import RunLock

HOLD = """
import sys
from pathlib import Path
from pipelines.run_lock import RunLock
RunLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_run_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(GateError, match=f"process {holder.pid}"):
            RunLock(tmp_path).acquire()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with RunLock(tmp_path) as lock:
        lock.check()


def test_the_fence_stops_a_run_that_lost_its_lock(tmp_path: Path) -> None:
    with RunLock(tmp_path) as lock:
        (tmp_path / "working" / "run.lock").unlink()
        with pytest.raises(GateError, match="may not publish"):
            lock.check()
        with RunLock(tmp_path), pytest.raises(GateError, match="may not publish"):
            lock.check()
