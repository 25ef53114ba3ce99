"""Settings decide everything: equal ones give equal bytes, others give another company."""

import subprocess
import sys
from datetime import date
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import ConfigurationError
from pipelines.sample import CompanySettings, generate_company, generator_version
from pipelines.sample.history import build_history
from tests.sample.exported_company import AS_OF, ExportedCompany, export_company

PROGRAM = """
import sys
from pathlib import Path
from tests.sample.exported_company import export_company
export_company(Path(sys.argv[1]), 300, 12, dirt=True)
"""


def digests(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_equal_settings_give_equal_bytes_in_another_process(tmp_path: Path) -> None:
    here = export_company(tmp_path / "here", 300, 12, dirt=True)
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "there")],
        check=True,
        env={"PYTHONHASHSEED": "5", "TZ": "Asia/Tokyo", "POLARS_MAX_THREADS": "1"},
        cwd=Path(__file__).parents[2],
    )
    assert digests(here.folder) == digests(tmp_path / "there")
    assert len(digests(here.folder)) == 11


def test_another_seed_gives_another_company(
    tmp_path: Path, default_company: ExportedCompany
) -> None:
    other = export_company(tmp_path, 1_200, 25, seed=8)
    mine, theirs = digests(default_company.folder), digests(other.folder)
    assert all(
        mine[f"{name}.csv"] != theirs[f"{name}.csv"]
        for name in ("accounts", "users", "opportunities", "activities", "overrides")
    )


def test_a_company_of_several_chunks_numbers_its_records_through(tmp_path: Path) -> None:
    exported = export_company(tmp_path, 20_500, 40)
    assert exported.summary.rows["accounts.csv"] == 20_500
    assert exported.accounts["Account ID"].n_unique() == 20_500
    assert exported.opportunities["Opportunity ID"].is_unique().all()
    assert exported.activities["Activity ID"].is_unique().all()
    last = exported.opportunities.filter(
        pl.col("Account ID") == exported.accounts["Account ID"][-1]
    )
    assert last.height > 0


def test_a_clean_company_removes_the_answer_key_of_a_dirty_one(tmp_path: Path) -> None:
    dirty = export_company(tmp_path / "used", 60, 3, dirt=True)
    assert (dirty.folder / "answer_key.csv").is_file()
    clean = export_company(tmp_path / "used", 60, 3)
    fresh = export_company(tmp_path / "fresh", 60, 3)
    assert digests(clean.folder) == digests(fresh.folder)


@pytest.mark.parametrize(("accounts", "reps"), [(1, 1), (5, 2), (30, 4), (12, 40)])
def test_small_companies_work(tmp_path: Path, accounts: int, reps: int) -> None:
    exported = export_company(tmp_path, accounts, reps, dirt=True)
    assert exported.summary.rows["accounts.csv"] >= accounts
    active = exported.text("users.csv").filter(
        pl.col("Title").str.contains("Account Executive") & (pl.col("Active") == "1")
    )
    assert active.height == reps


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"accounts": 0}, "accounts is 0"),
        ({"accounts": 10**8}, "accounts is 100000000"),
        ({"reps": 0}, "reps is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"as_of": date(1200, 1, 1)}, "as_of is 1200-01-01"),
    ],
)
def test_a_setting_out_of_range_is_named(
    tmp_path: Path, change: dict[str, object], named: str
) -> None:
    settings = {"accounts": 10, "reps": 2, "seed": 1, "as_of": AS_OF} | change
    with pytest.raises(ConfigurationError, match=named):
        generate_company(CompanySettings(**settings, out=tmp_path / "new"))  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


def test_progress_tells_accounts_done(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    settings = CompanySettings(10_001, 5, 3, AS_OF, tmp_path)
    generate_company(settings, lambda _, done, total: told.append((done, total)))
    assert told == [(10_000, 10_001), (10_001, 10_001)]


def test_summary_counts_the_rows_of_every_file(default_company: ExportedCompany) -> None:
    for name, rows in default_company.summary.rows.items():
        text = (default_company.folder / name).read_bytes()
        assert text.count(b"\n") - 1 == rows, name
    assert default_company.summary.total_rows == sum(default_company.summary.rows.values())


def test_history_is_24_months_also_from_a_leap_day() -> None:
    leap = build_history(date(2024, 2, 29))
    assert str(leap.start) == "2022-03-01"
    assert str(leap.today) == "2024-02-29"
    assert str(build_history(date(2026, 6, 30)).start) == "2024-07-01"


def test_generator_version_is_stable_within_a_version() -> None:
    assert generator_version() == generator_version()
    assert len(generator_version()) == 16
