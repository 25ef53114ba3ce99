"""Same input, settings and seed: the same bytes, whatever the machine around them looks like."""

from pathlib import Path

from whole_run import parquet_digests, territory_process


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
