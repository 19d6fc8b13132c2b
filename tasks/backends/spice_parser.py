"""Parses captions for SPICE: CoreNLP's parser in one Java process at a time, every distinct caption once.

`spice.js` runs in Rhino, with the classes of SPICE 1.0. What it reads in a caption depends on the caption alone, and is kept
between runs (`tasks.backends.parsed_captions`). Whether a caption is parsed is decided by the length of its longest sentence
alone; threads and memory change how long it takes.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from tasks.backends.java import JavaChild, java
from tasks.backends.parsed_captions import CaptionCache, Parsed, default_folder
from tasks.backends.spice_jars import SCRIPT, class_path, identity
from tasks.errors import UnavailableError

LIMIT_VARIABLE = "REPRO_AUDIT_SPICE_LIMIT"
# Words of a sentence that is still parsed. The longest of 4,400 answers of a published SALMONN run has 177; at this length a
# parse takes about 15 s and 1 GB, and both grow with the length: docs/how-to/captions.md has the measurements.
DEFAULT_LIMIT = 180
LONGEST = 400
# The parser's arrays take 4 bytes for each of its 12,977 states and each pair of words (n * n / 2), and a quarter more.
BYTES_PER_SQUARED_WORD = 32_000
# Megabytes: the models and dictionaries; and what parses may hold at a time, at least one of the longest sentence.
_MODELS, _PARSES = 400, 1_200
# Java's heap needs room for garbage; its own code and threads come on top.
_HEAP_FACTOR, _OUTSIDE_HEAP = 1.5, 600
MAX_THREADS = 8
# Captions that are sent at a time; every one is kept at the latest when its part is done.
PART = 200
# Seconds: to load the models on a busy machine; and without any answer, long enough for the longest sentence on one.
_START, _SILENCE = 300.0, 3600.0


class Watcher(Protocol):
    """Told about the work: a progress bar."""

    def show(self, done: int, total: int, /) -> None:
        """So many captions are parsed."""

    def tell(self, text: str, /) -> None:
        """Something that the user should know."""


# Parses parts somewhere else, on a cluster; results in any order.
Elsewhere: TypeAlias = Callable[[Sequence[Sequence[str]], int], Iterator[Mapping[str, Parsed]]]
_elsewhere: Elsewhere | None = None
_known: dict[tuple[str, str], Parsed] = {}
_broken: dict[tuple[str, ...], str] = {}


def limit() -> int:
    """The words of the longest sentence that is parsed: `REPRO_AUDIT_SPICE_LIMIT`, otherwise `DEFAULT_LIMIT`.

    Raises:
        UnavailableError: The variable is not a positive integer.
    """
    named = os.environ.get(LIMIT_VARIABLE)
    if not named:
        return DEFAULT_LIMIT
    if not named.isascii() or not named.isdigit() or not 1 <= int(named) <= LONGEST:
        raise UnavailableError(f"{LIMIT_VARIABLE} is {named!r}, not a number of words from 1 to {LONGEST}")
    return int(named)


def heap(words: int) -> int:
    """Megabytes of Java's heap for sentences of so many words."""
    return round((_MODELS + _budget(words)) * _HEAP_FACTOR)


def memory_bound(words: int) -> int:
    """Megabytes that the Java process takes at most."""
    return heap(words) + _OUTSIDE_HEAP


def _budget(words: int) -> int:
    return max(_PARSES, -(-words * words * BYTES_PER_SQUARED_WORD >> 20) + 1)


def parse(
    texts: Iterable[str], longest: int, *, watcher: Watcher | None = None, threads: int | None = None
) -> dict[str, Parsed]:
    """What the parser reads in captions; known ones are not parsed again.

    Args:
        texts: The captions.
        longest: Words of the longest sentence that is parsed.
        watcher: Is told about the work.
        threads: Parses at a time; by default one for each processor, at most `MAX_THREADS`.

    Raises:
        UnavailableError: The parser is missing or failed; what it had read before is kept.
    """
    wanted = list(dict.fromkeys(texts))
    jars = class_path()
    name = identity(jars)
    kept = CaptionCache(default_folder(), name)
    missing = _missing(wanted, name, kept, longest)
    if missing and _elsewhere is not None:
        parts = [missing[start : start + PART] for start in range(0, len(missing), PART)]
        for found in _watched(_elsewhere(parts, longest), watcher, len(missing)):
            _keep(found, name, kept)
    elif missing:
        with _alone(watcher):
            # Another process may have parsed them meanwhile.
            missing = _missing(missing, name, kept, longest)
            if missing:
                _parse(missing, longest, jars, name, kept, watcher, threads)
    if kept.problem and watcher is not None:
        watcher.tell(kept.problem)
    return {text: _known[name, text] for text in wanted}


def distribute(elsewhere: Elsewhere | None) -> None:
    """Parse on other machines from now on; None: on this one."""
    global _elsewhere  # noqa: PLW0603  # one engine a process
    _elsewhere = elsewhere


def forget() -> None:
    """Forget what this process knows of captions and failures; for tests."""
    _known.clear()
    _broken.clear()


def _watched(
    found: Iterator[Mapping[str, Parsed]], watcher: Watcher | None, total: int
) -> Iterator[Mapping[str, Parsed]]:
    done = 0
    for one in found:
        yield one
        done += len(one)
        if watcher is not None:
            watcher.show(done, total)


