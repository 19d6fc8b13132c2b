"""Building the image with the engine's builder, with progress on standard error."""

from __future__ import annotations

import re
import shutil
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from audit._util import canonical_json
from audit._util.files import write_atomic
from audit._util.terminal import in_a_line, unfiltered
from audit.container.engine import Engine, EngineError
from audit.container.image import Image, inspect
from audit.errors import InputError, MissingError
from audit.provenance.records import redaction

# Docker: `Step 3/9 : RUN x`; Podman: `STEP 3/9: RUN x`, and with several stages `[1/2] STEP 3/9: RUN x`.
_STEP = re.compile(r"((?:\[\d+/\d+\] )?)step (\d+/\d+)\s*: ?(.*)", re.IGNORECASE)
_BUILT = re.compile(r"Successfully built ([0-9a-f]{12,64})")
_CHATTER = re.compile(r"-+> |Removing intermediate container |Using cache")
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# The grammar of image names: parts, a port, a tag. A name of exactly 64 hexadecimal digits is excluded: it is an id.
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_TAG = re.compile(
    rf"(?![0-9a-f]{{64}}\Z){_PART}(?::[0-9]{{1,5}}(?=/))?(?:/{_PART})*(?::[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}})?"
)
_KEPT = 40  # lines of output shown if a step fails
_WIDTH = 80


# Most builds fail because a source cannot be reached from where they run.
OFFLINE = (
    "If a source cannot be reached: `Behind a proxy, or offline` in docs/how-to/build-the-image.md says how to build from "
    "your own mirrors."
)


class BuildError(MissingError):
    """A step of the build failed, or the build did not start."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A build.

    Attributes:
        context: The folder that the Dockerfile copies from; its `.dockerignore` is honoured.
        file: The Dockerfile, inside or outside the context.
        target: The stage; empty for the last one.
        arguments: Build arguments; they are stored in the image's history, so they must not contain secrets.
        tag: A name for the image, for users.
        network: The network of the RUN steps: host, none or default.
        cache: Whether cached steps of earlier builds may be used.

    Raises:
        InputError: The tag is not a valid image name.
    """

    context: Path
    file: Path
    target: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    tag: str | None = None
    network: str = "default"
    cache: bool = True

    def __post_init__(self) -> None:
        if self.tag is not None and not _TAG.fullmatch(self.tag):
            raise InputError(
                f"{self.tag!r} is not a valid image name",
                where="--tag",
                fix="Use lower-case letters, digits and . _ - between them, for example repro-audit:1.0",
            )


def build(engine: Engine, plan: Plan, stream: TextIO | None = None, *, verbose: bool = False) -> Image:
    """Build and return the image.

    Raises:
        InputError: The context or the Dockerfile does not exist.
        BuildError: A step failed; its last lines have been written to `stream`.
        EngineError: The engine failed.
    """
    from docker.errors import APIError, DockerException, StreamParseError
    from urllib3.exceptions import HTTPError

    if not plan.file.is_file():
        raise InputError("no such Dockerfile", where=str(plan.file), fix="Give it with --file.")
    if not plan.context.is_dir():
        raise InputError("no such folder", where=str(plan.context), fix="Give the checkout with --context.")
    progress = _Progress(stream or unfiltered(sys.stderr), verbose=verbose)
    identity: str | None = None
    try:
        for event in _events(engine, plan, progress):
            identity = progress.take(event) or identity
    except APIError as error:
        # The builder reports errors such as an unknown stage or an invalid Dockerfile before the first step.
        raise BuildError(
            f"the build did not start: {error.explanation or error}",
            where=str(plan.file),
            fix=f"Correct --target, --build-arg or the Dockerfile. {OFFLINE}",
        ) from None
    except (DockerException, HTTPError, OSError, ValueError, StreamParseError) as error:
        if str(error).startswith("Can not read file in context"):
            raise InputError(str(error), where=str(plan.context), fix="Name it in .dockerignore.") from None
        raise EngineError(
            f"the engine disconnected during the build ({str(error)[:200]})",
            where=engine.where,
            fix="Start it again, and repeat the command; finished steps are kept.",
        ) from None
    finally:
        progress.close()
    if identity is None:
        raise EngineError(
            "the build ended without an image",
            where=engine.where,
            fix="Start it again, and repeat the command; finished steps are kept.",
        )
    image = inspect(engine, identity)
    if image is None:
        raise EngineError(f"the engine does not know the image {identity} that it built", where=engine.where)
    return image


def write_record(path: Path, image: Image, plan: Plan) -> None:
    """Write the image's record, as canonical JSON.

    Raises:
        OSError: The record cannot be written.
    """
    record = image.record(target=plan.target or None, build_args=published(plan.arguments))
    write_atomic(path, canonical_json.dumps(record) + b"\n")


def published(arguments: Mapping[str, str]) -> dict[str, str | None]:
    """Build arguments for a record, with null for values that look like secrets."""
    return {name: None if _secret(name, value) else value for name, value in sorted(arguments.items())}


