"""The container engine: connecting to it, and turning its errors into messages.

Supports Docker, and Podman through its Docker-compatible socket. The `docker` package works with both; only endpoints that
Podman supports are used (listed in docs/how-to/run-the-container.md).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from audit.errors import InputError, MissingError

# Seconds. Something that is not an engine may accept a connection and never answer; an engine that removes gigabytes may be
# slow.
_CONNECT = 20
_ANSWER = 300
_START = "Start it, or set another address with DOCKER_HOST or --host."


class EngineError(MissingError):
    """The engine is not running, refused a request, or disconnected."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A connected container engine.

    Attributes:
        client: A `docker.APIClient`.
        where: Its address, for messages.
        info: The response of `/info`, which the properties read.
        name: `Docker` or `Podman`, and the version.
    """

    client: Any
    where: str
    info: Mapping[str, Any]
    name: str

    @property
    def local(self) -> bool:
        """Whether it runs on this machine, judged by the address."""
        return self.where.startswith("unix://")

    @property
    def podman(self) -> bool:
        """Whether it is Podman."""
        return self.name.startswith("Podman")

    @property
    def rootless(self) -> bool:
        """Whether it runs as an unprivileged user, whose id is then 0 inside containers."""
        return any("name=rootless" in str(option) for option in self.info.get("SecurityOptions") or ())

    def limits(self, what: Literal["Memory", "Swap", "Pids"]) -> bool:
        """Whether it can limit this; an engine without the controller refuses the limit or silently ignores it."""
        return bool(self.info.get(f"{what}Limit", True))

    @property
    def memory(self) -> int | None:
        """The bytes of memory of its machine, if it tells."""
        return int(self.info.get("MemTotal") or 0) or None

    @property
    def nvidia_runtime(self) -> bool:
        """Whether it has NVIDIA's runtime."""
        return "nvidia" in (self.info.get("Runtimes") or {})

    @property
    def nvidia_cdi(self) -> bool:
        """Whether it has NVIDIA's devices by CDI."""
        found = [str(one.get("ID", "")) for one in self.info.get("DiscoveredDevices") or ()]
        return any(name.startswith("nvidia.com/gpu=") for name in found) or bool(self.info.get("CDISpecDirs"))

    @property
    def names_by_manifest(self) -> bool:
        """Whether an image's id is its manifest digest (containerd's image store), not its config digest."""
        return any("io.containerd.snapshotter" in str(value) for _, value in self.info.get("DriverStatus") or ())

    @contextlib.contextmanager
    def asked(self, what: str, fix: str | None = None) -> Iterator[None]:
        """Context for calls of `client`: errors become an EngineError that names the request."""
        from docker.errors import DockerException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except (DockerException, HTTPError, OSError, ValueError, KeyError) as error:
            raise explain(error, self.where, what, fix) from None

    @contextlib.contextmanager
    def unhurried(self) -> Iterator[None]:
        """Context for a request whose response may take arbitrarily long to start."""
        before = self.client.timeout
        self.client.timeout = None
        try:
            yield
        finally:
            self.client.timeout = before


