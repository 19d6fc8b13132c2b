"""SPICE's scene graphs: tuples of captions merged by synonyms, and the tuples of an output matched with those of its captions.

peteanderson80/SPICE (spice-1.0.jar: SceneGraph, TupleSet, TupleFilter, Evaluation). The jar walks its nodes and attributes
in the order of Java's identity hashes, which depends on everything that the process did before: where a word is equally
close to two nodes, its value can change from run to run. Here the order is that of the tuples, so a value depends on the
texts alone. A test compares every row of a published evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

Words = tuple[str, ...]  # an object; an object and its attribute; or subject, object and relation
Synsets = Mapping[str, frozenset[int]]  # of every word or phrase of the tuples

_NUMBERS = frozenset(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"])
_COLOURS = frozenset(
    {
        "black", "brown", "blue", "red", "yellow", "pink", "gray", "grey", "green", "dark", "light", "white", "cream",
        "orange", "purple", "maroon", "beige", "violet",
    }
)  # fmt: skip
_SIZES = frozenset(
    {
        "baby", "illimitable", "scrawny", "beefy", "immeasurable", "short", "big", "immense", "sizable", "bony",
        "infinitesimal", "skeletal", "boundless", "lanky", "skimpy", "brawny", "large", "skinny", "broad", "lean",
        "slender", "bulky", "life-size", "slim", "chunky", "limitless", "small", "colossal", "little", "squat",
        "compact", "mammoth", "stocky", "corpulent", "massive", "stout", "cosmic", "meager", "strapping", "cubby",
        "measly", "sturdy", "curvy", "microscopic", "tall", "elfin", "mini", "teensy", "emaciated", "miniature",
        "teeny", "endless", "minuscule", "teeny-tiny", "enormous", "minute", "teeny-weeny", "epic", "narrow", "thick",
        "expansive", "obese", "thickset", "extensive", "outsized", "thin", "fat", "oversize", "tiny", "fleshy",
        "overweight", "titanic", "full-size", "paltry", "towering", "gargantuan", "petite", "trifling", "gaunt",
        "pint-size", "trim", "giant", "plump", "tubby", "gigantic", "pocket-size", "undersized", "grand", "portly",
        "underweight", "great", "pudgy", "unlimited", "heavy", "puny", "vast", "hefty", "rotund", "wee", "huge",
        "scanty", "whopping", "hulking", "scraggy", "wide",
    }
)  # fmt: skip


@dataclass(eq=False, slots=True)
class Concept:
    """Words or phrases that were merged, and their WordNet synsets."""

    words: set[str]
    synsets: set[int]

    def same(self, other: Concept) -> bool:
        """Whether words and synsets are equal."""
        return self.words == other.words and self.synsets == other.synsets

    def similar(self, other: Concept) -> bool:
        """Whether they share a synset or a word."""
        return not (self.synsets.isdisjoint(other.synsets) and self.words.isdisjoint(other.words))

    def similarity(self, other: Concept) -> Fraction:
        """1 if they share a word, otherwise the share of common synsets."""
        if not self.words.isdisjoint(other.words):
            return Fraction(1)
        either = self.synsets | other.synsets
        return Fraction(len(self.synsets & other.synsets), len(either)) if either else Fraction(0)

    def merge(self, other: Concept) -> None:
        """Add the words and synsets of another concept."""
        self.words |= other.words
        self.synsets |= other.synsets

    @property
    def text(self) -> str:
        """The words, in alphabetical order, separated by `/`."""
        return "/".join(sorted(self.words))


@dataclass(eq=False, slots=True)
class _Node:
    concept: Concept
    attributes: list[Concept] = field(default_factory=list)


class SceneGraph:
    """Objects with attributes, and relations between them, merged as their tuples are added."""

    def __init__(self, tuples: Iterable[Words], synsets: Synsets) -> None:
        self._synsets = synsets
        self._nodes: list[_Node] = []
        self._relations: list[tuple[_Node, Concept, _Node]] = []
        for words in tuples:
            node = self._node(words[0])
            if len(words) == 2:
                self._add_attribute(node, self._concept(words[1]))
            elif len(words) == 3:
                self._add_relation(node, self._node(words[1]), self._concept(words[2].removeprefix("be ")))

    def tuples(self) -> list[tuple[Concept, ...]]:
        """(object), (object, attribute) and (subject, relation, object), in the order in which they were made."""
        found: list[tuple[Concept, ...]] = []
        for node in self._nodes:
            found.append((node.concept,))
            found += [(node.concept, attribute) for attribute in node.attributes]
        return found + [(source.concept, relation, target.concept) for source, relation, target in self._relations]

    def _concept(self, word: str) -> Concept:
        return Concept({word}, set(self._synsets[word]))

    def _node(self, word: str) -> _Node:
        concept, closest, best = self._concept(word), None, Fraction(0)
        for node in self._nodes:
            if concept.same(node.concept):
                return node
            likeness = concept.similarity(node.concept)
            if likeness > best:
                closest, best = node, likeness
        if closest is None:
            closest = _Node(concept)
            self._nodes.append(closest)
        else:
            closest.concept.merge(concept)
        return closest

    def _add_attribute(self, node: _Node, concept: Concept) -> None:
        if any(concept.same(known) for known in node.attributes):
            return
        for known in node.attributes:
            if concept.similar(known):
                known.merge(concept)
                return
        node.attributes.append(concept)

    def _add_relation(self, source: _Node, target: _Node, concept: Concept) -> None:
        between = [known for start, known, end in self._relations if start is source and end is target]
        if any(concept.same(known) for known in between):
            return
        for known in between:
            if concept.similar(known):
                known.merge(concept)
                return
        self._relations.append((source, concept, target))


def _one_of(words: frozenset[str]) -> Callable[[tuple[Concept, ...]], bool]:
    # A merged concept is no single word, and belongs to no kind, as in the jar.
    return lambda found: len(found) == 2 and len(found[1].words) == 1 and not found[1].words.isdisjoint(words)


# The kinds of tuples that SPICE scores separately, by the names of its output.
KINDS: Mapping[str, Callable[[tuple[Concept, ...]], bool]] = {
    "Object": lambda found: len(found) == 1,
    "Attribute": lambda found: len(found) == 2,
    "Relation": lambda found: len(found) == 3,
    "Cardinality": _one_of(_NUMBERS),
    "Color": _one_of(_COLOURS),
    "Size": _one_of(_SIZES),
}


@dataclass(frozen=True, slots=True)
class Match:
    """How many tuples of an output and of its captions there are, and how many of the output's have a similar one there."""

    matched: int
    of_output: int
    of_captions: int

    @property
    def f(self) -> Fraction:
        """The F-score; 0 where nothing matches."""
        total = self.of_output + self.of_captions
        return Fraction(2 * self.matched, total) if self.matched else Fraction(0)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One output against its captions.

    Attributes:
        all: Over all tuples: SPICE.
        kinds: By `KINDS`; None where the captions have no tuple of that kind.
        output: The output's tuples as texts, and whether each is matched.
        captions: The same of the captions.
    """

    all: Match
    kinds: Mapping[str, Match | None]
    output: tuple[tuple[Words, bool], ...]
    captions: tuple[tuple[Words, bool], ...]


def match(output: SceneGraph, captions: SceneGraph) -> Match:
    """The match over all tuples."""
    left, right = output.tuples(), captions.tuples()
    return _match(left, right)


def evaluate(output: SceneGraph, captions: SceneGraph) -> Evaluation:
    """The match over all tuples and by kind, with the tuples."""
    left, right = output.tuples(), captions.tuples()
    kinds: dict[str, Match | None] = {}
    for name, belongs in KINDS.items():
        mine, theirs = [t for t in left if belongs(t)], [t for t in right if belongs(t)]
        kinds[name] = _match(mine, theirs) if theirs else None
    return Evaluation(_match(left, right), kinds, _told(left, right), _told(right, left))


def _match(left: Sequence[tuple[Concept, ...]], right: Sequence[tuple[Concept, ...]]) -> Match:
    matched = sum(any(_similar(one, other) for other in right) for one in left)
    return Match(matched, len(left), len(right))


def _similar(left: tuple[Concept, ...], right: tuple[Concept, ...]) -> bool:
    return len(left) == len(right) and all(map(Concept.similar, left, right))


def _told(
    tuples: Sequence[tuple[Concept, ...]], others: Sequence[tuple[Concept, ...]]
) -> tuple[tuple[Words, bool], ...]:
    return tuple((tuple(c.text for c in one), any(_similar(one, other) for other in others)) for one in tuples)
