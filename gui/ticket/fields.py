"""A strategy's form, read from its pydantic model. Qt-free.

What is shown is not always what is stored: a fraction is shown as percent, seconds as `5 m`. A `Field`
knows both ways, and says what is wrong in the numbers the trader sees.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from core.domain.enums import ExecutionStrategy
from core.domain.errors import BadParams, FathomError
from core.domain.numbers import plain
from core.strategies.params import PARAMS, Params
from gui.ticket.grid import parse_number

# The venue checklist says the same, better: a box per venue.
COVERED_BY_VENUES = ("include_spot", "include_perp")


class FieldKind(StrEnum):
    BOOL = "bool"
    CHOICE = "choice"
    WHOLE = "whole"
    DECIMAL = "decimal"
    SECONDS = "seconds"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range, in stored units; `inclusive` when the end itself is allowed."""

    value: Decimal
    inclusive: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter as the form shows it.

    Attributes:
        scale: shown number / scale = stored number.
        step: what an arrow key adds, in shown units.
        low, high: bounds in stored units.
        optional: an empty field means None.
    """

    name: str
    kind: FieldKind
    title: str
    help: str
    unit: str
    scale: int
    step: Decimal
    default: object
    optional: bool = False
    choices: tuple[str, ...] = ()
    low: Bound | None = None
    high: Bound | None = None

    def shown(self, value: object) -> str:
        """A stored value as the text of its field."""
        if value is None:
            return ""
        if self.kind in (FieldKind.WHOLE, FieldKind.DECIMAL, FieldKind.SECONDS):
            return self.text(Decimal(str(value)) * self.scale)
        return str(value)

    def text(self, number: Decimal) -> str:
        """A number in shown units as it is written; money with separators, because zeros are hard to count."""
        if self.kind is FieldKind.SECONDS:
            return human_duration(number)
        return f"{number:,.2f}" if self.unit == "quote" else plain(number)

    def read(self, text: str) -> object:
        """The text of a field as a stored value.

        Raises:
            BadParams: with a sentence in shown units.
        """
        if self.kind in (FieldKind.TEXT, FieldKind.CHOICE):
            return text.strip() or self.default
        number = self.number(text)
        if number is None:
            if self.optional:
                return None
            raise BadParams(f"{self.title} is missing.")
        self._check(number / self.scale)
        if self.kind is FieldKind.WHOLE:
            if number != number.to_integral_value():
                raise BadParams(f"{self.title} must be a whole number.")
            return int(number)
        return float(number) if self.kind is FieldKind.SECONDS else number / self.scale

    def number(self, text: str) -> Decimal | None:
        """The text as a number in shown units (seconds for a duration).

        Raises:
            BadParams: not a number.
        """
        if self.kind is FieldKind.SECONDS:
            seconds = parse_duration(text)
            if seconds is None and text.strip():
                raise BadParams(f"{self.title}: write it like 90 s, 5 m or 1 h 30 m.", detail=text)
            return seconds
        try:
            return parse_number(text.removesuffix("%"), "number")
        except FathomError as error:
            raise BadParams(f"{self.title}: write a plain number.", detail=error) from None

    def _check(self, stored: Decimal) -> None:
        low, high = self.low, self.high
        if low and (stored < low.value or (stored == low.value and not low.inclusive)):
            raise BadParams(f"{self.title} must be {'at least' if low.inclusive else 'more than'} {self._with_unit(low.value)}.")
        if high and (stored > high.value or (stored == high.value and not high.inclusive)):
            raise BadParams(f"{self.title} must be {'at most' if high.inclusive else 'less than'} {self._with_unit(high.value)}.")

    def _with_unit(self, stored: Decimal) -> str:
        if self.kind is FieldKind.SECONDS:
            return human_duration(stored)
        unit = self.unit.removesuffix("s") if stored == 1 else self.unit
        return f"{self.shown(stored)} {unit}".rstrip()


def fields_of(strategy: ExecutionStrategy) -> tuple[Field, ...]:
    """Every parameter of a strategy, the ones of its own first."""
    return tuple(sorted(model_fields(PARAMS[strategy]), key=lambda field: field.name in COVERED_BY_VENUES))


def model_fields(model: type[BaseModel]) -> tuple[Field, ...]:
    """Every field of a model, in its order."""
    return tuple(_field(name, info) for name, info in model.model_fields.items())


def description_of(strategy: ExecutionStrategy) -> str:
    """What the strategy does, one sentence."""
    return (PARAMS[strategy].__doc__ or "").strip().split("\n")[0]


def check(strategy: ExecutionStrategy, values: Mapping[str, object]) -> Params:
    """`values` together: each was read already, here they must fit one another.

    Raises:
        BadParams: one sentence, without the model's jargon.
    """
    try:
        return PARAMS[strategy].model_validate(dict(values))
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise BadParams(f"{message[0].upper()}{message[1:]}.", detail=error) from None


def _field(name: str, info: FieldInfo) -> Field:
    extra: dict[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    annotation, optional = _without_none(info.annotation)
    unit = str(extra.get("unit", ""))
    low, high = _bounds(info)
    return Field(
        name=name,
        kind=_kind(annotation, unit),
        title=info.title or name.replace("_", " ").capitalize(),
        help=info.description or "",
        unit=unit,
        scale=int(extra.get("scale", 1)),
        step=Decimal(str(extra.get("step", 1))),
        default=info.get_default(),
        optional=optional,
        choices=tuple(str(choice) for choice in get_args(annotation)) if get_origin(annotation) is Literal else (),
        low=low,
        high=high,
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """`Annotated[Decimal, …] | None` to (Decimal, True)."""
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return _bare(inner[0]), True
    return _bare(annotation), False


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if hasattr(annotation, "__metadata__") else annotation


_KINDS: dict[Any, FieldKind] = {bool: FieldKind.BOOL, int: FieldKind.WHOLE, Decimal: FieldKind.DECIMAL, float: FieldKind.DECIMAL}


def _kind(annotation: Any, unit: str) -> FieldKind:
    if get_origin(annotation) is Literal:
        return FieldKind.CHOICE
    if annotation is float and unit == "s":
        return FieldKind.SECONDS
    return _KINDS.get(annotation, FieldKind.TEXT)


def _bounds(info: FieldInfo) -> tuple[Bound | None, Bound | None]:
    low: Bound | None = None
    high: Bound | None = None
    for rule in info.metadata:
        match rule:
            case annotated_types.Ge(ge=value):
                low = Bound(Decimal(str(value)), True)
            case annotated_types.Gt(gt=value):
                low = Bound(Decimal(str(value)), False)
            case annotated_types.Le(le=value):
                high = Bound(Decimal(str(value)), True)
            case annotated_types.Lt(lt=value):
                high = Bound(Decimal(str(value)), False)
    return low, high


_PARTS = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|min|m|sec|s)?", re.IGNORECASE)
_SECONDS = {"d": 86_400, "h": 3600, "min": 60, "m": 60, "sec": 1, "s": 1}


def parse_duration(text: str) -> Decimal | None:
    """`5m`, `1 h 30 m`, `90` (seconds) in seconds; None for anything else."""
    if not text.strip() or _PARTS.sub("", text).strip():
        return None
    return sum((Decimal(part[1]) * _SECONDS[(part[2] or "s").lower()] for part in _PARTS.finditer(text)), Decimal(0))


def human_duration(seconds: Decimal) -> str:
    """`5 m`, `1 h 30 m`, `2.5 s`: no unit that is zero."""
    left, parts = seconds, []
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        whole, left = divmod(left, size)
        if whole:
            parts.append(f"{whole:.0f} {unit}")
    if left or not parts:
        parts.append(f"{plain(left)} s")
    return " ".join(parts)
