"""What runs a composite action: its steps in order, with the expressions of action.yml; and an API that keeps comments."""

from __future__ import annotations

import http.server
import json
import re
import socketserver
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Run:
    """What a run of an action did.

    Attributes:
        codes: Exit code of every step that ran, by its name.
        output: What the steps printed.
        outputs: The outputs of the action's steps, as `ID.NAME`.
    """

    codes: dict[str, int] = field(default_factory=dict)
    output: str = ""
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return any(self.codes.values())


def run_action(action: Mapping[str, Any], inputs: Mapping[str, str], github: Mapping[str, str], workspace: Path, folder: Path,
               environment: Mapping[str, str]) -> Run:  # fmt: skip
    """Run the steps as GitHub does: in a shell each, those after a failure only with `always()`.

    Args:
        action: The contents of action.yml.
        inputs: What the workflow gives; the others have their defaults.
        github: Values of the context `github`, by their names in an expression, such as `event.number`.
        workspace: The repository that is checked out.
        folder: Where files of the run go that do not belong to the repository.
        environment: The variables of the runner.
    """
    defaults = {name: str(one.get("default", "")) for name, one in action["inputs"].items()}
    assert not inputs.keys() - defaults.keys()
    known = {f"inputs.{name}": value for name, value in {**defaults, **inputs}.items()}
    known |= {f"github.{name}": value for name, value in github.items()}
    found = Run()
    for step in action["runs"]["steps"]:
        if "uses" in step:
            continue
        name = step["name"]
        if not condition(step.get("if", "success()"), known, failed=found.failed):
            continue
        out = folder / f"output-{len(found.codes)}"
        out.touch()
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", filled(step["run"], known)],
            cwd=workspace / filled(step.get("working-directory", "."), known),
            env={**environment, "GITHUB_OUTPUT": str(out), "GITHUB_WORKSPACE": str(workspace),
                 "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
                 **{key: filled(value, known) for key, value in step.get("env", {}).items()}},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        found.codes[name] = done.returncode
        found.output += done.stdout + done.stderr
        if "id" in step:
            pairs = (line.partition("=") for line in out.read_text("utf-8").splitlines())
            found.outputs |= {f"{step['id']}.{key}": value for key, _, value in pairs}
    return found


def filled(text: str, known: Mapping[str, str]) -> str:
    """A text with its `${{ }}` replaced; of `A || B` the first that is not empty."""

    def value(match: re.Match[str]) -> str:
        values = [known[name.strip()] for name in match[1].split("||")]
        return next((one for one in values if one), "")

    return re.sub(r"\$\{\{ (.+?) \}\}", value, text)


def condition(text: str, known: Mapping[str, str], *, failed: bool) -> bool:
    """A condition of terms that are joined by `&&`."""
    result = "always()" in text or not failed
    for term in text.split("&&"):
        compared = re.fullmatch(r"\s*(\S+) == '(.*)'\s*", term)
        if compared:
            result &= known[compared[1]] == compared[2]
        else:
            assert term.strip() in {"always()", "success()"}, term
    return result


@dataclass
class Comments:
    """The comments on a pull request, behind an API on a Unix socket.

    Attributes:
        kept: Comments as the API gives them.
        asked: Method and path of every request.
        refuse: Answer requests that write with 403, as for a pull request from a fork.
    """

    kept: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refuse: bool = False


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@contextmanager
def api(socket: Path, comments: Comments) -> Iterator[None]:
    """Serve the comments; one to a page, so that a client has to ask for all pages."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, code: int, value: object, **headers: str) -> None:
            raw = json.dumps(value).encode()
            self.send_response(code)
            for name, text in {"Content-Type": "application/json", "Content-Length": str(len(raw)), **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(raw)

        def do_GET(self) -> None:
            comments.asked.append(f"GET {self.path}")
            page = int((re.search(r"[?&]page=(\d+)", self.path) or [0, "1"])[1])
            path = self.path.partition("?")[0]
            more = (
                {"Link": f'<https://api.github.com{path}?page={page + 1}>; rel="next"'}
                if page < len(comments.kept)
                else {}
            )
            self.answer(200, comments.kept[page - 1 : page], **more)

        def written(self) -> None:
            comments.asked.append(f"{self.command} {self.path}")
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
            if comments.refuse:
                self.answer(403, {"message": "Resource not accessible by integration"})
            elif self.command == "PATCH":
                one = next(one for one in comments.kept if one["id"] == int(self.path.rpartition("/")[2]))
                one["body"] = body
                self.answer(200, one)
            else:
                comments.kept.append({"id": 100 + len(comments.kept), "user": {"type": "Bot"}, "body": body})
                self.answer(201, comments.kept[-1])

        do_POST = do_PATCH = written  # noqa: N815  names that the base class asks for

        def address_string(self) -> str:
            return "a socket"

        def log_message(self, *args: Any) -> None:
            pass

    with _Server(str(socket), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