def _secret(name: str, value: str) -> bool:
    if redaction.WITHHELD in redaction.command(["build", f"{name}=x"])[1]:
        return True
    if re.fullmatch(r"(?:[^@\s]+@)?sha256:[0-9a-f]{64}", value):
        return False
    if "://" in value:
        address = urlsplit(value)
        return "@" in address.netloc or bool(address.query or address.fragment)
    return redaction.text(value) != value


def _events(engine: Engine, plan: Plan, progress: _Progress) -> Iterator[Mapping[str, Any]]:
    progress.note(f"sending {plan.context} to {engine.name}")
    inside = plan.file.resolve().is_relative_to(plan.context.resolve())
    yield from engine.client.build(
        path=str(plan.context),
        dockerfile=str(plan.file.resolve().relative_to(plan.context.resolve()) if inside else plan.file.resolve()),
        tag=plan.tag,
        target=plan.target or None,
        # A copy: the package adds proxies from the user's configuration, which are not arguments of the image.
        buildargs=dict(plan.arguments),
        network_mode=None if plan.network == "default" else plan.network,
        nocache=not plan.cache,
        rm=True,
        forcerm=True,
        decode=True,
    )


class _Progress:
    """One line per step; on a terminal also the latest line of its output."""

    def __init__(self, stream: TextIO, *, verbose: bool) -> None:
        self._stream = stream
        self._verbose = verbose
        self._terminal = stream.isatty() and not verbose
        self._width = min(_WIDTH, shutil.get_terminal_size().columns)
        self._tail: deque[str] = deque(maxlen=_KEPT)
        self._partial = ""
        self._step = self._instruction = ""
        self._layers: dict[str, str] = {}

    def take(self, event: Mapping[str, Any]) -> str | None:
        """Show an event; returns the image's id if the event contains it.

        Raises:
            BuildError: The event reports that the build failed.
        """
        if "error" in event or "errorDetail" in event:
            self._fail(event)
        auxiliary = event.get("aux")
        if isinstance(auxiliary, Mapping) and str(auxiliary.get("ID", "")).startswith("sha256:"):
            return str(auxiliary["ID"])
        if "status" in event:
            self._layer(event)
        identity = None
        lines = (self._partial + str(event.get("stream", ""))).split("\n")
        self._partial = lines.pop()
        for line in lines:
            identity = self._line(line) or identity
        return identity

    def _line(self, raw: str) -> str | None:
        # A carriage return returns to the start of the line: only the last part stays visible.
        text = _CONTROL.sub("", raw.rstrip("\r").rpartition("\r")[2]).rstrip()
        step = _STEP.fullmatch(text.strip())
        if step:
            self._step, self._instruction = f"{step[1]}{step[2]}", step[3].strip()
            self._tail.clear()
            self.note(f"{self._step} {self._instruction}")
            return None
        built = _BUILT.fullmatch(text.strip())
        if text.strip() and not _CHATTER.match(text.strip()):
            self._tail.append(text)
            if self._verbose:
                self.note(f"  {text}", cut=False)
            else:
                self._passing(f"  {text.strip()}")
        return built[1] if built else None

    def _layer(self, event: Mapping[str, Any]) -> None:
        """Show the progress of a base image's layers; without a terminal, only their completion."""
        name, status = str(event.get("id", "")), _CONTROL.sub("", str(event["status"]))
        if self._layers.get(name) == status:
            if self._terminal:
                self._passing(f"  {name} {status} {_CONTROL.sub('', str(event.get('progress', '')))}")
            return
        self._layers[name] = status
        if status in {"Pull complete", "Already exists"} or not name:
            self.note(f"  {name} {status}".rstrip())

    def _fail(self, event: Mapping[str, Any]) -> None:
        detail = event.get("errorDetail") or {}
        message = _CONTROL.sub("", str(detail.get("message") or event.get("error"))).strip()
        if self._partial:
            self._line(self._partial)
        self._clear()
        if not self._verbose:
            for line in self._tail:
                print(f"  {line}", file=self._stream)
        code = detail.get("code") or _code(message)
        place = f"step {self._step}" if self._step else "the build"
        what = f"{place} failed with exit code {code}: {self._instruction}" if code else f"{place} failed: {message}"
        raise BuildError(what, where="container build", fix=f"The step's last lines are above. {OFFLINE}")

    def note(self, text: str, *, cut: bool = True) -> None:
        """Print a permanent line."""
        self._clear()
        text = in_a_line(text)
        if cut and self._terminal and len(text) > self._width:
            text = f"{text[: self._width - 3]}..."
        print(text, file=self._stream, flush=True)

    def _passing(self, text: str) -> None:
        if self._terminal:
            self._clear()
            self._stream.write(in_a_line(text)[: self._width - 1])
            self._stream.flush()

    def _clear(self) -> None:
        if self._terminal:
            self._stream.write("\r\x1b[K")

    def close(self) -> None:
        """Clear the terminal's last line."""
        self._clear()
        self._stream.flush()


def _code(message: str) -> int | None:
    """The exit code in a builder's message, in Docker's or Podman's wording."""
    match = re.search(r"(?:non-zero code:|exit status|exit code:?) (\d+)", message)
    return int(match[1]) if match else None
