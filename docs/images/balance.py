"""Draw the picture of the README from a published release: each rep before and after.

python docs/images/balance.py data/published docs/images/balance.svg
"""

import sys
from pathlib import Path

import duckdb

WIDTH, ROW, LEFT, RIGHT, TOP = 900, 18, 165, 30, 64
PANELS = (("hours", "Service hours"), ("potential", "Potential"))
# Distinguishable with every common colour blindness (Okabe and Ito 2008).
BEFORE, AFTER, BAND = "#E69F00", "#0072B2", "#DCE6EE"
MOST = 2.5


def loads(release: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Load ÷ mean load per capacity, by rep, version and metric; 1 is exactly the rep's share."""
    with duckdb.connect(str(release / "territory.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            """
            SELECT r.rep_name, k.plan_version,
                   k.service_hours / (sum(k.service_hours) OVER v
                       * k.effective_capacity_hours / sum(k.effective_capacity_hours) OVER v),
                   k.potential_usd / (sum(k.potential_usd) OVER v
                       * k.effective_capacity_hours / sum(k.effective_capacity_hours) OVER v)
            FROM kpi_territory AS k
            JOIN dim_territory AS d USING (territory_id)
            JOIN dim_rep AS r ON r.rep_id = d.rep_id
            WINDOW v AS (PARTITION BY k.plan_version)
            ORDER BY r.rep_name, r.rep_id
            """
        ).fetchall()
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, version, hours, potential in rows:
        found.setdefault(name, {})[version] = {"hours": hours, "potential": float(potential)}
    return found


def draw(release: Path) -> str:
    """The picture as SVG text."""
    reps = loads(release)
    panel = (WIDTH - LEFT - RIGHT - 30) / 2
    height = TOP + ROW * len(reps) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="system-ui, sans-serif" font-size="11" role="img" '
        'aria-label="Load of each rep before and after the plan">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<circle cx="{LEFT + 6}" cy="16" r="5" fill="{BEFORE}"/>'
        f'<text x="{LEFT + 16}" y="20">today</text>',
        f'<circle cx="{LEFT + 76}" cy="16" r="5" fill="{AFTER}"/>'
        f'<text x="{LEFT + 86}" y="20">planned</text>',
        f'<rect x="{LEFT + 150}" y="10" width="22" height="12" fill="{BAND}"/>'
        f'<text x="{LEFT + 178}" y="20">target ± 5 %</text>',
    ]
    for index, (metric, title) in enumerate(PANELS):
        start = LEFT + index * (panel + 30)

        def x(load: float, start: float = start) -> float:
            return start + min(load, MOST) / MOST * panel

        parts.append(
            f'<text x="{start}" y="{TOP - 20}" font-weight="600">{title}, share of target</text>'
        )
        parts.append(
            f'<rect x="{x(0.95):.1f}" y="{TOP - 8}" width="{x(1.05) - x(0.95):.1f}" '
            f'height="{ROW * len(reps) + 8}" fill="{BAND}"/>'
        )
        for tick in (0, 0.5, 1, 1.5, 2, 2.5):
            label = f"{tick * 100:.0f} %" + ("+" if tick == MOST else "")
            parts.append(
                f'<text x="{x(tick):.1f}" y="{height - 10}" text-anchor="middle" '
                f'fill="#555">{label}</text>'
            )
        for row, (name, versions) in enumerate(reps.items()):
            y = TOP + row * ROW + ROW / 2
            if index == 0:
                parts.append(f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{name}</text>')
            before = versions.get("current", {}).get(metric) or 0.0
            after = versions["proposed"][metric]
            parts.append(
                f'<line x1="{x(before):.1f}" x2="{x(after):.1f}" y1="{y}" y2="{y}" '
                'stroke="#bbb"/>'
                f'<circle cx="{x(before):.1f}" cy="{y}" r="4" fill="{BEFORE}"/>'
                f'<circle cx="{x(after):.1f}" cy="{y}" r="4" fill="{AFTER}"/>'
            )
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(draw(Path(sys.argv[1])), encoding="utf-8")
