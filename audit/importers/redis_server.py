"""Access to a Redis database: a server by its URL, or a saved dump loaded into a private server.

A dump is in Redis's own binary format, which only redis-server is certain to read correctly. It is started on a socket in a
private folder, on a copy of the dump, with network and saving turned off, and stopped afterwards. A dump may be hostile: the
server checks its structures while loading, its memory is limited, and a guard ends it when this process ends in any way.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from audit._util.files import refuse_pointer_file, sha256_file
from audit.errors import InputError, MissingError

if TYPE_CHECKING:
    import redis

_LOAD_SECONDS = 600.0
# Memory of the server: what it needs without data, and for each byte of the dump, which may be compressed.
_MEMORY, _MEMORY_A_BYTE = 1 << 30, 20
# Starts a program within a limit of memory, in KiB, and ends it, with its folder, when standard input is closed: by whoever
# started this, or by the system when that process is gone.
_GUARDED = """
folder=$1; ulimit -v "$2"; ulimit -c 0; shift 2
exec 3<&0
"$@" 3<&- </dev/null & server=$!
(cat <&3 >/dev/null; kill -9 "$server"; rm -rf "$folder") 2>/dev/null & guard=$!
exec 3<&-
wait "$server"
"""


def _library() -> None:
    try:
        import redis  # noqa: F401
    except ImportError as error:
        raise MissingError(
            "the Python package redis is not installed", fix="pip install 'repro-audit[redis]'"
        ) from error


@contextmanager
def open_source(source: str, database: int | None) -> Iterator[tuple[redis.Redis, str]]:
    """A client for a server's URL (`redis://`, `rediss://`, `unix://`) or a dump's path, and a name for the meta file.

    Raises:
        InputError: The file cannot be read or is not a dump; the server cannot be reached or refuses the connection.
        MissingError: redis-server or the Python package is not installed.
    """
    _library()
    if source.startswith(("redis://", "rediss://", "unix://")):
        with _server(source, database) as client:
            yield client, f"redis: {_without_password(source)}, database {_number(client)}"
        return
    path = Path(source)
    if not path.is_file():
        raise InputError("no such file", where=source, fix="Give a dump (*.rdb), or a URL: redis://HOST:PORT/DATABASE.")
    refuse_pointer_file(path)
    with path.open("rb") as handle:
        if handle.read(5) != b"REDIS":
            raise InputError("not a Redis dump", where=source, fix="Give a file that Redis saved (*.rdb).")
    digest = sha256_file(path)
    with _private(path, database or 0) as client:
        yield client, f"redis: {path.name}, sha256 {digest}, database {database or 0}"


def _without_password(url: str) -> str:
    """The URL without user, password and query, which may hold both."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{re.split('[?#]', rest.rpartition('@')[2])[0]}"


def _reason(error: Exception, url: str) -> str:
    """The text of an error without the secrets of the URL, which clients may quote, in part or decoded."""
    user, at, _ = url.partition("://")[2].rpartition("@")
    query = parse_qs(url.partition("?")[2])
    password = user.partition(":")[2]
    # A password with a slash or a colon is cut there, and the client complains about a part of it.
    parts = [part for part in re.split(r"[:/?#@]", password) if len(part) > 2]
    secrets = [password, *parts] if at else []
    secrets += [value for name in ("password", "username") for value in query.get(name, ())]
    secrets.append(url.partition("#")[2])
    text = str(error)
    for secret in sorted({form for s in secrets for form in (s, unquote(s)) if form}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _number(client: redis.Redis) -> int:
    return int(client.connection_pool.connection_kwargs.get("db") or 0)


@contextmanager
def _server(url: str, database: int | None) -> Iterator[redis.Redis]:
    import redis

    options = {} if database is None else {"db": database}
    where = _without_password(url)
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=10, **options)
    except ValueError as error:
        raise InputError(
            f"not a Redis URL ({_reason(error, url)})", where=where, fix="redis://HOST:PORT/DATABASE"
        ) from error
    try:
        client.ping()
        yield client
    except redis.AuthenticationError as error:
        raise InputError(
            f"the Redis server refused the connection ({_reason(error, url)})",
            where=where,
            fix="Check the user and password.",
        ) from error
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise MissingError(
            f"the Redis server does not answer ({_reason(error, url)})",
            where=where,
            fix="Check the URL, and that the server runs.",
        ) from error
    except redis.RedisError as error:
        raise InputError(
            f"the Redis server returned an error ({_reason(error, url)})",
            where=where,
            fix="Check the URL, and that the server runs.",
        ) from error
    finally:
        client.close()


@contextmanager
def _private(dump: Path, database: int) -> Iterator[redis.Redis]:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    program = shutil.which("redis-server")
    if program is None:
        raise MissingError("redis-server is not installed", fix="apt-get install redis-server")
    # The path of a socket is limited to 107 bytes, which the default temporary folder may exceed.
    with tempfile.TemporaryDirectory(prefix="repro-audit-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        shutil.copyfile(dump, folder / "dump.rdb")
        command = [program, "--port", "0", "--unixsocket", str(folder / "socket"), "--unixsocketperm", "700"]
        command += ["--dir", name, "--dbfilename", "dump.rdb", "--save", "", "--appendonly", "no"]
        command += ["--databases", str(max(16, database + 1)), "--logfile", str(folder / "log")]
        command += ["--sanitize-dump-payload", "yes"]
        limit = _MEMORY + _MEMORY_A_BYTE * dump.stat().st_size
        guarded = ["/bin/sh", "-c", _GUARDED, "sh", name, str(limit // 1024), *command]
        # In a session of its own: a Ctrl-C is this process's to handle.
        process = subprocess.Popen(guarded, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
        retry = Retry(NoBackoff(), 0)  # `_wait` retries, because it also notices if the server exits
        client = redis.Redis(unix_socket_path=str(folder / "socket"), db=database, retry=retry)
        try:
            _wait(client, process, folder / "log", dump, limit)
            yield client
        finally:
            with suppress(redis.RedisError):
                client.close()
            # It serves a copy that is thrown away, so nothing is lost; a clean end could wait for a dump to load.
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


def _wait(client: redis.Redis, process: subprocess.Popen[bytes], log: Path, dump: Path, limit: int) -> None:
    """Wait until the dump is loaded; if loading fails, the server's message becomes the error.

    Redis says "short read or OOM", so one message names both.
    """
    import redis

    end = time.monotonic() + _LOAD_SECONDS
    while time.monotonic() < end:
        with suppress(redis.RedisError):
            client.ping()
            return
        if process.poll() is not None:
            lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
            told = [line.partition(" # ")[2] for line in lines if " # " in line]
            reason = next((t for t in told if "RDB" in t or "rdb" in t), told[-1] if told else "no message")
            raise InputError(
                f"redis-server cannot load the dump ({reason})",
                where=str(dump),
                fix="Check the copy, or use a redis-server at least as new as the one that wrote it. A dump that needs more "
                f"than {limit >> 20:,} MB is not loaded here: load it yourself, and give the server's URL.",
            )
        time.sleep(0.02)
    raise InputError(
        "redis-server takes too long to load the dump", where=str(dump), fix="Load it yourself and give its URL."
    )
