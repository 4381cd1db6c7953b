"""A person at a browser: real Chromium on the real pages, watched for errors and for anything from outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

CHROMIUM = "/usr/bin/chromium"
# Debian's Chromium, because it plays H.264; told not to call home, and to run as root where tests do.
ARGUMENTS = (
    "--no-sandbox", "--lang=zh-CN",
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


def open_browser(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))


class Desk:
    """One person's browser at the archive. `complaints`: what the pages did wrong while he worked."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("request", self._look_at_request)
        self.page.on("console", self._look_at_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))

    def sign_in(self, name: str, password: str) -> None:
        self.page.goto(f"{self.url}/")
        self.page.get_by_label("用户名").fill(name)
        self.page.get_by_label("密码").fill(password)
        self.page.get_by_role("button", name="登录").click()
        self.page.get_by_role("button", name="退出").wait_for()

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.url}{path}")
        return self.page

    def submit(self, button: str) -> None:
        """Press a form's button and wait for the page that comes of it."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=button, exact=True).first.click()

    def _look_at_request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "blob:", "data:")):
            self.complaints.append(f"outside: {request.url}")

    def _look_at_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console: {message.text}")


@contextmanager
def profile(browser: Browser, java_script_enabled: bool = True) -> Iterator[BrowserContext]:
    """A browser profile that nobody has used before."""
    context = browser.new_context(
        locale="zh-CN", viewport={"width": 1366, "height": 768}, java_script_enabled=java_script_enabled
    )
    context.set_default_timeout(60_000)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def desk_of(browser: Browser, url: str, name: str, password: str) -> Iterator[Desk]:
    """Somebody signed in, in a browser profile of his own; at the end nothing must have gone wrong on his pages."""
    with profile(browser) as context:
        desk = Desk(context, url)
        desk.sign_in(name, password)
        try:
            yield desk
        except Exception as error:
            error.add_note(f"{name} was at {desk.page.url}:\n{desk.page.locator('body').inner_text(timeout=5_000)}")
            raise
        assert desk.complaints == []
