"""CIDEr-D, ROUGE-L and METEOR against the package that everybody scores captions with."""

from __future__ import annotations

import importlib.util
import json
import math
import random
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import ScoringError
from tasks.metrics.captions import MeanScore
from tasks.metrics.cider import CiderD
from tasks.metrics.coco_rouge import CocoRougeL
from tasks.metrics.meteor import Meteor, meteor_unavailable

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("pycocoevalcap") is None,
    reason="needs pycocoevalcap (pip install --no-deps pycocoevalcap)",
)
# The package leaves pipes open, so it runs in a process of its own.
ORACLE = """
import json, sys
data = json.load(sys.stdin)
res = {i: [said] for i, (said, _) in enumerate(data)}
gts = {i: captions for i, (_, captions) in enumerate(data)}
if "METEOR" in sys.argv:
    from pycocoevalcap.meteor.meteor import Meteor as Scorer
elif "ROUGE" in sys.argv:
    from pycocoevalcap.rouge.rouge import Rouge as Scorer
else:
    from pycocoevalcap.cider.cider import Cider as Scorer
value, rows = Scorer().compute_score(gts, res)
print(json.dumps([float(value), [float(row) for row in rows]]))
"""
VOCABULARY = (
    "a the dog cat man woman speaks barks loudly rain falls on roof car passes by engine hums wind blows".split()  # noqa: SIM905
)


def oracle(name: str, data: list[tuple[str, list[str]]]) -> tuple[float, list[float]]:
    command = [sys.executable, "-W", "ignore", "-c", ORACLE, name]
    done = subprocess.run(command, input=json.dumps(data), capture_output=True, text=True, timeout=120, check=True)
    value, rows = json.loads(done.stdout)
    return value, rows


def sample(rows: int, seed: int = 1, least: int = 1) -> list[tuple[str, list[str]]]:
    pick = random.Random(seed)

    def text() -> str:
        return " ".join(pick.choices(VOCABULARY, k=pick.randint(least, 12)))

    data = [(text(), [text() for _ in range(pick.randint(1, 5))]) for _ in range(rows)]
    return [(captions[0], captions) if i % 7 == 0 else (said, captions) for i, (said, captions) in enumerate(data)]


def counted(metric: Any, data: list[tuple[str, list[str]]]) -> tuple[float, np.ndarray]:
    counts = metric.count([said for said, _ in data], [captions for _, captions in data])
    return float(metric.fold(counts)), counts


@needs_package
@pytest.mark.parametrize("metric", [CiderD(), CocoRougeL()], ids=["CIDEr", "ROUGE"])
def test_equals_pycocoevalcap(metric: MeanScore) -> None:
    data = [*sample(60), ("", ["a dog", "rain"]), ("a", ["a"])]
    value, rows = oracle("ROUGE" if metric.id == "rouge-l" else "CIDEr", data)
    ours, counts = counted(metric, data)
    assert ours == pytest.approx(value * 100, abs=1e-9)
    assert (counts[:, 0] / 1e12).tolist() == pytest.approx(rows, abs=1e-9)


@needs_package
@pytest.mark.slow
@pytest.mark.java
@pytest.mark.skipif(meteor_unavailable() is not None, reason=str(meteor_unavailable()))
def test_meteor_equals_pycocoevalcap() -> None:
    data = sample(40, seed=2)
    value, _ = oracle("METEOR", data)
    assert counted(Meteor(), data)[0] == pytest.approx(value * 100, abs=1e-9)


