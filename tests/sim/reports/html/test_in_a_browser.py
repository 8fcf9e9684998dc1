"""The pages in headless Chromium: nothing hostile runs, nothing is fetched, charts can be used.

Skipped where Playwright for Python or the program `chromium` is missing: it is no development tool.
"""

import shutil

import pytest

playwright = pytest.importorskip(
    "playwright.sync_api", reason="needs Playwright: pip install playwright"
)
PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="needs the program chromium: apt install chromium"),
]


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def opened(browser):
    """Return a function that opens a report; all that goes wrong in a page fails the test."""
    wrong, contexts = [], []

    def open_(path, *, width=1280, scheme="light"):
        size = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message) or dialog.dismiss())
        page.on("request", lambda sent: wrong.append(sent.url) if sent.url != address else None)
        address = f"file://{path}"
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not wrong


def draw_all(page):
    """Scroll through the page, which draws each chart."""
    count = page.locator(".plot").count()
    for place in range(count):
        plot = page.locator(".plot").nth(place)
        plot.scroll_into_view_if_needed()
        plot.locator(".main-svg").first.wait_for(state="attached")
    return count


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_draws_all_charts_fits_its_width_and_fetches_nothing(
    hostile, run, opened, width, scheme
):
    for folder, charts in ((hostile, 5 + 12), (run, 4)):
        page = opened(folder / "report.html", width=width, scheme=scheme)
        assert draw_all(page) == charts
        scroll, inner = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert scroll <= inner == width
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (scheme == "light")


def test_drag_zooms_a_gantt_chart_and_double_click_resets_it(run, opened):
    page = opened(run / "report.html")
    plot = page.locator("#timeline .plot")
    plot.scroll_into_view_if_needed()
    box = plot.locator(".nsewdrag").bounding_box()
    span = "(() => { const [a, b] = document.querySelector('#timeline .plot').layout.xaxis.range;"
    before = page.evaluate(f"{span} return b - a; }})()")
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 4, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, y, steps=5)
    page.mouse.up()
    page.wait_for_selector("#timeline .plot[data-zoomed=yes]", state="attached")
    after = page.evaluate(f"{span} return b - a; }})()")
    assert after == pytest.approx(before / 4, rel=0.05)  # a quarter of the width
    page.mouse.dblclick(box["x"] + box["width"] / 2, y)
    page.wait_for_selector("#timeline .plot[data-zoomed='']", state="attached")
    assert page.evaluate(f"{span} return b - a; }})()") == pytest.approx(before, rel=1e-3)


def test_a_job_of_a_gantt_chart_shows_its_figures(run, opened):
    page = opened(run / "report.html")
    bar = page.locator("#timeline .bars .point path").first
    bar.scroll_into_view_if_needed()
    bar.hover(force=True)
    hover = page.locator("#timeline .hoverlayer .hovertext").first
    hover.wait_for(state="attached")
    assert "epochs" in hover.text_content()


def test_a_cell_opens_to_its_runs_and_leads_to_its_timeline(hostile, opened):
    page = opened(hostile / "report.html")
    page.locator("#cell-3 button").click()
    runs = page.locator("#cell-3 + tr.runs")
    assert runs.locator("tbody tr").count() == 6
    assert "runs.csv --row 19" in runs.locator("code").first.text_content()  # 3 cells of 6 seeds
    runs.locator("a").click()
    page.wait_for_url("**#timeline-3")
    page.locator("#timeline-3 .main-svg").first.wait_for(state="attached")
    page.locator("#timeline-3 figcaption a").click()
    page.wait_for_url("**#cell-3")
    page.locator("#cell-3 button").click()
    assert runs.count() == 0


def test_a_point_leads_to_its_cell(hostile, opened):
    page = opened(hostile / "report.html")
    plot = page.locator("#charts .plot").first
    plot.scroll_into_view_if_needed()
    plot.locator(".points path").first.click(force=True)
    page.wait_for_url("**#cell-0")
    assert page.locator("#cell-0 button").get_attribute("aria-expanded") == "true"


def test_a_choice_shows_other_lines(hostile, opened):
    page = opened(hostile / "report.html")
    plot = page.locator("#charts .plot").first
    plot.scroll_into_view_if_needed()
    plot.locator(".main-svg").first.wait_for(state="attached")
    shown = "document.querySelector('#charts .plot').data.map((trace) => trace.visible)"
    assert page.evaluate(shown) == [True, False, True, False]
    page.locator("select").first.select_option(index=1)
    assert page.evaluate(shown) == [False, True, False, True]


def test_a_page_can_be_printed(hostile, opened):
    page = opened(hostile / "report.html", scheme="dark")
    assert page.pdf(format="A4").startswith(b"%PDF")
    assert page.locator(".plot .main-svg").count() >= 17  # drawn for the paper, unseen as they were
