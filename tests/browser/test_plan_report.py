"""A sales leader opens the plan report from disk, on a desk and on a phone."""

from pathlib import Path

import duckdb
import pytest

from benchmarks.synthetic_release import AS_OF, write_release
from pipelines.report.write import write_report
from tests.browser.local_page import HOSTILE_NAMES, WIDTHS, needs_chromium, opened

pytestmark = [needs_chromium, pytest.mark.usefixtures("one_browser")]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_release(tmp_path_factory.mktemp("release"), 600, 12, HOSTILE_NAMES)
    return write_report(
        folder, folder / "none", company=HOSTILE_NAMES[0], scenario="default", as_of=AS_OF
    )


# In a picture of one section the menu would lie on it.
UNDER_NO_MENU = "nav.sections { position: static; }"

SECTIONS = (
    *("summary", "balance", "map", "moves", "territories", "reps", "functions", "history"),
    *("frontier", "headcount", "overlays", "limits", "quality", "terms"),
)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_whole_quiet_and_open_to_everybody(
    report: Path, width: int, tmp_path: Path
) -> None:
    with opened(report.as_uri(), width) as found:
        page = found.page
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
        assert page.locator("section.card:visible").evaluate_all(
            "all => all.map(one => one.id)"
        ) == list(SECTIONS)
        for section in SECTIONS:
            # Every section has more than its heading and its sentence.
            assert page.locator(f"#{section} :is(dd, td, li, rect, canvas)").count() > 0, section
            page.locator(f"#{section}").screenshot(
                path=tmp_path / f"{section}_{width}.png", style=UNDER_NO_MENU
            )
        assert found.painted_share("#map-canvas") > 0.02
        page.locator("#balance-level").select_option("region")
        page.locator("#balance").screenshot(
            path=tmp_path / f"balance_of_regions_{width}.png", style=UNDER_NO_MENU
        )
        page.locator("#map-mode").select_option("territory")
        page.locator("#map-rep").select_option("3")
        page.locator("#territory-version").select_option("current")
        assert found.overflow_pixels() <= 0
        assert found.spoilt_labels() == []
        assert found.severe_violations() == []
        assert found.is_quiet()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_of_a_rep_stands_alone(report: Path, width: int, tmp_path: Path) -> None:
    with opened(report.as_uri() + "#rep=r3", width) as found:
        assert found.page.locator("#rep-heading").is_visible()
        assert not found.page.locator("#report").is_visible()
        assert found.page.locator("#rep-page tbody tr").count() > 3
        assert found.overflow_pixels() <= 0
        assert found.severe_violations() == []
        assert found.is_quiet()
        found.page.screenshot(path=tmp_path / f"rep_{width}.png", full_page=True)


