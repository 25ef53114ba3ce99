"""The generalized assignment benchmark: its files, its checks, its resuming, its rivals."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from benchmarks import gap
from benchmarks.gap_instances import (
    BadInstance,
    made_instance,
    read_instance,
    write_instance,
)
from benchmarks.gap_rivals import RIVALS

_PACKAGE = {"highs": "highspy", "scip": "pyscipopt", "cpsat": "ortools"}

# Two agents, three jobs; the best plan gives jobs 0 and 2 to agent 0: 1 + 4 + 2 = 7.
TINY = """ 2 3
 1 9 2
 5 4 9
 3 8 3
 6 5 6
 6 5
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny"
    path.write_text(TINY)
    return path


def measured(monkeypatch: pytest.MonkeyPatch, answers: dict[str, dict]) -> list[str]:
    """Replace the processes by given answers; returns the list of solvers called."""
    called: list[str] = []

    def process(command, **kwargs):
        solver = command[command.index("benchmarks.gap_run") + 1]
        called.append(solver)
        answer = {"status": "time_limit", "seconds": 1.0, "peak_memory_mb": 9.0} | answers[solver]

        class Done:
            returncode = 0
            stdout = json.dumps(answer)
            stderr = ""

        return Done()

    monkeypatch.setattr(gap.subprocess, "run", process)
    return called


def test_reads_the_public_format_whatever_its_line_breaks(tiny):
    instance = read_instance(tiny)
    assert instance.cost.tolist() == [[1, 9, 2], [5, 4, 9]]
    assert instance.load.tolist() == [[3, 8, 3], [6, 5, 6]]
    assert instance.capacity.tolist() == [6, 5]
    tiny.write_text(" ".join(TINY.split()))
    assert (read_instance(tiny).load == instance.load).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 must hold"),
        (TINY.replace("4", "four"), "line 3: 'four' is not a number"),
        (TINY.replace("4", "nan"), "line 3: 'nan' is not a finite number"),
        (TINY.replace("8", "-8"), "line 4: load or capacity -8 is negative"),
        (TINY[:-3], "ends at line 6 after 15 numbers; 2 agents x 3 jobs need 16"),
        (TINY + "7", "line 7: more than the 16 numbers"),
        (TINY.replace(" 2 3\n", " 2.5 3\n", 1), "line 1: 2.5 agents"),
        (TINY.replace(" 2 3\n", " 0 3\n", 1), "line 1: 0 agents"),
    ],
)
def test_a_bad_file_gives_one_error_that_names_file_and_place(tiny, text, message, capsys):
    tiny.write_text(text)
    with pytest.raises(BadInstance, match="tiny"):
        read_instance(tiny)
    code = gap.main([str(tiny), "--json", str(tiny.with_name("out.json"))])
    lines = capsys.readouterr().err.splitlines()
    assert code == 2
    assert len(lines) == 1
    assert str(tiny) in lines[0]
    assert message in lines[0]


def test_a_missing_file_is_named(tmp_path, capsys):
    assert gap.main([str(tmp_path / "none"), "--json", str(tmp_path / "out.json")]) == 2
    assert str(tmp_path / "none") in capsys.readouterr().err


def test_written_instances_are_read_back(tmp_path):
    for kind in ("c", "d", "e"):
        made = made_instance(kind, 4, 12, 3)
        write_instance(tmp_path / kind, made)
        read = read_instance(tmp_path / kind)
        for name in ("cost", "load", "capacity"):
            assert (getattr(read, name) == getattr(made, name)).all()


def test_recipes_keep_their_ranges():
    c, d, e = (made_instance(kind, 10, 400, 1) for kind in ("c", "d", "e"))
    assert (c.load.min(), c.load.max(), c.cost.min(), c.cost.max()) == (5, 25, 10, 50)
    assert (d.load.min(), d.load.max()) == (1, 100)
    assert (np.abs(d.cost + d.load - 111) <= 10).all()
    assert (e.load >= 1).all()
    assert (e.capacity >= e.load.max(axis=1)).all()
    assert (c.capacity == np.floor(0.8 * c.load.sum(axis=1) / 10)).all()


def test_assignments_are_checked_against_the_file(tiny):
    instance = read_instance(tiny)
    assert instance.check([0, 1, 0]) == (7.0, None)
    assert "agent 1 carries 11 of 5" in str(instance.check([1, 1, 0])[1])
    assert "without an agent" in str(instance.check([0, 2, 0])[1])
    assert "2 jobs assigned" in str(instance.check([0, 1])[1])


def test_a_wrong_assignment_or_bound_is_a_fault(tiny, monkeypatch, capsys):
    for answer in ({"assignment": [1, 1, 0], "bound": 1.0}, {"assignment": [0, 1, 0], "bound": 8}):
        measured(monkeypatch, {"engine": answer})
        out = tiny.with_name(f"{answer['bound']}.json")
        assert gap.main([str(tiny), "--json", str(out)]) == 1
        (record,) = json.loads(out.read_text())["instances"]
        assert record["runs"]["engine"]["fault"]