def test_cider_by_hand() -> None:
    # Two items; `a` is in both, so weighs nothing; `dog` and `a dog` weigh log 2; equal lengths, no penalty.
    value, counts = counted(CiderD(), [("a dog", ["a dog"]), ("a dog", ["a cat"])])
    assert counts[:, 0].tolist() == [5 * 10**12, 0]
    assert value == 250
    # One word pair more: the penalty exp(-1/72), a cosine below one, and no n-gram of three in the caption.
    _, counts = counted(CiderD(), [("a dog dog", ["a dog"]), ("x", ["y"])])
    one = (2 * 1 + 0 * 0) / math.hypot(2, 1)  # weights (dog 2, a 1) against (dog 1, a 1), clipped: 1*1 + 1*1
    cosines = [one / math.hypot(1, 1), 1 / math.hypot(1, 1), 0, 0]
    assert counts[0, 0] / 1e12 == pytest.approx(10 * sum(cosines) / 4 * math.exp(-1 / 72))


def test_cider_counts_depend_on_the_set() -> None:
    data = sample(30)
    whole = counted(CiderD(), data)[1]
    half = counted(CiderD(), data[:15])[1]
    assert (whole[:15] != half).any()
    assert CiderD().whole_set
    assert counted(CiderD(), data[:1])[0] == 0  # in a set of one item no word is rare


def test_each_caption_an_item() -> None:
    data = sample(10, least=2)
    apart = [(said, [caption]) for said, captions in data for caption in captions]
    value, counts = counted(CiderD("each"), data)
    assert value == pytest.approx(counted(CiderD(), apart)[0])
    assert counts[:, 1].tolist() == [len(captions) for _, captions in data]
    assert counted(CocoRougeL("each"), data)[0] == pytest.approx(counted(CocoRougeL(), apart)[0])


def test_cider_counts_every_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows it stands in."""
    from tasks.metrics import cider

    numbered: list[tuple[str, ...]] = []
    original = cider._numbered

    def noted(texts: Any) -> Any:
        numbered.extend(texts)
        return original(texts)

    monkeypatch.setattr(cider, "_numbered", noted)
    counted(CiderD(), sample(100) * 20)
    assert len(numbered) == len(set(numbered)) > 100


@given(st.lists(st.tuples(st.integers(0, 10**13), st.integers(1, 5)), min_size=2, max_size=2))
def test_mean_score_replicates(rows: list[tuple[int, int]]) -> None:
    counts = np.array(rows, dtype=np.int64)
    found = CiderD().replicate(counts, np.array([[1.0, 1], [0, 3], [0, 0]]))
    assert found[0] == pytest.approx(float(CiderD().fold(counts) or 0), abs=1e-3)
    assert found[1] == pytest.approx(rows[1][0] / rows[1][1] / 1e10, abs=1e-3)
    assert np.isnan(found[2])


def test_no_rows() -> None:
    for metric in (CiderD(), CocoRougeL()):
        assert metric.fold(metric.count([], [])) is None
    with pytest.raises(ScoringError, match="no reference caption") as raised:
        CiderD().count(["a"], [[]])
    assert raised.value.item == 0


def test_tokens_and_texts_score_alike() -> None:
    said, captions = "a dog barks", ["a dog", "dogs bark"]
    tokens = tuple(said.split()), [tuple(caption.split()) for caption in captions]
    for metric in (CiderD(), CocoRougeL()):
        counts = metric.count([said, tokens[0]], [captions, tokens[1]])
        assert counts[0].tolist() == counts[1].tolist()
        assert metric.count([tokens[0]], [tokens[1][0]]).tolist() == metric.count([said], [captions[:1]]).tolist()


def test_rouge_splits_at_every_space() -> None:
    """Two spaces hold an empty token, which an empty text is, too."""
    assert CocoRougeL().count(["a  b", ""], [["a  b"], [" "]]).tolist()[0] == [10**12, 1]
    # Of the caption `` ``, two empty tokens, the empty text has one: precision 1, recall 1/2.
    precision, recall = 1, Fraction(1, 2)
    expected = round((1 + Fraction(144, 100)) * precision * recall / (recall + Fraction(144, 100) * precision) * 10**12)
    assert CocoRougeL().count(["", ()], [[" "], [" "]]).tolist() == [[expected, 1]] * 2
    assert CocoRougeL().count(["a\tb"], [["a b"]]).tolist() == [[0, 1]]