def connect(host: str | None = None) -> Engine:
    """Connect to the engine at `host`, DOCKER_HOST or the default socket.

    Raises:
        InputError: The address is invalid or of an unsupported kind.
        MissingError: The `docker` package is not installed.
        EngineError: There is no engine, or it refuses the connection.
    """
    try:
        import docker
        from docker.errors import DockerException
        from docker.utils import kwargs_from_env, parse_host
        from urllib3.exceptions import HTTPError
    except ImportError:
        raise MissingError("the `docker` package is not installed", fix="Run: pip install docker") from None
    given = host or os.environ.get("DOCKER_HOST") or None
    try:
        options = kwargs_from_env()
        options["base_url"] = given
        # parse_host fills in defaults and schemes; tls only chooses between http and https.
        where = str(parse_host(given, False, bool(options.get("tls")))).removeprefix("http+")
    except (DockerException, ValueError) as error:
        raise InputError(
            f"not an address of a container engine ({error})",
            where=given or "DOCKER_HOST",
            fix="unix:///PATH or tcp://HOST:PORT",
        ) from None
    if where.startswith(("ssh://", "npipe://")):
        raise InputError(
            f"addresses with {where.partition(':')[0]}:// are not supported",
            where=where,
            fix="For a remote engine, forward its socket and give the port as --host tcp://127.0.0.1:2375:\n"
            "  ssh -nNT -L 127.0.0.1:2375:/var/run/docker.sock USER@HOST",
        )
    client = None
    try:
        client = docker.APIClient(version="auto", timeout=_CONNECT, **options)
        info = client.info()
        version = client.version()
        name = _name(version)
    except (DockerException, HTTPError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if client is not None:
            client.close()
        raise explain(error, where, None) from None
    client.timeout = _ANSWER
    return Engine(client=client, where=where, info=info, name=name)


def explain(error: BaseException, where: str, what: str | None, fix: str | None = None) -> EngineError:
    """Convert an error of the `docker` package or of the network to an EngineError.

    Args:
        error: The error.
        where: The engine's address.
        what: The request ("start the container"); None while connecting.
        fix: A more specific remedy if the engine disconnected.
    """
    explanation = getattr(error, "explanation", None)
    if explanation and getattr(error, "response", None) is not None:
        task = f"to {what}" if what else "to answer"
        return EngineError(f"the engine refused {task}: {_line(explanation)}", where=where)
    causes = list(_causes(error))

    def caused(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    late = caused(TimeoutError) or "timed out" in str(error)
    if what is not None:
        if late:
            text = f"the engine did not answer within {_ANSWER} seconds"
        elif isinstance(error, ValueError | KeyError) and not isinstance(error, OSError):
            text = f"the engine returned an unexpected response ({_line(error)})"
        else:
            reason = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), None)
            text = f"the engine disconnected ({reason or 'connection lost'})"
        return EngineError(
            f"{text}; request: {what}", where=where, fix=fix or "Start it again, and repeat the command."
        )
    if caused(FileNotFoundError):
        return EngineError("no container engine: the socket does not exist", where=where, fix=fix or _suggestion())
    if caused(PermissionError):
        return EngineError(
            "permission denied on the engine's socket",
            where=where,
            fix="Join the group that owns it (often `docker`), or use a rootless engine: Podman or Docker.",
        )
    if caused(ConnectionRefusedError):
        return EngineError("connection refused: no engine listens at this address", where=where, fix=_START)
    if late:
        return EngineError(f"no answer within {_CONNECT} seconds", where=where, fix=_START)
    return EngineError(
        f"the server at this address is not a container engine ({_line(causes[-1])})", where=where, fix=_START
    )


def _suggestion() -> str:
    """The remedy for a missing socket; Podman's socket must be named explicitly."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "/run")
    for candidate in (Path(runtime, "podman", "podman.sock"), Path("/run/podman/podman.sock")):
        with contextlib.suppress(OSError):
            if candidate.is_socket():
                return f"To use Podman's socket: export DOCKER_HOST=unix://{candidate}"
    return "Start Docker (`systemctl start docker`) or Podman (`podman system service`), or set DOCKER_HOST."


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all errors it was raised from or wraps, innermost last."""
    seen: set[int] = set()
    queue: list[BaseException] = [error]
    while queue:
        one = queue.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [getattr(one, "reason", None), *one.args, one.__cause__, one.__context__]
        queue += [value for value in inner if isinstance(value, BaseException)]


def _line(value: object) -> str:
    """The first line of a message, at most 300 characters."""
    text = str(value).strip() or type(value).__name__
    return text.splitlines()[0][:300]


def _name(version: Mapping[str, Any]) -> str:
    components = version.get("Components") or ()
    podman = next((one for one in components if "podman" in str(one.get("Name")).lower()), None)
    return f"Podman {podman['Version']}" if podman else f"Docker {version['Version']}"
