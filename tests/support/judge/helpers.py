"""A test server, rows for it, and the command as a function."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from audit.cli.commands import judge as command

HERE = Path(__file__).resolve().parent


class FakeServer:
    """A server in a process of its own."""

    def __init__(self, **options: Any) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "fake_server.py"), json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/stats", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def stop(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(timeout=30)
        self.process.stdout.close()


def questions(count: int, *, start: int = 0) -> list[dict[str, Any]]:
    """Rows of sqqa-wikiqa with one correct answer each."""
    return [
        {
            "id": f"q{number:05}",
            "hypothesis": f"It was number {number}.</s>",
            "finished": True,
            "reference": {
                "question": f"Which number is {number}?",
                "answers": [f"{number}"],
            },
            "prompt": "Please answer the question in detail.",
            "extra": {},
        }
        for number in range(start, start + count)
    ]


def write_rows(folder: Path, rows: list[dict[str, Any]], task: str = "sqqa-wikiqa") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{task}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    meta = {"schema": "repro-audit/predictions/1", "task": task, "model": "test", "variant": "13b"}
    (folder / f"{task}.meta.json").write_text(json.dumps(meta), "utf-8")
    return path


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(arguments)


def judge(*arguments: str) -> int:
    return command.run(parse(*arguments))
