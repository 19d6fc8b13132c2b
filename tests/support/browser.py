"""A real Chromium for the tests of the HTML report, driven by Playwright: what a page shows, asks for, and complains about."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")]
# No name is resolved but these, so that a page which asks for anything is found out, and none of it leaves the machine.
INSECURE_HOST = "insecure.test"
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
          f"--host-resolver-rules=MAP {INSECURE_HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")  # fmt: skip
_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
"""


@dataclass
class Opened:
    """A page in the browser.

    Attributes:
        page: Playwright's page.
        requests: Addresses that it asked for.
        errors: Errors of its script, and messages on the console.
    """

    page: Any
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def violations(self) -> list[str]:
        """Violations of the page's content security policy."""
        found: list[str] = self.page.evaluate("window.violations")
        return found

    @property
    def line(self) -> str:
        """The line of the page's check of itself."""
        text: str = self.page.inner_text("#check p.line")
        return text

    @property
    def differences(self) -> list[str]:
        """What the check found to differ."""
        found: list[str] = self.page.eval_on_selector_all("#check .found li", "all => all.map((e) => e.textContent)")
        return found

    def wait(self, script: str, argument: Any = None) -> None:
        """Wait until JavaScript gives something true. Playwright's own way evaluates in the page, which its policy forbids."""
        for _ in range(1200):
            if self.page.evaluate(script, argument):
                return
            self.page.wait_for_timeout(50)
        raise TimeoutError(script)

    def __call__(self, script: str, argument: Any = None) -> Any:
        """The value of JavaScript in the page."""
        return self.page.evaluate(script, argument)


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium, without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        yield started
        started.close()


@contextmanager
def opened(
    browser: Any, address: str | Path, *, width: int = 1280, checked: bool = True, **options: Any
) -> Iterator[Opened]:
    """A page of a file or an address; `checked` waits for its check of itself. `options` are those of a new context."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.set_default_timeout(60_000)
    found = Opened(page)
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("pageerror", lambda error: found.errors.append(str(error)))
    page.on("console", lambda message: found.errors.append(message.text))
    page.goto(address.as_uri() if isinstance(address, Path) else address)
    if checked:
        found.wait("document.documentElement.dataset.checked")
    yield found
    context.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        """No log."""


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """A folder over HTTP on this machine; gives the port."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
