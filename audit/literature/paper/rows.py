"""Which line of a table in a PDF is a row, by its labels; labels over several rows included."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from audit.literature.paper.layout import Line
from audit.literature.paper.words import Word
from audit.literature.tables.cells import parse, plain

# Letters that fonts encode in two ways.
_SAME = str.maketrans("∆µ", "Δμ")
# Labels of one column begin within so many points.
_ALIGNED = 2.5
# A larger gap than so many usual ones ends the table.
_GAP = 2.5
# A line of prose has this many words, and few numbers among them.
_PROSE = 9


def table_part(found: Sequence[Line]) -> list[Line]:
    """The lines next to a caption up to the table's end: a wide gap, or prose, after a line with values.

    Args:
        found: Lines on one side of a caption, from the nearest on.
    """
    gaps = sorted(abs(a[0].middle - b[0].middle) for a, b in pairwise(found))
    usual = gaps[len(gaps) // 2] if gaps else 0.0
    kept: list[Line] = []
    values = False
    for line in found:
        if values and (_is_prose(line) or abs(kept[-1][0].middle - line[0].middle) > _GAP * usual):
            break
        values = values or (not _is_prose(line) and any(is_cell(word) for word in line))
        kept.append(line)
    return kept


def _is_prose(line: Line) -> bool:
    words = sum(word.text[0].isalpha() for word in line)
    return words >= _PROSE and words > 0.8 * len(line)


def row_lines(labels: Sequence[Sequence[str]], rows: Sequence[Line]) -> list[int]:
    """The lines of a row: those with its last label, and of these those with the most of its labels.

    Labels over several rows stand on other lines: headings above the rows, or labels beside them, on the first of their rows
    or centred. A label that is nowhere on the page's lines (rotated text) is passed over if two others are on the line.
    """
    if not labels:
        return []
    counts = {i: sum(bool(at(label, row)) for label in labels) for i, row in enumerate(rows) if at(labels[-1], row)}
    best = [i for i, count in counts.items() if count == max(counts.values())]
    for label in labels[:-1]:
        if not best or any(at(label, rows[i]) for i in best):
            continue
        places = [(j, row[found[0]], row[found[-1]]) for j, row in enumerate(rows) if (found := at(label, row))]
        if not places:
            if len(best) == 1 and counts[best[0]] > 1:
                continue
            return []
        chosen = {i for j, first, last in places for i in _belonging(j, first, last, best, labels[-1], rows)}
        best = sorted(chosen)
    return best


def _belonging(
    line: int, first: Word, last: Word, candidates: Sequence[int], own: Sequence[str], rows: Sequence[Line]
) -> list[int]:
    """The candidate lines that may belong to a label on a line, from its first to its last word."""
    lefts = [rows[i][at(own, rows[i])[0]].left for i in candidates]
    if not all(last.right <= left for left in lefts):
        # A heading: the next line is its row.
        return [i for i in candidates if i > line][:1]
    body = _body(line, last.right, rows)
    labelled = [j for j in range(len(rows)) if any(abs(word.left - first.left) < _ALIGNED for word in rows[j])]
    # Positions in units of rows; a label between two rows has a half.
    positions = [p for j in labelled if (p := _position(j, body)) is not None]
    own_position = _position(line, body)
    if own_position is None or own_position not in positions:
        return []
    k = positions.index(own_position)
    names = [_beginning_at(min(lefts), rows[i]) for i in body]
    readings = []
    for groups in (_from_first(positions, len(body)), _centred(positions, len(body))):
        # A label occurs once among the rows of a group.
        if groups and all(_distinct(names[start:end]) for start, end in groups):
            start, end = groups[k]
            readings.append([i for i in candidates if i in body[start:end]])
    # Two readings that differ settle nothing.
    return readings[0] if readings and all(other == readings[0] for other in readings) else []


def _beginning_at(left: float, line: Line) -> str:
    """The words of a line's label that begins at `left`, as one text."""
    first = next((n for n, word in enumerate(line) if abs(word.left - left) < _ALIGNED), None)
    if first is None:
        return ""
    last = first
    while last + 1 < len(line) and line[last + 1].left - line[last].right < line[last].size / 2:
        last += 1
    return " ".join(word.text for word in line[first : last + 1])


def _distinct(names: Sequence[str]) -> bool:
    given = [name for name in names if name]
    return len(set(given)) == len(given)


def _body(line: int, left: float, rows: Sequence[Line]) -> list[int]:
    """The table's rows: the run of lines with values right of `left` that a line is in or beside."""
    valued = [i for i, row in enumerate(rows) if any(is_cell(word) and word.left > left for word in row)]
    gaps = [rows[a][0].middle - rows[b][0].middle for a, b in pairwise(valued)]
    usual = sorted(gaps)[len(gaps) // 2] if gaps else 0.0
    runs: list[list[int]] = [[]]
    for index, valued_line in enumerate(valued):
        if index and gaps[index - 1] > _GAP * usual:
            runs.append([])
        runs[-1].append(valued_line)
    return next((run for run in runs if run and run[0] - 1 <= line <= run[-1] + 1), [])


def _position(line: int, body: Sequence[int]) -> float | None:
    if line in body:
        return float(body.index(line))
    before = sum(row < line for row in body)
    return before - 0.5 if 0 < before < len(body) else None


def _from_first(positions: Sequence[float], count: int) -> list[tuple[int, int]]:
    """The rows of each label, if each stands on the first of its rows; empty if they cannot."""
    if not positions or positions[0] != 0 or any(p != int(p) for p in positions):
        return []
    ends = [*(int(p) for p in positions[1:]), count]
    return [(int(p), end) for p, end in zip(positions, ends, strict=True)]


def _centred(positions: Sequence[float], count: int) -> list[tuple[int, int]]:
    """The rows of each label, if each stands in the middle of its rows, and others may follow; empty if they cannot."""
    groups: list[tuple[int, int]] = []
    start = 0
    for p in positions:
        size = 2 * (p - start) + 1
        if size < 1 or size != int(size):
            return []
        groups.append((start, start + int(size)))
        start += int(size)
    return groups if start <= count else []


def words_of(text: str) -> list[str]:
    """A label's words, without marks and arrows."""
    plain_text = unicodedata.normalize("NFKC", text.translate(_SAME)).casefold()
    return re.findall(r"[^\W_]+(?:[.,][^\W_]+)*", plain_text)


def at(label: Sequence[str], line: Line) -> tuple[int, ...]:
    """The first place of a label on a line, as positions of words; empty if it is not there."""
    return next(iter(all_at(label, line)), ())


def all_at(label: Sequence[str], line: Line) -> list[tuple[int, ...]]:
    """All places of a label on a line."""
    flat = [(word, index) for index, item in enumerate(line) for word in words_of(item.text)]
    count = len(label)
    return [
        tuple(index for _, index in flat[start : start + count])
        for start in range(len(flat) - count + 1)
        if [word for word, _ in flat[start : start + count]] == list(label)
    ]


def is_cell(word: Word) -> bool:
    """Whether a word is a value, or stands for a missing one."""
    found = parse(plain(word.text))
    return found.value is not None or bool(found.parts) or found.reason == "no-value"
