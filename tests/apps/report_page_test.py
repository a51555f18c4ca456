#!/usr/bin/env python3
"""Opens reports in Chromium: what is drawn, what the controls do, that nothing is requested and nothing injected.

Needs playwright (the private environment report-test that `./run test` makes) and a Chromium (Debian's); otherwise
exits with 77: skipped. SCREENSHOTS=DIR keeps pictures of every page.
"""
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(os.environ.get("LSTMBENCH_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
PROGRAM = pathlib.Path(os.environ.get("LSTMBENCH_BINARY_DIR", SOURCE / "build/dev/bin")) / "lstmbench"
DATA = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share") / "lstmbench/environments"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}

if not (DATA / "report/vega.js").exists():
    print("skipped: no charts (./run setup installs vl-convert-python)")
    sys.exit(77)
if not CHROMIUM:
    print("skipped: no Chromium")
    sys.exit(77)
if importlib.util.find_spec("playwright") is None:
    python = DATA / "report-test/bin/python"
    if not python.exists():
        print("skipped: no playwright (./run test installs it)")
        sys.exit(77)
    os.execv(python, [str(python), *sys.argv])

from playwright.sync_api import sync_playwright  # noqa: E402

import published_results  # noqa: E402
import stored_results  # noqa: E402

EVIL = "\"'><script>window.hacked=1</script><img src=x onerror=window.hacked=1></script><!--<script>{{7*7}}"


def call(*arguments, cwd=None, expect=0):
    result = subprocess.run([PROGRAM, *map(str, arguments)], text=True, capture_output=True, cwd=cwd, timeout=120,
                            env={**os.environ, "COLUMNS": "100", "LC_ALL": "C.UTF-8"})
    assert result.returncode == expect, f"{arguments}: {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="lstmbench-pages-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.playwright = sync_playwright().start()
        cls.addClassCleanup(cls.playwright.stop)
        cls.browser = cls.playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        cls.addClassCleanup(cls.browser.close)
        (cls.folder / "one.csv").write_text("bench,experiment,parameters,runtime,version\na_b,mine,7,0.5,1\n")

    @classmethod
    def page_of(cls, name, fill, *arguments):
        """Results file and page of a run; made once."""
        results, page = cls.folder / f"{name}.db", cls.folder / f"{name}.html"
        if not results.exists():
            call("import", cls.folder / "one.csv", "--results", results)
            fill(results)
        if not page.exists():
            started = time.monotonic()
            call("report", "--results", results, "--html", page, *arguments)
            print(f"{name}: written in {time.monotonic() - started:.2f} s, {page.stat().st_size / 1e6:.2f} MB", file=sys.stderr)
        return results, page

    def open(self, path, size="desktop", scheme="light"):
        width, height = SIZES[size]
        context = self.browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.addCleanup(context.close)
        page = context.new_page()
        page.set_default_timeout(10000)
        self.messages, self.requests = [], []
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("dialog", lambda dialog: self.messages.append("dialog"))
        page.on("request", lambda request: self.requests.append(request.url))
        started = time.monotonic()
        page.goto(path.as_uri())
        self.wait(page)
        print(f"{path.stem} {size}: drawn in {time.monotonic() - started:.2f} s", file=sys.stderr)
        if os.environ.get("SCREENSHOTS"):
            page.screenshot(path=f"{os.environ['SCREENSHOTS']}/{path.stem}-{size}-{scheme}.png", full_page=True)
        return page

    def wait(self, page):
        page.wait_for_selector("body[data-ready=yes]", timeout=20000)

    def assert_clean(self, page, path):
        self.assertEqual(self.messages, [])
        self.assertEqual(self.requests, [path.as_uri()])
        self.assertIsNone(page.evaluate("window.hacked ?? null"))
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), page.viewport_size["width"])

    def texts(self, page, kind, table=0):
        """What stands in a chart's text marks, from top to bottom."""
        return page.evaluate("""([kind, table]) => [...document.querySelectorAll(
            `[data-chart="${kind}"][data-table="${table}"] .mark-text.role-mark text`)].map((t) => t.textContent)""", [kind, table])


