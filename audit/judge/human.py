"""Human judges: writes a sheet to fill in, and reads it back as judgements."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from audit._util import canonical_json
from audit._util.csv_cells import csv_text
from audit._util.files import refuse_pointer
from audit.errors import InputError
from audit.judge.judgements import HUMAN, Judgement
from tasks.judging.conventions import JudgedConvention
from tasks.judging.fields import FieldError
from tasks.judging.verdict import JudgeVerdict
from tasks.row import Row

_FIRST, _LAST = ("id", "check"), ("verdict", "comment")
_ORDER = (
    "question",
    "slot",
    "sound",
    "spoken",
    "audio",
    "value",
    "answer",
    "reference",
    "keywords",
    "options",
)
_WORDS = {
    "yes": 1,
    "no": 0,
    "y": 1,
    "n": 0,
    "true": 1,
    "false": 0,
    "right": 1,
    "wrong": 0,
    "correct": 1,
    "incorrect": 0,
}


def check_person(name: str) -> None:
    """Check that a name can be used in records, reports and file names.

    Raises:
        InputError: It is empty, contains path separators or non-printable characters, or starts with a dot.
    """
    plain = name.isprintable() and name == name.strip() and not set(name) & set("/\\:")
    if not plain or not name or name.startswith(".") or len(name) > 100:
        raise InputError(
            f"{name!r} is not a valid name",
            where="--person",
            fix="Give a name or a pseudonym: letters, digits, spaces, -_.'",
        )


def sample(rows: Iterable[Row], size: int, seed: int) -> list[Row]:
    """A random sample of `size` rows, in random order: those with the smallest hash of seed and id.

    A simple random sample. Oversampling rows on which the judge is in doubt would give agreement figures that do not
    generalise to the set.
    """
    with_output = [row for row in rows if row.hypothesis is not None]
    return sorted(with_output, key=lambda row: hashlib.sha256(f"{seed} {row.id}".encode()).digest())[:size]


def _fields(convention: JudgedConvention, row: Row) -> dict[str, str]:
    try:
        parts = convention.parts(row, "")
    except FieldError as error:
        raise InputError(error.what, where=f"row {row.id}: {error.field}") from None
    values: dict[str, list[str]] = {}
    for part in parts:
        for name, text in part.values.items():
            known = values.setdefault(name, [])
            if text not in known:
                known.append(text)
    return {name: " | ".join(texts) for name, texts in values.items()}


def _check(values: Mapping[str, str]) -> str:
    return hashlib.sha256(canonical_json.dumps(dict(values))).hexdigest()[:12]


def sheet(convention: JudgedConvention, rows: Sequence[Row]) -> str:
    """The sheet as CSV: the judge's input and an empty column for the verdict.

    Rows that need no judge (no correct answer) are left out.

    Raises:
        InputError: A row lacks a field.
    """
    filled = [(row, values) for row in rows if (values := _fields(convention, row))]
    names = {name for _, values in filled for name in values}
    known = [name for name in _ORDER if name in names]
    middle = [*known, *sorted(names - {*known, "output"}), "output"]
    cells = ([row.id, _check(values), *(values.get(name, "") for name in middle), "", ""] for row, values in filled)
    return csv_text([*_FIRST, *middle, *_LAST], cells)


def allowed(convention: JudgedConvention) -> str:
    """The values allowed in the verdict column, for messages."""
    scale = convention.scale
    if (scale.lowest, scale.highest) == (0, 1):
        return "1 (yes, correct) or 0 (no, wrong)"
    return f"an integer from {scale.lowest} to {scale.highest}"


def parse(
    path: Path, task: str, convention: JudgedConvention, rows: Mapping[str, Row], person: str
) -> tuple[list[Judgement], int]:
    """The judgements in a filled-in sheet, and how many rows were left blank.

    Raises:
        InputError: The file is not such a sheet, or a line is about a different row or output; the message names the line.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise InputError("no such file", where=str(path)) from None
    except UnicodeDecodeError:
        raise InputError("invalid UTF-8", where=str(path), fix="Save it as CSV UTF-8.") from None
    refuse_pointer(text[:64].encode(), path)
    header = text.partition("\n")[0]
    # In many locales spreadsheets write semicolons or tabs.
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        lines = [(reader.line_num, line) for line in reader]
    except csv.Error as error:
        raise InputError(f"invalid CSV: {error}", where=f"{path}:{reader.line_num}") from None
    if not reader.fieldnames or not {"id", "check", "verdict"} <= set(reader.fieldnames):
        raise InputError("missing column", where=str(path), fix="The sheet needs at least id, check and verdict.")
    found: dict[str, Judgement] = {}
    blank = 0
    for number, line in lines:
        where = f"{path}:{number}"
        name = (line["id"] or "").removeprefix("'") if line["id"] not in rows else line["id"]
        row = rows.get(name)
        if row is None:
            raise InputError(f"the predictions have no row {name!r}", where=where)
        if (line["check"] or "").strip() != _check(_fields(convention, row)):
            raise InputError(
                f"row {name} differs from the one that was judged",
                where=where,
                fix="Create a new sheet.",
            )
        if name in found:
            raise InputError(f"duplicate row {name}", where=where)
        word = (line["verdict"] or "").strip().lower()
        if not word:
            blank += 1
            continue
        found[name] = Judgement(
            task=task,
            convention=convention.id,
            metric=convention.metric,
            judge=f"{HUMAN}{person}",
            variant="",
            row=name,
            part="",
            repeat=0,
            verdict=JudgeVerdict(Fraction(_grade(word, convention, where))),
        )
    return list(found.values()), blank


def _grade(word: str, convention: JudgedConvention, where: str) -> int:
    scale = convention.scale
    number = _WORDS.get(word, -1) if (scale.lowest, scale.highest) == (0, 1) else -1
    if word.isascii() and word.isdecimal():
        number = int(word)
    if not scale.lowest <= number <= scale.highest:
        raise InputError(f"invalid verdict {word!r}", where=f"{where}: verdict", fix=f"Give {allowed(convention)}.")
    return number
