"""The commands of "Make a study from a paper's table" print what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from audit.cli import main
from tests.support.papers import PROSE, pdf, table
from tests.support.paths import ROOT

# The page's table as a PDF prints it; one value differs from the source.
ROWS = (
    ("Data set", "Metric", "SALMONN†", "Parrot-7B"), ("LibriSpeech test-clean", "WER (%) ↓", "2.1", "<b>1.9 ± 0.1</b>"),
    ("LibriSpeech test-other", "WER (%) ↓", "4.9", "<b>4.3 ± 0.2</b>"), ("CoVoST 2 En→De", "BLEU ↑", "18.6", "24–25"),
    ("TED-LIUM 3", "WER (%) ↓", "–", "5.7"), ("Training data", "hours", "4 400", "9 800"),
)  # fmt: skip
CAPTION = "<p>Table 2: Word error rates, BLEU and accuracies of speech models.</p>"
PAPER = f"<p>{PROSE * 4}</p>{CAPTION}{table(*ROWS)}<p>{PROSE * 4}</p>"


@pytest.mark.pdf
def test_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "how-to" / "make-a-study.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (source,) = re.findall(r"```latex\n(.*?)```", page, re.DOTALL)
    Path("paper.tex").write_text(source, encoding="utf-8")
    pdf(Path("paper.pdf"), PAPER)
    blocks = re.findall(r"```console\n\$ repro-audit (.*?[^\\])\n(.*?)```", page, re.DOTALL)
    assert [shlex.split(command)[1] for command, _ in blocks] == ["new", "new", "check", "show", "check"]
    for command, printed in blocks:
        main(
            [
                *shlex.split(command.replace("\\\n", " ")),
                *(["--no-questions"] if command.startswith("study new") else []),
            ]
        )
        # WeasyPrint's bytes depend on the fonts at hand.
        out = re.sub(r"SHA-256 \w+", "SHA-256 0", capsys.readouterr().out)
        assert out == re.sub(r"SHA-256 \w+", "SHA-256 0", printed)
    (claim,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert claim in Path("study.yaml").read_text(encoding="utf-8")
