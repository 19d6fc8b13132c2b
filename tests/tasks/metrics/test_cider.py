"""CIDEr-D: bit for bit the scorer's loops, written out plainly here."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from tasks.metrics import cider
from tasks.metrics.cider import ORDER, SIGMA, CiderD, cider_scores

Tokens = tuple[str, ...]
Vector = tuple[dict[Tokens, float], list[float], int]


def ngrams(tokens: Tokens) -> Counter[Tokens]:
    return Counter(tokens[i : i + n] for n in range(1, ORDER + 1) for i in range(len(tokens) - n + 1))


def plainly(hypotheses: list[Tokens], captions: list[list[Tokens]]) -> list[float]:
    frequencies = Counter(gram for item in captions for gram in {g for caption in item for g in ngrams(caption)})
    log_items = math.log(max(len(captions), 1))

    def vector(tokens: Tokens) -> Vector:
        weights, squares = {}, [0.0] * ORDER
        for gram, times in ngrams(tokens).items():
            weights[gram] = times * (log_items - math.log(frequencies.get(gram, 1)))
            squares[len(gram) - 1] += weights[gram] * weights[gram]
        return weights, [math.sqrt(square) for square in squares], len(tokens)

    def likeness(left: Vector, right: Vector) -> float:
        (weights, norms, length), (others, other_norms, other_length) = left, right
        total = 0.0
        for n in range(1, ORDER + 1):
            product = 0.0
            for gram, weight in weights.items():
                if len(gram) == n and others.get(gram):
                    product += min(weight, others[gram]) * others[gram]
            norm, other = norms[n - 1], other_norms[n - 1]
            total += product / (norm * other) if norm and other else product
        return total / ORDER * math.exp(-((length - other_length) ** 2) / (2 * SIGMA**2))

    return [
        10 * math.fsum(likeness(vector(hypothesis), vector(caption)) for caption in item) / len(item)
        for hypothesis, item in zip(hypotheses, captions, strict=True)
    ]


def drawn(draw: random.Random) -> tuple[list[Tokens], list[list[Tokens]]]:
    """Outputs and captions that share n-grams, repeat them, are equal, short or empty."""
    words = [f"w{n}" for n in range(draw.choice([1, 2, 3, 6, 30]))]

    def text() -> Tokens:
        longest = draw.choice([2, 6, 6, 12, 40])
        return tuple(draw.choice(words) for _ in range(draw.randrange(longest)))

    captions = [[text() for _ in range(draw.randint(1, 5))] for _ in range(draw.randrange(9))]
    return [draw.choice([text(), item[0]]) for item in captions], captions


@pytest.mark.parametrize("at_once", [1 << 20, 1, 7])
def test_scores_are_those_of_plain_loops_to_the_last_bit(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(cider, "_AT_ONCE", at_once)
    draw = random.Random(at_once)
    found = []
    for _ in range(300):
        hypotheses, captions = drawn(draw)
        scores = cider_scores(hypotheses, captions)
        assert scores == plainly(hypotheses, captions)
        found += scores
    assert len({score for score in found if 0 < score < 10}) > 100


def test_one_caption_an_item_counts_every_caption_as_a_document() -> None:
    said, captions = ["a dog barks", "rain falls"], [["a dog barks", "dogs bark"], ["rain falls on a roof"]]
    each = CiderD("each").count(said, captions)
    pairs = [(0, 0), (0, 1), (1, 0)]
    texts = [tuple(captions[row][number].split()) for row, number in pairs]
    scores = plainly([tuple(said[row].split()) for row, _ in pairs], [[text] for text in texts])
    assert each.tolist() == [[round(scores[0] * 10**12) + round(scores[1] * 10**12), 2], [round(scores[2] * 10**12), 1]]