def _missing(texts: Sequence[str], name: str, kept: CaptionCache, longest: int) -> list[str]:
    unknown = [text for text in texts if (name, text) not in _known]
    _known.update({(name, text): one for text, one in kept.get(unknown).items()})
    # A sentence that an earlier limit left out.
    return [
        text
        for text in texts
        if (one := _known.get((name, text))) is None
        or (one.tuples is None and not one.gave_up and one.words <= longest)
    ]


def _keep(found: Mapping[str, Parsed], name: str, kept: CaptionCache) -> None:
    for text, one in found.items():
        _known[name, text] = one
    kept.put(found)


def _parse(
    texts: Sequence[str],
    longest: int,
    jars: Sequence[Path],
    name: str,
    kept: CaptionCache,
    watcher: Watcher | None,
    threads: int | None,
) -> None:
    setting = (java(), name, str(longest))
    if setting in _broken:
        raise UnavailableError(_broken[setting])
    number = min(threads or _processors(), MAX_THREADS)
    try:
        child = _start(jars, longest, number)
    except UnavailableError as error:
        _broken[setting] = str(error)
        raise
    if watcher is not None:
        watcher.show(0, len(texts))
    done = 0
    try:
        for start in range(0, len(texts), PART):
            part = texts[start : start + PART]
            for found in _answers(child, part, kept):
                _keep(found, name, kept)
                done += len(found)
                if watcher is not None:
                    watcher.show(done, len(texts))
    finally:
        child.close()


def _answers(child: JavaChild, part: Sequence[str], kept: CaptionCache) -> Iterator[dict[str, Parsed]]:
    """What is read in the captions of a part: a few at a time, so that keeping them costs little, and little is lost."""
    found: dict[str, Parsed] = {}
    failure: str | None = None
    lines = [json.dumps({"i": number, "text": text}) for number, text in enumerate(part)]
    try:
        for line in child.stream(lines, _SILENCE):
            answer = _json(line)
            text = part[answer["i"]]
            if "error" in answer:
                failure = failure or f"SPICE: a caption of {len(text.split())} words: {answer['error']}"
                continue
            found[text] = _record(answer)
            if len(found) >= 20 or answer["n"] > 40:
                yield found
                found = {}
    except UnavailableError as error:
        failure = str(error)
    finally:
        # Also when the user stops the run.
        kept.put(found)
    if found:
        yield found
    if failure:
        raise UnavailableError(failure)


def _record(answer: Mapping[str, Any]) -> Parsed:
    if "t" not in answer:
        return Parsed(answer["n"], gave_up=bool(answer.get("flat")))
    synsets = {word.removeprefix("="): frozenset(ids) for word, ids in answer["s"].items()}
    return Parsed(answer["n"], tuple(map(tuple, answer["t"])), synsets)


def _json(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        raise UnavailableError(f"SPICE: {line.strip()[:200]}") from None
    if not isinstance(found, dict):
        raise UnavailableError(f"SPICE: unexpected output: {line.strip()[:80]!r}")
    return found


def _start(jars: Sequence[Path], longest: int, threads: int) -> JavaChild:
    """Java with the models loaded, after one caption was parsed."""
    free = free_memory()
    if free is not None and free < heap(longest):
        raise UnavailableError(
            f"SPICE needs {heap(longest):,} MB of memory for sentences of {longest} words; {free:,} MB are free "
            "(free some, or lower --spice-limit)"
        )
    child = JavaChild(
        "SPICE",
        (
            f"-Xmx{heap(longest)}m",
            "-XX:+UseG1GC",
            "-XX:+IgnoreUnrecognizedVMOptions",
            f"-XX:ActiveProcessorCount={threads}",
            "-cp",
            ":".join(map(str, jars)),
            "org.mozilla.javascript.tools.shell.Main",
            "-opt",
            "-1",
            str(SCRIPT),
        ),
    )
    settings = {"threads": threads, "limit": longest, "memory": _budget(longest), "bytes": BYTES_PER_SQUARED_WORD}
    try:
        [answer] = child.ask([json.dumps(settings)], _START)
        if _json(answer) != {"ready": True}:
            raise UnavailableError(f"SPICE: unexpected output: {answer[:80]!r}")
    except BaseException:
        child.close()
        raise
    return child


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int | None:
    """Megabytes that this process may still take, by the kernel and its control group; None where they do not say."""
    found: list[int] = []
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found.append(int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) >> 10)
    with contextlib.suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        most, used = (int((group / f"memory.{name}").read_text(encoding="ascii")) for name in ("max", "current"))
        # Pages of files can be dropped.
        cached = {
            key: int(value)
            for key, value in map(str.split, (group / "memory.stat").read_text(encoding="ascii").splitlines())
        }
        found.append((most - used + cached.get("file", 0)) >> 20)
    return min(found, default=None)


@contextlib.contextmanager
def _alone(watcher: Watcher | None) -> Iterator[None]:
    """Wait until no other process of this user parses on this machine."""
    path = Path(tempfile.gettempdir()) / f"repro-audit-spice-{os.getuid()}.lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        # A folder for temporary files that cannot be written to: nobody else can lock there either.
        yield
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if watcher is not None:
                watcher.tell("SPICE: waiting for another process on this machine, which parses captions")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
