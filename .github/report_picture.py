"""Draw the README's picture of a report: a real run, in a real browser.

python .github/report_picture.py     # writes .github/report.png; needs Chromium and playwright
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).with_name("report.png")


def main() -> None:
    """Run the SMA cross, open its report, and keep what a window shows of it."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder, "report.html")
        command = [sys.executable, "-m", "runner", "run", "strategies/sma_cross.py", "-q"]
        subprocess.run(  # noqa: S603 - our own program
            [*command, "--report", str(page_file)], check=True, stdout=subprocess.DEVNULL
        )
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1200, "height": 1010})
        page.goto(page_file.as_uri())
        page.wait_for_selector("#equity .main-svg")
        page.wait_for_timeout(500)
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
