"""A book of nine accounts and three reps as files, planned in under a second."""

from pathlib import Path

ACCOUNTS = "account_id,account_name,service_hours,potential_usd,actual_sales_usd,visits_per_year," \
    "latitude,longitude,owner_rep_id,segment,state\n" + "".join(
        f"A{n},Account {n},{40 + n},{1000 * (n + 1)},{600 * (n + 1)},4,{42 + n / 10},-71,"
        f"R{1 if n < 6 else 2},{'small' if n % 2 else 'big'},{'MA' if n < 5 else 'NH'}\n"
        for n in range(9)
    )  # fmt: skip
REPS = (
    "rep_id,rep_name,capacity_hours,latitude,longitude,region\n"
    "R1,Ada Birch,200,42.1,-71,East\nR2,Ben Cole,200,42.8,-71,East\nR3,Cyd Dorn,200,42.5,-71,West\n"
)
# Wide enough for nine accounts of about the same size on three reps.
POLICY = (
    "metrics:\n  - {metric: hours, tolerance_pct: 20}\n  - {metric: potential, tolerance_pct: 60}\n"
)
OVERRIDES = (
    "account_id,action,rep_id,group_id,expires_date\n"
    "A1,assign,R3,,\nA2,lock,,,2026-07-31\nA3,forbid,R2,,2026-01-31\n"
)


def write_book(folder: Path) -> tuple[Path, Path, Path, Path]:
    """accounts.csv, reps.csv, overrides.csv and policy.yaml in `folder`."""
    files = []
    for name, text in (
        ("accounts.csv", ACCOUNTS),
        ("reps.csv", REPS),
        ("overrides.csv", OVERRIDES),
        ("policy.yaml", POLICY),
    ):
        path = folder / name
        path.write_text(text)
        files.append(path)
    return tuple(files)  # type: ignore[return-value]
