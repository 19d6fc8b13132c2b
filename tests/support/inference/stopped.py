"""Runs a command with a model engine that never answers, in a process of its own, so that it can be stopped."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audit.inference.model_engines.interface import Answer, EngineModel, Heard
from tests.support.inference.made_engine import Made, MadeModel

READY = "ready"


class Silent(Made):
    """Says that it is asked, by a file in the working directory, then sleeps for an hour."""

    def load(self, model: EngineModel) -> MadeModel:
        return SilentModel(model)


class SilentModel(MadeModel):
    def answer(self, clips: Sequence[Heard]) -> list[Answer]:
        Path(READY).touch()
        time.sleep(3600)
        raise AssertionError(clips)


class Sleeper:
    """Stands for a worker and what makes it (`WorkSpec`), for processes of the local engine."""

    device = "cpu"

    def on(self, device: str) -> Sleeper:
        return self

    def worker(self, loaded: Any = None) -> Sleeper:
        return self

    def run(self, batch: Any) -> Any:
        Path(READY).touch()
        time.sleep(3600)

    def close(self) -> None:
        """Nothing to close."""


def two_workers() -> None:
    """Run two processes of the local engine on batches that never end; SIGTERM is an interrupt."""
    import signal
    from types import SimpleNamespace

    from audit.inference.engines.local import LocalEngine

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    batches: Any = [SimpleNamespace(number=n) for n in range(4)]
    for _ in LocalEngine(("cpu", "cpu")).run(Sleeper(), batches):  # type: ignore[arg-type]
        pass


if __name__ == "__main__":
    if sys.argv[1] == "two-workers":
        two_workers()
    from audit.cli import main
    from audit.inference import model_engines

    model_engines.ENGINES = (*model_engines.ENGINES, Silent())
    sys.exit(main(sys.argv[1:]))