class TypicalRun(Pages):
    def setUp(self):
        self.results, self.path = self.page_of("typical", stored_results.typical_run)

    def test_every_chart_draws_its_marks(self):
        for size in SIZES:
            with self.subTest(size=size):
                page = self.open(self.path, size)
                self.assert_clean(page, self.path)
                data = json.loads(page.locator("#report-data").text_content())
                charts = page.evaluate("""() => [...document.querySelectorAll('[data-chart]:not([data-case])')].map((element) => ({
                    kind: element.dataset.chart, table: Number(element.dataset.table),
                    bars: element.querySelectorAll('.mark-rect.role-mark path[aria-roledescription="bar"]').length,
                    points: element.querySelectorAll('.mark-symbol.role-mark path').length,
                    lines: element.querySelectorAll('.mark-line.role-mark path').length}))""")
                self.assertEqual(sorted({chart["kind"] for chart in charts}), ["bars", "forest", "peak", "trend"])
                self.assertEqual(len(charts), 16)
                for chart in charts:
                    rows = data["tables"][chart["table"]]["rows"]
                    ranked = [row for row in rows if row["ranked"]]
                    texts = self.texts(page, chart["kind"], chart["table"])
                    if chart["kind"] == "bars":
                        self.assertEqual(chart["bars"], 3 * len(ranked))
                        self.assertEqual(len(texts), len(rows))
                    elif chart["kind"] == "forest":
                        self.assertEqual(chart["points"], len(ranked))
                        self.assertEqual(len(texts), len(ranked))
                    elif chart["kind"] == "peak":
                        self.assertEqual(chart["bars"], len(ranked))
                    else:
                        self.assertEqual(chart["lines"], 1)
                        self.assertEqual(chart["points"], 2)

    def test_verdict_comes_first_and_names_what_failed(self):
        page = self.open(self.path)
        cards = page.locator(".card").all_inner_texts()
        self.assertEqual(len(cards), 4)
        self.assertRegex(cards[0], r"native/sequence 0\.1\.0\n+[\d.]+ ms a step\n+FASTER\s+1\.\d\d× as fast as onednn/lstm 3\.2\.0 \(1\.\d\d–1\.\d\d\)\n")
        self.assertIn("against native/sequence 0.1.0: 7 SLOWER", cards[0])
        self.assertRegex(cards[2], r"FASTER\s+1\.\d\d× as fast as [\s\S]*: 5 SLOWER")
        self.assertRegex(page.locator("#failures").inner_text(), r"CRASHED[\s\S]*TIMEOUT")
        self.assertEqual(page.locator("#matrix .chip").all_inner_texts(), ["CRASHED", "TIMEOUT"])
        self.assertLess(page.locator("#verdict").bounding_box()["y"], page.locator("#times").bounding_box()["y"])

    def test_another_baseline_gives_what_the_program_computes(self):
        page = self.open(self.path)
        for baseline in ("onednn/lstm", "native/fused"):
            value = page.evaluate("(name) => [...document.querySelectorAll('#baseline option')].find((o) => o.textContent.startsWith(name)).value",
                                  baseline)
            page.select_option("#baseline", value)
            self.wait(page)
            report = json.loads(call("report", "--results", self.results, "--baseline", baseline, "--json", "-").stdout)
            expected = {}
            for case in report["cases"]:
                if case["workload"] == "1x320/CE-long" and case["relative"]:
                    relative = case["relative"]
                    expected[(case["implementation"], case["version"].split("+")[0])] = (
                        "baseline" if case["is_reference"] else f"{relative['ratio']:.2f}× ({relative['low']:.2f}–{relative['high']:.2f})")
            shown = page.evaluate("""() => Object.fromEntries([...document.querySelectorAll('#cases [data-of="1"] details')].map((d) =>
                [d.querySelector('.name').textContent, d.querySelector('[data-ratio]').textContent]))""")
            for (implementation, version), text in expected.items():
                if text != "baseline":
                    self.assertEqual(shown[f"{implementation} {version}"], text)
            self.assertEqual(sorted(self.texts(page, "forest", 1)), sorted(expected.values()))
            self.assertEqual(page.locator("[data-baseline-of='1']").inner_text(), baseline)
            self.assertTrue(all(" · " in text for text in self.texts(page, "bars", 1)))
        self.assertEqual(page.locator("[data-baseline-of='3']").inner_text(), "native/fused")
        page.select_option("#baseline", "")
        self.wait(page)
        self.assertEqual(page.locator("[data-baseline-of='1']").inner_text(), "native/sequence")
        self.assertEqual(self.messages, [])

    def test_the_filter_hides_workloads(self):
        page = self.open(self.path)
        boxes = page.locator("#filter input")
        boxes.nth(0).uncheck()
        boxes.nth(2).uncheck()
        self.wait(page)
        self.assertEqual(page.locator("#times .panel:visible h3").all_inner_texts(), ["1x320/CE-long", "4x320/CTC-long"])
        self.assertEqual(page.locator("#matrix thead th:visible").count(), 3)
        self.assertEqual(page.locator(".card:visible").count(), 2)
        boxes.nth(1).uncheck()
        boxes.nth(3).uncheck()
        self.assertTrue(page.locator("#nothing").is_visible())
        self.assertFalse(page.locator("#times").is_visible())
        boxes.nth(0).check()
        self.wait(page)
        self.assertEqual(len(self.texts(page, "forest", 0)), 8)

    def test_a_case_opens_with_its_steps_log_and_command(self):
        page = self.open(self.path)
        case = page.locator("#cases details", has_text="onednn/lstm 3.2.0").first
        case.locator("summary").click()
        case.locator("[data-drawn]").nth(2).wait_for()
        self.assertEqual(case.locator("[data-chart=order] .mark-symbol.role-mark path").count(), 96)
        self.assertGreater(case.locator("[data-chart=distribution] .mark-rect.role-mark path").count(), 3)
        self.assertEqual(case.locator("[data-chart=ratios] .mark-symbol.role-mark path").count(), 12)
        self.assertIn("--implementation onednn/lstm", case.inner_text())
        self.assertIn("2e-07 (layer0.forward.R; at most 1e-05 allowed)", case.inner_text())
        page.locator("#failures a").first.click()
        crashed = page.locator("details", has_text="onednn/lstm-any")
        self.assertEqual(crashed.get_attribute("open"), "")
        self.assertIn("about to run\nSegmentation fault", crashed.inner_text())
        self.assertIn("was killed by SIGSEGV", crashed.inner_text())
        self.assertEqual(self.messages, [])

    def test_the_keyboard_reaches_everything(self):
        page = self.open(self.path)
        page.keyboard.press("Tab")
        self.assertEqual(page.evaluate("document.activeElement.className"), "skip")
        order = []
        for _ in range(12):
            page.keyboard.press("Tab")
            order.append(page.evaluate("document.activeElement.id || document.activeElement.type || document.activeElement.tagName"))
        self.assertIn("baseline", order)
        self.assertEqual(order.count("checkbox"), 4)
        page.locator("#filter input").first.focus()
        page.keyboard.press("Space")
        self.assertEqual(page.locator(".card:visible").count(), 3)
        page.locator("#cases details:visible summary").first.focus()
        page.keyboard.press("Enter")
        self.assertEqual(page.locator("details[open]").count(), 1)
        self.assertTrue(page.evaluate("getComputedStyle(document.activeElement).outlineStyle !== 'none'"))
        unnamed = "[...document.querySelectorAll('[data-chart]:not([data-case])')].filter((chart) => !chart.getAttribute('aria-label')).length"
        self.assertEqual(page.evaluate(unnamed), 0)

    def test_light_dark_and_print_can_be_read(self):
        contrast = """() => {
          const parse = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
          const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
          const panel = parse(getComputedStyle(document.querySelector('.panel')).backgroundColor);
          const of = (selector, property) => ratio(parse(getComputedStyle(document.querySelector(selector))[property]), panel);
          return [of('.card .by', 'color'), of('.panel header p', 'color'), of('[data-chart=bars] .mark-text.role-mark text', 'fill'),
                  of('[data-chart=bars] .role-axis-label text', 'fill')];
        }"""
        colours = {}
        for scheme in ("light", "dark"):
            page = self.open(self.path, scheme=scheme)
            colours[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
            for ratio in page.evaluate(contrast):
                self.assertGreaterEqual(ratio, 4.5, scheme)
        self.assertNotEqual(colours["light"], colours["dark"])
        page.emulate_media(media="print")
        for ratio in page.evaluate(contrast):
            self.assertGreaterEqual(ratio, 4.5)
        self.assertFalse(page.locator(".toolbar").is_visible())
        self.assertTrue(page.pdf().startswith(b"%PDF"))

    def test_without_scripts_the_numbers_are_there(self):
        context = self.browser.new_context(java_script_enabled=False)
        self.addCleanup(context.close)
        page = context.new_page()
        page.goto(self.path.as_uri())
        self.assertIn("1.2", page.locator("#matrix").inner_text())
        self.assertIn("Charts need JavaScript", page.locator("main").inner_text())

    def test_charts_as_files(self):
        call("report", "--results", self.results, "--svg", self.folder / "charts", "--png", self.folder / "charts", cwd=self.folder)
        names = sorted(path.name for path in (self.folder / "charts").iterdir())
        self.assertEqual(len(names), 32)
        self.assertIn("1x320-CE-short-fp32-cpu-2t-bars.png", names)
        for name in names:
            content = (self.folder / "charts" / name).read_bytes()
            self.assertTrue(content.startswith(b"\x89PNG" if name.endswith("png") else b"<svg"), name)
        self.assertIn("1x320/CE-short", (self.folder / "charts/1x320-CE-short-fp32-cpu-2t-forest.svg").read_text())


class HostileTexts(Pages):
    def fill(self, results):
        run = stored_results.StoredRun(results, 6, started_at=EVIL, notes=[EVIL], command=EVIL,
                                       machine={"CPU": EVIL, "usable CPUs": EVIL, EVIL: EVIL})
        run.library(EVIL, EVIL, {EVIL: EVIL})
        run.library("native", EVIL, problem=EVIL)
        run.workload("evil/one", stored_results.WORKLOADS["1x320/CE-short"])  # others are refused, see below
        for index, name in enumerate((EVIL, f"a/{EVIL}", "plain/one", "__proto__", "constructor", "a" * 300)):
            run.case("evil/one", name, EVIL, 10 + index, description=EVIL, repeat=EVIL, dtype="fp32")
            run.case("evil/one", name + "-failed", EVIL, 10, status="FAILED", message=EVIL, log=EVIL + "\n\x1b[31m\x00red\u202e", repeat=EVIL)
        run.close()

    def test_stay_text(self):
        results, path = self.page_of("hostile", self.fill, "--markdown", self.folder / "hostile.md")
        for size in SIZES:
            page = self.open(path, size)
            for details in page.locator("#cases details").all():
                details.evaluate("(element) => { element.open = true; }")
            page.locator("details[open] [data-drawn]").nth(11).wait_for()
            page.locator("[data-chart=bars] .mark-rect.role-mark path").first.hover()
            page.wait_for_selector("#vg-tooltip-element.visible")
            self.assertIn("<script>window.hacked=1</script>", page.locator("#vg-tooltip-element").inner_text())
            page.select_option("#baseline", "1")
            self.wait(page)
            self.assert_clean(page, path)
            self.assertEqual(page.evaluate("document.scripts.length"), 3)
            self.assertEqual(page.locator("img, iframe, object, embed, link, base").count(), 0)
            self.assertGreater(page.locator("body").inner_text().count(EVIL), 20)
        markdown = (self.folder / "hostile.md").read_text()
        self.assertNotRegex(markdown, r"<(script|img|!--)")

    def test_files_named_after_texts_stay_in_their_folder(self):
        results, _ = self.page_of("hostile", self.fill, "--markdown", self.folder / "hostile.md")
        call("report", "--results", results, "--svg", self.folder / "evil")
        for path in (self.folder / "evil").iterdir():
            self.assertRegex(path.name, r"^[A-Za-z0-9_-]+\.svg$")
            self.assertNotIn("<script>window", path.read_text())

    def test_a_workload_of_a_name_that_none_can_have_is_refused(self):
        results = self.folder / "named.db"
        call("import", self.folder / "one.csv", "--results", results)
        run = stored_results.StoredRun(results, 6)
        name = EVIL + "\x1b[31m"
        run.workload(name, stored_results.WORKLOADS["1x320/CE-short"])
        run.case(name, "plain/one", "", 10)
        run.close()
        error = call("report", "--results", results, "--html", self.folder / "named.html", expect=5).stderr
        self.assertIn("a name may hold letters, digits", error)
        self.assertNotIn("\x1b", error)
        self.assertFalse((self.folder / "named.html").exists())


class Published(Pages):
    def fill(self, results):
        (self.folder / "published.csv").write_text(published_results.csv_text())
        call("import", self.folder / "published.csv", "--results", results)

    def test_the_original_charts_come_back(self):
        _, path = self.page_of("published", self.fill)
        page = self.open(path)
        self.assert_clean(page, path)
        self.assertEqual(page.locator("#times h3").all_inner_texts(), ["1x320/CE-long", "4x320/CE-long", "4x320/CTC-long"])
        for table, experiment in enumerate(("1x320-LSTM_cross-entropy", "4x320-BIDIR-LSTM_cross-entropy", "4x320-BIDIR-LSTM_CTC")):
            bars = published_results.chart(experiment)
            self.assertEqual(self.texts(page, "bars", table), [label for _, label in bars])
            shown = page.evaluate("""(table) => [...document.querySelectorAll(
                `[data-chart="bars"][data-table="${table}"] .role-axis-label text`)].map((t) => t.textContent)""", table)
            names = [text for text in shown if text.startswith("pytorch")]
            self.assertEqual(names, [name for name, _ in bars])
        self.assertIn("published, not measured here", page.locator("header .chips").inner_text())
        self.assertIn("PUBLISHED", page.locator("#cases").inner_text())


class LargeRun(Pages):
    def test_200_cases_of_40_rounds(self):
        _, path = self.page_of("large", stored_results.large_run)
        self.assertLess(path.stat().st_size, 5e6)
        page = self.open(path)
        self.assert_clean(page, path)
        self.assertEqual(sum(len(self.texts(page, "bars", table)) for table in range(4)), 200)


class WithoutRuntime(unittest.TestCase):
    def test_says_what_to_do_before_anything_is_written(self):
        with tempfile.TemporaryDirectory() as folder:
            stored = pathlib.Path(folder) / "r.db"
            (pathlib.Path(folder) / "one.csv").write_text("bench,experiment,parameters,runtime,version\na_b,mine,7,0.5,1\n")
            call("import", f"{folder}/one.csv", "--results", stored)
            for flag in ("--html", "--png", "--svg"):
                result = subprocess.run([PROGRAM, "report", "--results", stored, flag, f"{folder}/out"], text=True, capture_output=True,
                                        env={**os.environ, "XDG_DATA_HOME": folder}, timeout=60)
                self.assertEqual(result.returncode, 1)
                self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
                self.assertIn("./run setup", result.stderr)
                self.assertFalse((pathlib.Path(folder) / "out").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