@pytest.fixture(scope="module")
def european_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a book between Lisbon and Warsaw."""
    folder = write_release(tmp_path_factory.mktemp("europe"), 300, 6)
    with duckdb.connect(str(folder / "territory.duckdb")) as connection:
        for table in ("dim_account", "dim_rep"):
            connection.execute(
                f"UPDATE {table} SET latitude = 38 + latitude % 15, longitude = longitude % 29 + 20"
            )
    return write_report(folder, folder / "none", company="Europa", scenario="default", as_of=AS_OF)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_book_outside_of_the_states_is_drawn_on_the_map_of_the_world(
    european_report: Path, width: int, tmp_path: Path
) -> None:
    with opened(european_report.as_uri(), width) as found:
        canvas = found.page.locator("#map-canvas")
        canvas.scroll_into_view_if_needed()
        assert found.page.evaluate("DATA.map.area") == "world"
        assert found.page.evaluate("DATA.map.borders.length") > 100
        assert found.painted_share("#map-canvas") > 0.02
        assert "United States" not in found.page.locator("#map-note").inner_text()
        box = canvas.bounding_box()
        assert box is not None
        found.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        found.page.locator("#map").screenshot(
            path=tmp_path / f"europe_{width}.png", style=UNDER_NO_MENU
        )
        canvas.focus()
        found.page.keyboard.press("+")
        assert found.painted_share("#map-canvas") > 0.02
        assert found.is_quiet()


def test_hostile_names_stay_text(report: Path) -> None:
    with opened(report.as_uri(), 1440) as found:
        page = found.page
        assert page.title() != "taken"
        assert page.locator("h1").inner_text() == HOSTILE_NAMES[0]
        assert page.locator("main img").count() == 0
        assert page.locator("#moves-table b").count() == 0
        for name in HOSTILE_NAMES:
            page.locator("#moves-table input").fill(name[:20])
            cells = page.locator("#moves-table tbody td:first-child").all_inner_texts()
            assert name in cells, name
        assert found.is_quiet()


def test_moves_are_searched_sorted_and_turned_by_keyboard(report: Path) -> None:
    with opened(report.as_uri(), 1440) as found:
        page = found.page
        stakes = page.locator("#moves-table tbody td:nth-child(5)")
        values = [int(text.replace(",", "")) for text in stakes.all_inner_texts()]
        assert values == sorted(values, reverse=True)
        page.locator("#moves-table thead th:nth-child(5) button").focus()
        page.keyboard.press("Enter")
        values = [int(text.replace(",", "")) for text in stakes.all_inner_texts()]
        assert values == sorted(values)
        first = page.locator("#moves-table tbody tr").first.inner_text()
        page.locator("#moves-table .pager button", has_text="Next").focus()
        page.keyboard.press("Enter")
        assert page.locator("#moves-table tbody tr").first.inner_text() != first
        page.locator("#moves-table input").fill("no account is called so")
        assert page.locator("#moves-table .pager").inner_text() == "No rows"


def test_the_map_shows_accounts_zooms_and_names_what_is_under_the_pointer(report: Path) -> None:
    with opened(report.as_uri(), 1440) as found:
        page = found.page
        canvas = page.locator("#map-canvas")
        canvas.scroll_into_view_if_needed()
        whole = canvas.screenshot()
        canvas.focus()
        page.keyboard.press("+")
        page.wait_for_timeout(100)
        assert canvas.screenshot() != whole
        page.locator("#map-all").click()
        box = canvas.bounding_box()
        assert box is not None
        for step in range(40):
            page.mouse.move(box["x"] + 200 + 20 * step, box["y"] + 0.55 * box["height"])
            if page.locator("#map-tip").is_visible():
                break
        assert "sales" in page.locator("#map-tip").inner_text() or (
            "base of a rep" in page.locator("#map-tip").inner_text()
        )


def test_each_function_has_a_view_and_plans_a_history(report: Path) -> None:
    with opened(report.as_uri(), 1440) as found:
        page = found.page
        choices = page.locator("#view-choice option").all_inner_texts()
        for choice in choices:
            page.locator("#view-choice").select_option(label=choice)
            assert page.locator("#view-table tbody tr").count() > 0, choice
        assert len(choices) == 10
        assert page.locator("#history-charts svg").count() == 7
        assert found.is_quiet()


def test_both_curves_of_the_frontier_show_the_figures_of_the_table(report: Path) -> None:
    with duckdb.connect(str(report.parent / "territory.duckdb"), read_only=True) as connection:
        prices = {
            name: connection.execute(
                f"SELECT point_name, price_of_{name}_usd FROM kpi_frontier "
                f"WHERE price_of_{name}_usd IS NOT NULL"
            ).fetchall()
            for name in ("fairness", "stability")
        }
    with opened(report.as_uri(), WIDTHS[0]) as found:
        charts = found.page.locator("#frontier-charts svg")
        assert charts.count() == 2
        for place, points in enumerate(prices.values()):
            chart = charts.nth(place)
            marks = chart.locator("circle title, rect title").all_text_contents()
            assert len(marks) == len(points)
            spoken = chart.get_attribute("aria-label") or ""
            for point, price in points:
                shown = f"USD {price:,.0f}"
                assert any(f"{point}: " in mark and shown in mark for mark in marks)
                assert shown in spoken
        assert found.page.locator("#frontier-table tbody tr").count() == 7
        assert found.page.locator("#frontier-link").is_visible()


def test_seats_and_leavers_show_the_figures_of_the_study(report: Path) -> None:
    with duckdb.connect(str(report.parent / "territory.duckdb"), read_only=True) as connection:
        values = connection.execute(
            "SELECT seat_value_usd FROM kpi_headcount WHERE seat_value_usd IS NOT NULL "
            "ORDER BY option_number"
        ).fetchall()
    with opened(report.as_uri(), WIDTHS[0]) as found:
        page = found.page
        marks = page.locator("#headcount-chart g title").all_text_contents()
        assert len(marks) == len(values) == 4
        assert all(
            f"USD {value:,.0f} a year" in mark for mark, (value,) in zip(marks, values, strict=True)
        )
        assert page.locator("#headcount-words p").count() == 4
        assert page.locator("#headcount-seats-table tbody tr").count() == 5
        assert page.locator("#headcount-leavers-table tbody tr").count() == 3
        assert page.locator("#headcount-link").is_visible()


def test_paper_gets_every_move(report: Path) -> None:
    with opened(report.as_uri(), 1440) as found:
        page = found.page
        pages = page.locator("#moves-table tbody tr").count()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("#moves-table tbody tr").count() > 4 * pages
        assert page.locator("#moves-table details[open]").count() > 4 * pages
        assert page.locator("details:not([open])").count() == 0
        page.emulate_media(media="print")
        assert not page.locator("nav.sections").is_visible()
        assert page.locator("#moves-table").is_visible()
