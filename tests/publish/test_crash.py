"""Killed at any touch of the disk, publishing leaves a whole release and the next run mends all.

One child process imports once and forks a publisher for each place to die, because starting an
interpreter for each would take a minute.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

# Every call by which publishing changes what is on the disk, apart from writing file contents.
KILLER = '''
import json, os, shutil, sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, sys.argv[1])  # the project, for the tests package
from tests.publish.small_warehouse import build_warehouse, request_for
from pipelines.publish import current_release, publish_release, recover, swap
from pipelines.publish.manifest import damages

import polars, xlsxwriter  # imported once, before forking

HOOKED = [(os, n) for n in ("mkdir", "fsync", "rename", "replace", "symlink", "unlink", "rmdir")]
HOOKED.append((swap, "exchange"))


def in_fork(action):
    """Run `action` in a fork; its exit status, -9 when it was killed."""
    process = os.fork()
    if process == 0:
        try:
            action()
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def publish_dying_at(request, limit, is_after):
    done = 0

    def hook(function):
        def counted(*arguments, **options):
            nonlocal done
            done += 1
            if done == limit and not is_after:
                os.kill(os.getpid(), 9)
            result = function(*arguments, **options)
            if done == limit:
                os.kill(os.getpid(), 9)
            return result
        return counted

    for module, name in HOOKED:
        setattr(module, name, hook(getattr(module, name)))
    publish_release(request)


def check(folder, known, wanted):
    """After a kill: readers see a whole release; then recover and publish make all good."""
    release = current_release(folder)
    assert release is not None and not damages(release.path, is_deep=True), release
    tables = [t.sha256 for t in release.manifest.tables if t.name != "meta_run"]
    assert tables in known, "a mixture"
    recovery = recover(folder)
    assert not recovery.damages and recovery.repointed_to is None, recovery
    assert not [p for p in folder.glob("*/.*")] and not [p for p in folder.glob(".*")]
    again = publish_release(replace(wanted, data_dir=folder))
    assert [t.sha256 for t in again.manifest.tables if t.name != "meta_run"] == known[-1]
    assert not damages(again.path, is_deep=True)
    names = sorted(p.name for p in (folder / "releases").iterdir())
    assert names == sorted({"plan_a", wanted.plan_id}), names
    assert sorted(p.name for p in (folder / "restricted").iterdir()) == names


def main(base, plan_id, stride):
    before, after = base / "before", base / "after"
    wanted = request_for(after, plan_id, sales=1000 if plan_id == "plan_a" else 2000, run="2")
    first = request_for(before, run="1")
    known = []
    # Publishing happens in forks only: DuckDB's threads do not survive a fork.
    assert in_fork(lambda: publish_release(first)) == 0
    assert in_fork(lambda: publish_release(wanted)) == 0
    for folder in (before, after):
        manifest = json.loads((folder / "published" / "manifest.json").read_text())
        known.append([t["sha256"] for t in manifest["tables"] if t["name"] != "meta_run"])
    deaths = 0
    for limit in range(1, 500, stride):
        folder = base / f"run{limit}"
        shutil.copytree(before, folder, symlinks=True)
        request = replace(wanted, data_dir=folder)
        status = in_fork(lambda: publish_dying_at(request, limit, limit % 2 == 0))
        assert status in (0, -9), f"place {limit}: {status}"
        assert in_fork(lambda: check(folder, known, wanted)) == 0, f"place {limit}"
        shutil.rmtree(folder)
        if status == 0:
            break
        deaths += 1
    print(json.dumps({"deaths": deaths, "is_exhausted": status == 0}))


main(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
'''


# Every ninth place, before and after the call in turn. A stride of 1 dies at all 105 places of the
# two cases and takes two minutes.
@pytest.mark.parametrize(("plan_id", "stride"), [("plan_a", "9"), ("plan_b", "9")])
def test_killed_at_any_place_readers_see_a_whole_release(
    tmp_path: Path, plan_id: str, stride: str
) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", KILLER, str(PROJECT), str(tmp_path), plan_id, stride],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    outcome = json.loads(finished.stdout)
    assert outcome["is_exhausted"]
    assert outcome["deaths"] >= 4
