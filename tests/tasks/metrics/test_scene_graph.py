"""Scene graphs by hand: how tuples are merged, matched and divided into kinds."""

from __future__ import annotations

from fractions import Fraction

from tasks.metrics.scene_graph import KINDS, SceneGraph, Synsets, Words, evaluate, match

# car and automobile share a synset; road shares one of its two with street.
SYNSETS: Synsets = {
    word: frozenset(ids)
    for word, ids in {
        "car": [1], "automobile": [1], "street": [2, 3], "road": [3, 4], "path": [2, 4],
        "red": [5], "scarlet": [5, 6], "big": [7],
        "two": [8], "drive on": [9], "ride on": [9, 10], "near": [], "man": [], "unknown": [],
    }.items()
}  # fmt: skip


def graph(*tuples: Words) -> SceneGraph:
    return SceneGraph(tuples, SYNSETS)


def texts(found: SceneGraph) -> list[tuple[str, ...]]:
    return [tuple(concept.text for concept in one) for one in found.tuples()]


def test_objects_are_merged_with_the_closest_one() -> None:
    assert texts(graph(("car",), ("automobile",), ("car",))) == [("automobile/car",)]
    assert texts(graph(("man",), ("unknown",))) == [("man",), ("unknown",)]
    # street shares one of three synsets with road and one of three with path: equally close, so the first one is taken.
    assert texts(graph(("road",), ("path",))) == [("path/road",)]
    assert texts(graph(("path",), ("street",), ("man",))) == [("path/street",), ("man",)]


def test_a_tie_goes_to_the_first_object_whatever_was_computed_before() -> None:
    synsets = {"a": frozenset([1]), "b": frozenset([2]), "c": frozenset([1, 2])}
    first = SceneGraph([("a",), ("b",), ("c",)], synsets)
    assert [tuple(c.text for c in one) for one in first.tuples()] == [("a/c",), ("b",)]
    second = SceneGraph([("b",), ("a",), ("c",)], synsets)
    assert [tuple(c.text for c in one) for one in second.tuples()] == [("b/c",), ("a",)]


def test_attributes_and_relations_are_merged_by_synonyms() -> None:
    found = graph(("car", "red"), ("car", "scarlet"), ("car", "big"), ("car", "red"))
    assert texts(found) == [("car",), ("car", "red/scarlet"), ("car", "big")]
    found = graph(("car", "road", "be drive on"), ("car", "road", "ride on"), ("road", "car", "drive on"))
    assert texts(found) == [
        ("car",), ("road",), ("car", "drive on/ride on", "road"), ("road", "drive on", "car"),
    ]  # fmt: skip


def test_a_match_is_a_synonym_in_every_place() -> None:
    output = graph(("car", "road", "drive on"), ("car", "red"), ("man",))
    captions = graph(("automobile", "street", "ride on"), ("automobile", "big"))
    found = match(output, captions)
    # automobile, road and the relation; of the captions' objects, attribute and relation there are four, of the output's five.
    assert (found.matched, found.of_output, found.of_captions) == (3, 5, 4)
    assert found.f == Fraction(2 * 3, 5 + 4)
    assert match(graph(), captions).f == 0
    assert match(output, graph()).f == 0
    assert match(graph(), graph()).f == 0


def test_kinds() -> None:
    captions = graph(("car", "red"), ("car", "two"), ("man", "big"), ("car", "man", "near"))
    found = evaluate(graph(("automobile", "scarlet"), ("car", "red"), ("man",)), captions)
    kinds = {name: one and (one.matched, one.of_output, one.of_captions) for name, one in found.kinds.items()}
    assert kinds == {
        "Object": (2, 2, 2),
        "Attribute": (1, 1, 3),
        "Relation": (0, 0, 1),
        "Cardinality": (0, 0, 1),
        # red/scarlet is no single word, so it is no colour of the output, as in the jar.
        "Color": (0, 0, 1),
        "Size": (0, 0, 1),
    }
    assert evaluate(graph(("man",)), graph(("man",))).kinds["Color"] is None
    assert set(kinds) == set(KINDS)
    assert found.output[0] == (("automobile/car",), True)
    assert (("man", "big"), False) in found.captions
