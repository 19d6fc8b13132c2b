"""Penn Treebank tokenisation as in the caption scorers: Stanford's PTBTokenizer 3.4.1, lower case, punctuation dropped.

salaniz/pycocoevalcap@ad63453:tokenizer/ptbtokenizer.py and audio-captioning/caption-evaluation-tools@c1798df use the same
jar. The program reads its whole input first, so texts are sent in one batch, one per line. The result for a line depends
on the next line in one respect only: whether the full stop of an abbreviation at the end of the line is written once or
twice. The second one is a separate token and is dropped, so the tokens of a text depend only on the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.availability import reason
from tasks.backends.java import SHORT_LIVED, jar, java, run, sources
from tasks.errors import UnavailableError
from tasks.step import Step

JAR = "tokenizer/stanford-corenlp-3.4.1.jar"
VERSION = "corenlp-3.4.1"
PUNCTUATION = frozenset(
    ["''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";"]
)
# The scorers replace only `\n`; the tokenizer also breaks lines at the others, which would shift all following lines.
_LINE_ENDS = re.compile("[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")


def ptb_unavailable() -> str | None:
    """Why the tokenizer cannot be used here, or None."""
    return reason(java, lambda: jar(JAR))


def ptb_texts(texts: Sequence[str]) -> list[str]:
    """The tokens of every text, joined by spaces.

    Tokens in `PUNCTUATION` are dropped after lower-casing, as in the scorers: brackets become `-lrb-` and are therefore
    kept.

    Raises:
        UnavailableError: Java or the jar is missing, or Java failed.
    """
    if not texts:
        return []
    lines = "".join(_LINE_ENDS.sub(" ", text) + "\n" for text in texts).encode(errors="replace")
    arguments = (
        *SHORT_LIVED,
        "-Xmx512m",
        "-cp",
        str(jar(JAR)),
        "edu.stanford.nlp.process.PTBTokenizer",
        "-preserveLines",
        "-lowerCase",
    )
    written = run("PTB tokenizer", arguments, stdin=lines).decode(errors="replace").split("\n")
    if written and not written[-1]:
        written.pop()
    if len(written) != len(texts):
        raise UnavailableError(f"PTB tokenizer: {len(written)} output lines for {len(texts)} texts")
    return [" ".join(word for word in line.rstrip().split(" ") if word not in PUNCTUATION) for line in written]


def ptb_text(text: str) -> str:
    """`ptb_texts` for a single text."""
    return ptb_texts([text])[0]


PTB = Step("ptb", VERSION, lambda: ptb_text, ("module:tasks.steps.ptb", *sources(JAR)), batch=ptb_texts, program=True)
