"""Family: a kind of task, with the conventions under which it can be scored and the parameters that a task may set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from tasks.convention import Convention
from tasks.errors import DeclarationError
from tasks.row import ReferenceType

Kind: TypeAlias = Literal["text", "flag", "number", "texts", "labels"]
Conventions: TypeAlias = Mapping[str, tuple[Convention, ...]]
_KINDS: Mapping[Kind, str] = {
    "text": "a text",
    "flag": "true or false",
    "number": "a whole number of at least 1",
    "texts": "a list of texts without duplicates",
    "labels": "a mapping from each label to a list of its other spellings",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a family's tasks.

    Attributes:
        name: As in a study's `parameters`.
        kind: The type of its value.
        default: The value of a task that does not set it; None if a task must set it.
        help: What it states, for readers.
        choices: The values that a text may have; empty if it is free.
        example: A value, for a parameter without a default.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    example: Any = None

    def checked(self, value: Any, family: str) -> Any:
        """The value.

        Raises:
            DeclarationError: It has a different type, or is not one of the choices.
        """
        fits = {
            "text": lambda: isinstance(value, str) and bool(value.strip()),
            "flag": lambda: isinstance(value, bool),
            "number": lambda: isinstance(value, int) and not isinstance(value, bool) and value >= 1,
            "texts": lambda: _texts(value),
            "labels": lambda: (
                isinstance(value, Mapping) and len(value) > 1 and all(_texts(other) for other in value.values())
            ),
        }[self.kind]()
        if not fits:
            raise DeclarationError(
                f"the parameter `{self.name}` of the family {family} must be {_KINDS[self.kind]}",
                field=("parameters", self.name),
                fix=self.help,
            )
        if self.choices and value not in self.choices:
            raise DeclarationError(
                f"the parameter `{self.name}` of the family {family} is {value!r}",
                field=("parameters", self.name),
                fix=f"Use one of: {', '.join(self.choices)}.",
            )
        return value


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value) and len(set(value)) == len(value)


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of task.

    Attributes:
        id: As in a study's `family`: `asr`.
        summary: What its tasks are, for readers.
        build: Conventions by metric, in display order, for checked parameters.
        reference: The type of `reference` in predictions, or a function from the checked parameters to it.
        parameters: What a task may set.
    """

    id: str
    summary: str
    build: Callable[[Mapping[str, Any]], Conventions]
    reference: ReferenceType | Callable[[Mapping[str, Any]], ReferenceType]
    parameters: tuple[Parameter, ...] = ()

    def checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters, with defaults for those that are not given.

        Raises:
            DeclarationError: A parameter is unknown, missing, or of a different type.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                raise DeclarationError(
                    f"the family {self.id} has no parameter `{name}`",
                    field=("parameters", name),
                    fix=f"Its parameters are: {', '.join(known) or 'none'}.",
                )
        for name, parameter in known.items():
            if name not in given and parameter.default is None:
                raise DeclarationError(
                    f"the family {self.id} needs the parameter `{name}`", field=("parameters",), fix=parameter.help
                )
        return {
            name: parameter.checked(given[name], self.id) if name in given else parameter.default
            for name, parameter in known.items()
        }

    @property
    def example(self) -> dict[str, Any]:
        """Parameters of a task of this family: defaults, and examples for those without one."""
        return self.checked({p.name: p.example for p in self.parameters if p.default is None})

    def reference_type(self, checked: Mapping[str, Any]) -> ReferenceType:
        """The type of `reference` in predictions, for checked parameters."""
        return self.reference if isinstance(self.reference, ReferenceType) else self.reference(checked)