def test_a_bound_on_whole_costs_is_rounded_up_and_may_prove_the_plan(tiny, monkeypatch):
    measured(monkeypatch, {"engine": {"assignment": [0, 1, 0], "bound": 6.2}})
    out = tiny.with_name("out.json")
    assert gap.main([str(tiny), "--json", str(out)]) == 0
    (record,) = json.loads(out.read_text())["instances"]
    run = record["runs"]["engine"]
    assert (run["value"], run["bound"], run["gap_pct"]) == (7.0, 7.0, 0.0)
    assert run["status"] == "optimal"
    assert run["assignment"] == [0, 1, 0]


def test_what_is_there_is_skipped_until_file_limit_or_code_change(tiny, monkeypatch):
    answer = {"assignment": [0, 1, 0], "bound": 7.0}
    called = measured(monkeypatch, {"engine": answer, "highs": answer})
    out = tiny.with_name("out.json")
    call = [str(tiny), "--json", str(out), "--seconds", "5"]
    gap.main(call)
    gap.main(call)
    assert called == ["engine"]
    gap.main([*call, "--rivals", "highs"])
    assert called == ["engine", "highs"]
    gap.main([*call[:-1], "6"])
    assert called == ["engine", "highs", "engine"]
    monkeypatch.setattr(gap, "code_version", lambda: "other")
    gap.main([*call[:-1], "6"])
    assert called.count("engine") == 3
    tiny.write_text(TINY.replace("9", "8"))
    gap.main([*call[:-1], "6"])
    assert called.count("engine") == 4
    assert len(json.loads(out.read_text())["instances"]) == 1


def test_the_page_has_a_part_for_each_type(tiny, monkeypatch):
    measured(monkeypatch, {"engine": {"assignment": [0, 1, 0], "bound": 7.0}})
    files = [tiny.with_name(name) for name in ("c05100", "d05100", "d10100")]
    for file in files:
        file.write_text(TINY)
    out = tiny.with_name("page.md")
    gap.main([*map(str, files), "--json", str(tiny.with_name("o.json")), "--out", str(out)])
    page = out.read_text()
    assert [line for line in page.splitlines() if line.startswith("##")] == [
        *("## Type c", "## Type d", "## All")
    ]
    of_d = page[page.index("## Type d") : page.index("## All")]
    assert "engine: 2 instances, 0 without a plan, 2 proved optimal" in of_d
    assert "d10100" in of_d


def test_best_known_values_come_from_the_end_of_the_path(tiny, monkeypatch, capsys):
    measured(monkeypatch, {"engine": {"assignment": [0, 1, 0], "bound": 5.0}})
    known = tiny.with_name("known.csv")
    known.write_text(
        f"Path,Best known solution value\n{tiny.parent.name}/tiny,6\nelsewhere/tiny,1\n"
    )
    out = tiny.with_name("out.json")
    gap.main([str(tiny), "--json", str(out), "--best-known", str(known)])
    (record,) = json.loads(out.read_text())["instances"]
    assert record["best_known"] == 6
    assert "to best known mean 16.6667 %" in capsys.readouterr().out


def test_a_solver_that_fails_is_reported_and_the_next_instance_still_runs(tiny, monkeypatch):
    class Failed:
        returncode = 1
        stdout = ""
        stderr = "Traceback\nMemoryError: too much"

    monkeypatch.setattr(gap.subprocess, "run", lambda command, **kwargs: Failed())
    other = tiny.with_name("other")
    other.write_text(TINY)
    out = tiny.with_name("out.json")
    assert gap.main([str(tiny), str(other), "--json", str(out)]) == 1
    records = json.loads(out.read_text())["instances"]
    assert [record["runs"]["engine"]["status"] for record in records] == ["failed", "failed"]
    assert "too much" in records[0]["runs"]["engine"]["fault"]


def test_unknown_rivals_are_refused(tiny):
    with pytest.raises(SystemExit):
        gap.main([str(tiny), "--json", str(tiny.with_name("out.json")), "--rivals", "nobody"])


@pytest.mark.parametrize(("name", "package"), [(name, _PACKAGE[name]) for name in RIVALS])
def test_rivals_find_the_best_plan_of_a_tiny_instance(name, package, tiny):
    # Each in a process of its own: ortools brings a HiGHS library that breaks highspy.
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    run = gap.measure(name, tiny, read_instance(tiny), 10.0, 1, "code")
    assert run["fault"] is None
    assert run["assignment"] == [0, 1, 0]
    assert run["value"] == run["bound"] == 7.0
    assert run["status"] == "optimal"
    assert run["seconds"] < 10
    assert run["peak_memory_mb"] > 20


def test_the_engine_proves_the_best_plan_of_a_tiny_instance(tiny):
    run = gap.measure("engine", tiny, read_instance(tiny), 10.0, 1, "code")
    assert run["fault"] is None
    assert (run["value"], run["bound"], run["status"]) == (7.0, 7.0, "optimal")
