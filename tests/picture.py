"""Takes the pictures of the README, by day and by night: `python3 -m tests.picture`. Needs chromium and chromedriver.

They show a ticket of the demo desk. Take them again when the page has changed.
"""

import app
from tests.browser import Browser, Driver
from tests.desk import ROOT, Desk

TICKET = "Single sign-on loops with Okta"
PICTURES = {"light": ROOT / "web/desk.webp", "dark": ROOT / "web/desk-dark.webp"}
WIDTH, HEIGHT = 1280, 900


def main() -> None:
    desk, driver = Desk(on_open=app.fill_with_demo), Driver()
    browser = Browser(driver)
    try:
        number = desk.rows("SELECT id FROM tickets WHERE title = ?", (TICKET,))[0][0]
        for scheme, path in PICTURES.items():
            browser.emulate(scheme=scheme, width=WIDTH, height=HEIGHT)
            browser.open("about:blank")
            browser.open(f"http://127.0.0.1:{desk.port}/#/tickets/{number}")
            browser.wait("h1", TICKET)
            browser.wait("#live.live")
            browser.screenshot(path)
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")
    finally:
        browser.quit()
        driver.stop()
        desk.stop()


if __name__ == "__main__":
    main()
