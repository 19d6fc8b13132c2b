"""The jars that SPICE runs with: its own, CoreNLP's parser and models by their hashes, and a JavaScript engine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from tasks.backends.assets import ASSETS, place, problem, sha256
from tasks.backends.java import jar
from tasks.errors import UnavailableError

JAR = "spice/spice-1.0.jar"
CORENLP, RHINO = ASSETS["corenlp"], ASSETS["rhino"]
PARSER_JAR, MODELS_JAR = (file.name for file in CORENLP.files)
HASH_VARIABLE = "REPRO_AUDIT_CORENLP_SHA256"
SCRIPT = Path(__file__).with_name("spice.js")


def corenlp() -> tuple[Path, Path]:
    """The parser's jar and its models, checked by hash.

    Raises:
        UnavailableError: They are missing or different files.
    """
    folder = place(CORENLP)
    assert CORENLP.reduced is not None
    cut, full = CORENLP.reduced.file, CORENLP.file(MODELS_JAR)
    parser = folder / PARSER_JAR
    models, known = (folder / cut.name, cut) if (folder / cut.name).exists() else (folder / full.name, full)
    wanted = os.environ.get(HASH_VARIABLE)
    if not folder.is_dir() or not (parser.exists() or models.exists()):
        raise UnavailableError(f"SPICE's parser not found ({CORENLP.fetch}, or set {CORENLP.variable})")
    if wanted:
        for path in (parser, models):
            if not path.is_file():
                raise UnavailableError(f"SPICE's parser is incomplete: no {path.name} in {folder}")
        if corenlp_digest((parser, models)) != wanted.lower():
            raise UnavailableError(f"the hash of SPICE's parser in {folder} is not {HASH_VARIABLE}")
        return parser, models
    for path, file in ((parser, CORENLP.file(PARSER_JAR)), (models, known)):
        wrong = problem(path, file)
        if wrong:
            raise UnavailableError(f"SPICE's parser: {path}: {wrong} ({CORENLP.fetch})")
    return parser, models


def corenlp_digest(paths: Sequence[Path]) -> str:
    """SHA-256 (hex) of the lines that `sha256sum` prints of the files, run in their folder."""
    return hashlib.sha256("".join(f"{sha256(path)}  {path.name}\n" for path in paths).encode()).hexdigest()


def corenlp_name() -> str:
    """The parser in signatures: its version, or the hash that was asked for instead."""
    wanted = os.environ.get(HASH_VARIABLE)
    return f"corenlp-{wanted.lower()[:12]}" if wanted else "corenlp-3.6.0"


def engine() -> Path:
    """The jar of the JavaScript engine: the asset, or the distribution's package.

    Raises:
        UnavailableError: There is none.
    """
    named = place(RHINO)
    own = RHINO.files[0]
    path = named / own.name if named.is_dir() else named
    if path.is_file():
        wrong = _not_a_jar(path) if os.environ.get(RHINO.variable) else problem(path, own)
        if wrong:
            raise UnavailableError(f"SPICE's JavaScript engine: {path}: {wrong} ({RHINO.fetch})")
        return path
    if os.environ.get(RHINO.variable):
        raise UnavailableError(f"SPICE's JavaScript engine not found: {RHINO.variable} names {path}")
    for path in RHINO.installed:
        if path.is_file():
            return path
    raise UnavailableError(
        f"SPICE's JavaScript engine not found (apt-get install {RHINO.package}, {RHINO.fetch}, or set {RHINO.variable})"
    )


def _not_a_jar(path: Path) -> str | None:
    with path.open("rb") as file:
        return None if file.read(2) == b"PK" else "not a jar"


def class_path() -> tuple[Path, ...]:
    """Every jar that the parser runs with.

    Raises:
        UnavailableError: One is missing, or a different file.
    """
    program = jar(JAR)
    return (program, *sorted((program.parent / "lib").glob("*.jar")), *corenlp(), engine())


def identity(jars: Sequence[Path]) -> str:
    """SHA-256 (hex) over the jars and the script: what decides how a caption is read."""
    lines = "".join(f"{path.name} {sha256(path)}\n" for path in (*jars, SCRIPT))
    return hashlib.sha256(lines.encode()).hexdigest()
