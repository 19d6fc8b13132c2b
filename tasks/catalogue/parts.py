"""The entries of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from tasks.availability import Reason
from tasks.convention import Selection, View
from tasks.metrics.metric import Metric
from tasks.row import Row
from tasks.step import Kind, Step, Value


def available() -> str | None:
    """The reason of a part that can be computed everywhere: none."""
    return None


@dataclass(frozen=True, slots=True)
class ListedStep:
    """A step by its public name.

    Attributes:
        name: The name in YAML; signatures keep `step.name`.
        step: What is applied.
        help: One sentence for readers.
        example: A text that the step changes.
        missing: Why it cannot be computed here, or None.
    """

    name: str
    step: Step
    help: str
    example: str
    missing: Reason = field(default=available, compare=False, repr=False)

    @property
    def kind(self) -> Kind:
        """What it makes of a text: `text`, `split` (a list of texts) or `tokens`."""
        return self.step.kind

    def effect(self) -> Value:
        """The result for the example.

        Raises:
            UnavailableError: It cannot be computed here.
        """
        return self.step(self.example)


@dataclass(frozen=True, slots=True)
class ListedRule:
    """A rule for rows by its public name.

    Attributes:
        name: The name in YAML; signatures keep `rule.name`.
        rule: What a row must pass.
        help: One sentence for readers.
        skipped: A row that it skips.
        kept: A row that it keeps.
        shown: The field of the row that decides.
    """

    name: str
    rule: Selection
    help: str
    skipped: Row
    kept: Row
    shown: Literal["hypothesis", "reference", "prompt"] = "hypothesis"


@dataclass(frozen=True, slots=True)
class ListedView:
    """A part of a row by its public name.

    Attributes:
        gives: The type of its value: a text (or a list of texts), or an object that only some metrics read.
    """

    name: str
    view: View
    help: str
    gives: Literal["text", "object"] = "text"


Form = Literal["text", "tokens", "object"]


@dataclass(frozen=True, slots=True)
class ListedMetric:
    """A metric by its public name.

    Attributes:
        name: The name in YAML; its id, by which claims name it, is that of the metric made.
        help: One sentence for readers.
        takes: The forms that a chain may end in.
        make: Returns the metric; called with one value per option.
        options: The values of each option, the default first.
        free: Options with any text, which must be set, each with an example: the labels of a classification.
        reference: The forms that the chain of the reference may end in, if they are others.
        streams: Whether the hypothesis must be split into a list (speakers' sentences, phrases).
        tokenizers: The tokenizers that a chain may end in; empty if all may.
        reads_reference: Whether the reference counts; if not, its chain is not checked.
        missing: Why it cannot be computed here, or None.
    """

    name: str
    help: str
    takes: tuple[Form, ...]
    make: Callable[..., Metric] = field(compare=False, repr=False)
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    free: Mapping[str, str] = field(default_factory=dict)
    reference: tuple[Form, ...] = ()
    streams: bool = False
    tokenizers: tuple[str, ...] = ()
    reads_reference: bool = True
    missing: Reason = field(default=available, compare=False, repr=False)

    def made(self, chosen: Mapping[str, str] | None = None) -> Metric:
        """The metric with these options; the others have their defaults, and free ones their examples.

        Raises:
            ValueError: Two options exclude each other.
        """
        values: dict[str, Any] = {name: allowed[0] for name, allowed in self.options.items()}
        return self.make(**values | dict(self.free) | dict(chosen or {}))


Part = TypeVar("Part", ListedStep, ListedRule, ListedView, ListedMetric)


def by_name(parts: Sequence[Part]) -> dict[str, Part]:
    """The parts by their names.

    Raises:
        ValueError: Two parts have the same name.
    """
    found: dict[str, Part] = {}
    for part in parts:
        if part.name in found:
            raise ValueError(f"duplicate name {part.name} in the catalogue")
        found[part.name] = part
    return found
