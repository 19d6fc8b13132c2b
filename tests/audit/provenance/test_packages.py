from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audit.errors import InputError
from audit.provenance.records import packages

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts packages on a path of its own, where nothing else is installed; `requires` are lines of their metadata."""
    found = importlib.metadata.distributions
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: found(path=[str(tmp_path)]))

    def add(name: str, *requires: str, extras: tuple[str, ...] = ()) -> None:
        folder = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        folder.mkdir()
        lines = [f"Provides-Extra: {extra}" for extra in extras] + [f"Requires-Dist: {line}" for line in requires]
        text = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *lines])
        (folder / "METADATA").write_text(f"{text}\n", encoding="utf-8")

    packages.installed.cache_clear()
    yield add
    packages.installed.cache_clear()


def needs() -> dict[str, tuple[str, ...]]:
    return {one.name: one.requires for one in packages.installed()}


def test_requirements_are_followed_by_their_normalised_names(install: Install) -> None:
    install("repro-audit", "First_Thing>=1,<3", "second.thing (>=1)", "absent")
    install("First-Thing", "Third @ https://example.org/third.zip")
    install("second-thing")
    install("third")
    install("unrelated")
    assert needs() == {"first-thing": ("third",), "second-thing": (), "third": ()}


def test_a_marker_that_does_not_hold_here_keeps_a_package_off_the_list(install: Install) -> None:
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    install("repro-audit", f'here; python_version == "{minor}"', 'elsewhere; python_version < "3"')
    install("here", 'elsewhere; sys_platform == "no-such-system"')
    install("elsewhere")
    assert needs() == {"here": ()}


def test_extras_are_followed_only_where_they_are_asked_for(install: Install) -> None:
    install("repro-audit", "plain", "full[Some_Extra]", 'tool; extra == "test"', 'server; extra == "judge"',
            extras=("test", "judge"))  # fmt: skip
    for name in ("plain", "full"):
        install(name, 'more; extra == "some-extra"', extras=("some-extra",))
    for name in ("more", "tool", "server"):
        install(name)
    # The project's own extras all count but those for its development.
    assert needs() == {"full": ("more",), "more": (), "plain": (), "server": ()}


def test_a_requirement_that_cannot_be_read_names_its_package(install: Install) -> None:
    install("repro-audit", "broken")
    install("broken", "other ((")
    with pytest.raises(InputError, match="the installed package broken has an invalid requirement"):
        packages.installed()
