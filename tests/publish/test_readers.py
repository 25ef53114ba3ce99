"""A reader in another process, polling while releases change, never sees a gap or a mixture."""

import json
import subprocess
import sys
from pathlib import Path

from pipelines.publish import publish_release
from tests.publish.small_warehouse import request_for

# Sales of every account are 1000, 2000 or 3000 plus its number: a mixture shows in the sum.
READER = """
import json, pathlib, sys, time, duckdb, polars
published = pathlib.Path(sys.argv[1])
stop = pathlib.Path(sys.argv[2])
polls, seen = 0, set()
print("ready", flush=True)
while True:
    is_last = stop.exists()
    release = published.resolve(strict=True)
    manifest = json.loads((release / "manifest.json").read_text())
    with duckdb.connect(str(release / "territory.duckdb"), read_only=True) as connection:
        (total,) = connection.execute("SELECT sum(actual_sales_usd) FROM dim_account").fetchone()
        (plan,) = connection.execute("SELECT DISTINCT plan_id FROM fct_assignment").fetchone()
    frame = polars.read_parquet(release / "parquet" / "dim_account.parquet")
    assert frame["actual_sales_usd"].sum() == total, (frame["actual_sales_usd"].sum(), total)
    assert manifest["plan_id"] == plan, (manifest["plan_id"], plan)
    assert (int(total) - 45) % 10_000 == 0, total
    polls += 1
    seen.add(plan)
    if is_last:
        break
    time.sleep(0.01)
print(json.dumps({"polls": polls, "plans": sorted(seen)}))
"""


def test_a_polling_reader_sees_no_gap_and_no_mixture(tmp_path: Path) -> None:
    requests = [
        request_for(tmp_path / str(n), f"plan_{n}", sales=1000 * (n + 1), keep=2) for n in range(3)
    ]
    data_dir = requests[0].data_dir

    def publish(number: int) -> None:
        request = requests[number % 3]
        publish_release(type(request)(**{**vars(request), "data_dir": data_dir}))

    publish(0)
    stop = tmp_path / "stop"
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(data_dir / "published"), str(stop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout is not None
        assert reader.stderr is not None
        assert reader.stdout.readline() == "ready\n"
        # 0 0 exchanges a published release with itself; 1 and 2 move the link and prune.
        for number in (0, 0, 1, 1, 2, 0, 1, 2):
            publish(number)
        stop.touch()
        outcome, errors = reader.communicate(timeout=30)
    assert reader.returncode == 0, errors
    seen = json.loads(outcome)
    assert seen["polls"] > 5
    assert "plan_2" in seen["plans"]


def test_a_reader_that_keeps_the_old_file_open_is_not_disturbed_and_sees_the_new_one_next(
    tmp_path: Path,
) -> None:
    import duckdb

    publish_release(request_for(tmp_path, "plan_a", sales=1000, keep=1))
    file = (tmp_path / "published").resolve() / "territory.duckdb"
    with duckdb.connect(str(file), read_only=True) as old:
        for plan_id in ("plan_a", "plan_b", "plan_c"):
            publish_release(request_for(tmp_path, plan_id, sales=2000, keep=1))
        total = old.execute("SELECT sum(actual_sales_usd) FROM dim_account").fetchall()[0][0]
        newest = str((tmp_path / "published").resolve() / "territory.duckdb")
        with duckdb.connect(newest, read_only=True) as again:
            reconnected = again.execute("SELECT sum(actual_sales_usd) FROM dim_account").fetchall()
    assert total == 10_045
    assert reconnected == [(20_045,)]
    assert not file.exists()
