from __future__ import annotations

import contextlib
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT

# The tests of inference alone run where it is not installed.
with contextlib.suppress(ImportError):
    from hypothesis import Phase, settings

    # The same examples on every run, and no time limits: a test fails for its property alone.
    settings.register_profile("audit", deadline=None, derandomize=True)
    # A mutant is killed by the first example that fails: the smallest one is of no interest.
    settings.register_profile("mutation", settings.get_profile("audit"), phases=(Phase.explicit, Phase.generate))
    settings.load_profile("audit")


def pytest_addoption(parser: pytest.Parser) -> None:
    """What passed on one machine need not run again on another, where only the rest is wanted."""
    parser.addoption(
        "--passed-to", type=Path, metavar="FILE", help="write the ids of the tests that passed, one a line"
    )
    parser.addoption("--but", type=Path, metavar="FILE", help="leave out the tests whose ids stand in FILE")


class _Passed:
    """Writes what passed, with its set-up and its end."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.ran: dict[str, bool] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.ran[report.nodeid] = self.ran.get(report.nodeid, True) and report.passed

    def pytest_sessionfinish(self) -> None:
        self.file.write_text("".join(f"{test}\n" for test, passed in self.ran.items() if passed), encoding="utf-8")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what `--but` names."""
    if file := config.getoption("--but"):
        known = set(file.read_text(encoding="utf-8").splitlines())
        left_out = [item for item in items if item.nodeid in known]
        items[:] = [item for item in items if item.nodeid not in known]
        config.hook.pytest_deselected(items=left_out)


def pytest_configure(config: pytest.Config) -> None:
    """A process of pytest-xdist ignores interrupts, and so would the programs that tests start and interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Of several processes the one that started the others sees all reports.
    if (file := config.getoption("--passed-to")) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Passed(file))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """In several processes the tests of a file stay together; those of containers share an engine and its tags."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "container" if "/container/" in file else file

    return ByFile(config, log)


@pytest.fixture(scope="session")
def shared_real() -> Path:
    folder = ROOT.parent / "shared" / "real"
    if not folder.is_dir():
        pytest.skip("needs real model outputs in ../shared/real, which are not part of the project")
    return folder


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but this machine is an error."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else None
        if self.family != socket.AF_UNIX and host not in {"127.0.0.1", "localhost", "::1"}:
            raise AssertionError(f"a test tried to reach {address!r}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
