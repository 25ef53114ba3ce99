"""Same input, settings and seed: the same bytes, whatever the machine around them looks like."""

from pathlib import Path

from whole_run import SmallProject, parquet_digests, territory_process


def test_a_run_elsewhere_publishes_the_same_bytes(sample_data_dir: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "other place, señor" / "data"
    outcome = territory_process(
        "run",
        "--data-dir",
        elsewhere,
        dagster_home=tmp_path / "dagster",
        PYTHONHASHSEED="4242",
        TZ="Pacific/Auckland",
        LC_ALL="C",
    )
    assert outcome.exit_code == 0, outcome.errors
    first = sample_data_dir / "published"
    assert parquet_digests(elsewhere / "published") == parquet_digests(first)
    assert (elsewhere / "published").readlink() == first.readlink()
    for moves in ("moves.csv", "moves.xlsx"):
        assert (elsewhere / "published" / moves).read_bytes() == (first / moves).read_bytes()


def test_rows_in_another_order_give_the_same_plan(small_project: SmallProject) -> None:
    before = parquet_digests(small_project.data_dir / "published")
    for file in ("accounts.csv", "opportunities.csv", "users.csv"):
        small_project.replace_in(
            file,
            lambda text: (
                "\n".join([text.splitlines()[0], *sorted(text.splitlines()[1:], reverse=True)])
                + "\n"
            ),
        )
    outcome = small_project.run()
    assert outcome.exit_code == 0, outcome.errors
    after = parquet_digests(small_project.data_dir / "published")
    # Other files, so another plan_id in every table that carries one; the account table has none.
    assert after["dim_account.parquet"] == before["dim_account.parquet"]
