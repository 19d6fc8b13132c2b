"""Redis work queues as written by jaeeewon/project-multimodal@d9e5d17:dist_eval/: one hash per item.

Hashes are named `task_NAME:ID`, with the output in `infer` and the reference in a field that depends on the task. The lists
`task_NAME:pending` and `task_NAME:processing` (and those of judges, `...:pending-judge-qwen3`) are queues, not items.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from audit.errors import InputError
from audit.importers.interface import Imported, Importer, Refused, with_finished
from audit.importers.redis_fields import NAMES, Item, rows_of
from audit.importers.redis_server import open_source
from audit.importers.sample import Sample
from tasks.row import Row

if TYPE_CHECKING:
    import redis

    from tasks.task import Task

_BATCH = 500
_QUEUES = (b"pending", b"processing")


class Redis(Importer):
    """A server or a saved dump. An item without an output becomes a row with an error, so it is counted."""

    example = "saved.rdb --database 4"

    def recognises(self, source: Sample) -> bool:
        """A dump of a Redis server."""
        return source.raw[:5] == b"REDIS" and source.raw[5:9].isdigit()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("source", help="redis://HOST:PORT/DATABASE, unix://SOCKET, or the path of a dump (*.rdb)")
        parser.add_argument(
            "--database", type=int, metavar="N", help="the database's number (default: the URL's, or 0)"
        )
        parser.add_argument("--name", help="NAME in task_NAME:ID (default: the usual name for the task, such as en2zh)")
        parser.add_argument(
            "--reference-field",
            metavar="FIELD",
            help="the field of the hash with the reference (default: depends on the task)",
        )
        parser.add_argument("--prompt-field", metavar="FIELD", help="the field of the hash with the instruction")
        parser.add_argument(
            "--reference", metavar="TEXT", help="use the same reference for every item, if the hashes have none"
        )

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        name = options.name or NAMES.get(task.id)
        if name is None:
            raise InputError(f"no default name for {task.id}", fix="Give --name NAME, as in task_NAME:ID.")
        if options.reference is not None and options.reference_field is not None:
            raise InputError("--reference and --reference-field are mutually exclusive", fix="Give one of them.")
        rows: list[Row] = []
        refused: list[Refused] = []
        read = 0
        with open_source(options.source, options.database) as (client, source):
            keys, queues, other = _keys(client, name)
            if not keys:
                raise InputError(
                    f"no hashes task_{name}:ID",
                    where=source,
                    fix=f"Give --name, --database; the database has: {_found(client)}.",
                )
            for key, fields in _hashes(client, keys):
                read += 1
                item = Item(_text(key, source, "a key"), _texts(fields, key, source))
                result = rows_of(
                    item, task, name, options.reference_field, options.reference, prompt_field=options.prompt_field
                )
                if isinstance(result, Refused):
                    refused.append(result)
                else:
                    rows.extend(result)
        refused += [Refused(_text(key, source, "a key"), f"not a hash but a {kind}") for key, kind in other]
        note = f"{len(queues)} queue{'' if len(queues) == 1 else 's'} of task_{name} ignored"
        return Imported(
            with_finished(rows),
            read + len(other),
            read + len(other) - len(refused),
            tuple(refused),
            source,
            "hashes",
            (note,),
        )


def _keys(client: redis.Redis, name: str) -> tuple[list[bytes], list[bytes], list[tuple[bytes, str]]]:
    """The hashes of a name, its queues, and other keys with that name; each in order."""
    prefix = f"task_{name}:".encode()
    pattern = b"".join(b"\\" + bytes([c]) if c in b"*?[]\\^" else bytes([c]) for c in prefix) + b"*"
    found = sorted(set(client.scan_iter(match=pattern, count=1000)))
    hashes: list[bytes] = []
    queues: list[bytes] = []
    other: list[tuple[bytes, str]] = []
    for start in range(0, len(found), _BATCH):
        batch = found[start : start + _BATCH]
        pipe = client.pipeline(transaction=False)
        for key in batch:
            pipe.type(key)
        for key, kind in zip(batch, pipe.execute(), strict=True):
            if kind == b"hash":
                hashes.append(key)
            elif kind == b"list" and key[len(prefix) :].startswith(_QUEUES):
                queues.append(key)
            else:
                other.append((key, kind.decode("ascii", "replace")))
    return hashes, queues, other


def _hashes(client: redis.Redis, keys: list[bytes]) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        pipe = client.pipeline(transaction=False)
        for key in batch:
            pipe.hgetall(key)
        yield from zip(batch, pipe.execute(), strict=True)


def _found(client: redis.Redis) -> str:
    names = Counter(
        key.removeprefix(b"task_").rpartition(b":")[0].decode("utf-8", "replace")
        for key in client.scan_iter(match=b"task_*:*", count=1000)
    )
    return ", ".join(sorted(names)[:40]) or "no key task_NAME:ID"


def _text(raw: bytes, where: str, what: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{what} is not UTF-8 (byte {error.start + 1})", where=where, fix="Correct it in the database."
        ) from error


def _texts(fields: dict[bytes, bytes], key: bytes, source: str) -> dict[str, str]:
    where = f"{source}: {key.decode('utf-8', 'replace')}"
    found = {}
    for name, value in sorted(fields.items()):
        field = _text(name, where, "a field's name")
        found[field] = _text(value, f"{where}: {field}", "the field")
    return found
