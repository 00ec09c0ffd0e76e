# SPDX-License-Identifier: Apache-2.0
"""Checks of JSON values against types with pydantic's lax rules: "5" is an int, "yes" is a bool, 5.0 is 5, 5.5 is not.

The slow path of decoding: `msgspec` takes what is typed exactly and refuses the rest, which then comes here to be
coerced or refused in pydantic's words. Each check takes a value that `json.loads` made and returns the value to use,
or INVALID after it has noted why. With `strict`, nothing is coerced (a union tries its members so first).

The rules are those of pydantic 2.14, tried out value by value; tests/protocol/test_lax.py holds them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import msgspec

from fastfront.protocol.issues import Issues, Location

INVALID: Final[Any] = object()

_MAX_DIGITS = 4300
_MAX_LAX_ITEMS = 10_000
"""Longer lists of numbers or texts are not looked through item by item in Python: time is bounded."""
_INT64_END = 2**63
_WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""Unicode's white space: what Python's strip() takes, less four control characters."""
_INT_TEXT = re.compile(r"[+-]?[0-9]+(?:_[0-9]+)*(?:\.0+)?")
_TRUE_TEXTS = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE_TEXTS = frozenset({"false", "f", "no", "n", "off", "0"})


class Check(Protocol):
    """How one value is checked."""

    def __call__(self, value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any: ...


def anything(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
    """Take any JSON value."""
    return value


def string(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
    if isinstance(value, str):
        return value
    issues.add("string_type", location, "Input should be a valid string", value)
    return INVALID


def boolean(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
    if isinstance(value, bool):
        return value
    kind = "bool_type"
    if not strict:
        if isinstance(value, str):
            kind, value_of = "bool_parsing", value.lower()
            if value_of in _TRUE_TEXTS:
                return True
            if value_of in _FALSE_TEXTS:
                return False
        elif isinstance(value, int | float) and -_INT64_END <= value < _INT64_END and value == int(value):
            if value in {0, 1}:
                return bool(value)
            if value != -_INT64_END or isinstance(value, int):
                kind = "bool_parsing"
    tail = ", unable to interpret input" if kind == "bool_parsing" else ""
    issues.add(kind, location, f"Input should be a valid boolean{tail}", value)
    return INVALID


def _int_from_float(value: float, location: Location, issues: Issues) -> Any:
    if not math.isfinite(value):
        issues.add("finite_number", location, "Input should be a finite number", value)
    elif not value.is_integer():
        issues.add(
            "int_from_float", location, "Input should be a valid integer, got a number with a fractional part", value
        )
    elif abs(value) >= _INT64_END:
        issues.add(
            "int_parsing_size", location, "Unable to parse input string as an integer, exceeded maximum size", value
        )
    else:
        return int(value)
    return INVALID


def _int_from_text(value: str, location: Location, issues: Issues) -> Any:
    text = value.strip(_WHITE_SPACE)
    if len(text) <= 2 * _MAX_DIGITS and not _INT_TEXT.fullmatch(text):
        issues.add(
            "int_parsing", location, "Input should be a valid integer, unable to parse string as an integer", value
        )
        return INVALID
    digits = text.partition(".")[0].replace("_", "")
    if len(text) > 2 * _MAX_DIGITS or len(digits.lstrip("+-")) > _MAX_DIGITS:
        issues.add(
            "int_parsing_size", location, "Unable to parse input string as an integer, exceeded maximum size", value
        )
        return INVALID
    return int(digits)


def integer(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
    if type(value) is int:
        return value
    if not strict:
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, float):
            return _int_from_float(value, location, issues)
        if isinstance(value, str):
            return _int_from_text(value, location, issues)
    issues.add("int_type", location, "Input should be a valid integer", value)
    return INVALID


def bounded(check: Check, *, ge: int | None = None, le: int | None = None) -> Check:
    """Return the check with a lower and an upper bound (inclusive)."""

    def check_bounds(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
        result = check(value, location, issues, strict=strict)
        if result is INVALID:
            return INVALID
        if le is not None and result > le:
            message = f"Input should be less than or equal to {le}"
            issues.add("less_than_equal", location, message, value, {"le": le})
            return INVALID
        if ge is not None and result < ge:
            message = f"Input should be greater than or equal to {ge}"
            issues.add("greater_than_equal", location, message, value, {"ge": ge})
            return INVALID
        return result

    return check_bounds


def _float_from_text(value: str) -> float | None:
    text = value.strip(_WHITE_SPACE)
    if "_" in value:
        # Around a number with underscores there must be no white space; pydantic has it so.
        if text != value or text.startswith("_") or text.endswith("_") or "__" in text:
            return None
        text = text.replace("_", "")
    try:
        return float(text) if text.isascii() else None
    except ValueError:
        return None


def number(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not (strict and isinstance(value, bool)):
        try:
            return float(value)
        except OverflowError:
            pass
    elif isinstance(value, str) and not strict:
        result = _float_from_text(value)
        if result is not None:
            return result
        issues.add(
            "float_parsing", location, "Input should be a valid number, unable to parse string as a number", value
        )
        return INVALID
    issues.add("float_type", location, "Input should be a valid number", value)
    return INVALID


def literal(*choices: str) -> Check:
    """Return a check for one of these strings."""
    quoted = [f"'{choice}'" for choice in choices]
    expected = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"

    def check_literal(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
        if isinstance(value, str) and value in choices:
            return value
        issues.add("literal_error", location, f"Input should be {expected}", value, {"expected": expected})
        return INVALID

    return check_literal


def nullable(check: Check) -> Check:
    """Return the check for a value or null."""

    def check_nullable(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
        return None if value is None else check(value, location, issues, strict=strict)

    return check_nullable


def list_of(item: Check, *, max_length: int | None = None, exact: Any = None) -> Check:
    """Return a check for a list.

    `exact` is the list's type for msgspec: long lists are checked in C, and taken or refused as they are.
    """

    def check_list(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
        if not isinstance(value, list):
            issues.add("list_type", location, "Input should be a valid list", value)
            return INVALID
        if max_length is not None and len(value) > max_length:
            noun = "item" if max_length == 1 else "items"
            message = f"List should have at most {max_length} {noun} after validation, not {len(value)}"
            context = {"field_type": "List", "max_length": max_length, "actual_length": len(value)}
            issues.add("too_long", location, message, value, context)
            return INVALID
        if exact is not None and len(value) > _MAX_LAX_ITEMS:
            return _check_long_list(value, exact, location, issues)
        before = issues.count
        result = []
        for index, member in enumerate(value):
            result.append(item(member, (*location, index), issues, strict=strict))
            if issues.overflowing:
                break
        return result if issues.count == before else INVALID

    return check_list


def not_empty(check: Check) -> Check:
    """Return the check of a list, which has to have an item."""

    def check_length(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
        result = check(value, location, issues, strict=strict)
        if result != []:
            return result
        message = "List should have at least 1 item after validation, not 0"
        issues.add("too_short", location, message, value, {"field_type": "List", "min_length": 1, "actual_length": 0})
        return INVALID

    return check_length


def _check_long_list(value: list[Any], exact: Any, location: Location, issues: Issues) -> Any:
    try:
        msgspec.convert(value, exact)
    except msgspec.ValidationError as error:
        # The first item at fault: "Expected `int`, got `str` - at `$[5]`"
        reason, _, path = str(error).partition(" - at `$")
        index = [int(step) for step in re.findall(r"\[(\d+)\]", path)]
        issues.add("list_type", (*location, *index), f"{reason} (in a list of more than {_MAX_LAX_ITEMS} items)", value)
        return INVALID
    return value


def dict_of(item: Check) -> Check:
    """Return a check for an object with any member names."""

    def check_dict(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
        if not isinstance(value, dict):
            issues.add("dict_type", location, "Input should be a valid dictionary", value)
            return INVALID
        if item is anything:
            return value
        before = issues.count
        result = {}
        for name, member in value.items():
            result[name] = item(member, (*location, name), issues, strict=strict)
            if issues.overflowing:
                break
        return result if issues.count == before else INVALID

    return check_dict


def union(*members: Check) -> Check:
    """Return a check that takes the first member type that fits exactly, else the first that fits by coercion."""

    def check_union(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
        for member in members:
            result = member(value, location, Issues(), strict=True)
            if result is not INVALID:
                return result
        failures = []
        for member in members:
            own = Issues()
            result = member(value, location, own, strict=strict)
            if result is not INVALID:
                return result
            failures.append(own)
        for own in failures:
            issues.merge(own)
        return INVALID

    return check_union


class Fields:
    """A check for an object with known members: a pydantic model or dataclass.

    Unknown members are left out, or kept behind the others with `extra`. `build` makes the result from the members that
    are present; by default it stays a dict. `dataclass` names the class where pydantic's error does (it words the two
    kinds differently).
    """

    def __init__(
        self,
        members: Mapping[str, Check],
        required: frozenset[str] | set[str] = frozenset(),
        build: Callable[..., Any] = dict,
        dataclass: str | None = None,
        *,
        extra: bool = False,
    ) -> None:
        self.members = dict(members)
        self.required = frozenset(required)
        self.build = build
        self.dataclass = dataclass
        self.extra = extra

    def __call__(self, value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
        if not isinstance(value, dict):
            self._refuse_type(value, location, issues)
            return INVALID
        before = issues.count
        result = {}
        for name, check in self.members.items():
            if name in value:
                result[name] = check(value[name], (*location, name), issues, strict=strict)
            elif name in self.required:
                issues.add("missing", (*location, name), "Field required", value)
        if self.extra:
            result.update((name, member) for name, member in value.items() if name not in self.members)
        return self.build(**result) if issues.count == before else INVALID

    def _refuse_type(self, value: Any, location: Location, issues: Issues) -> None:
        if self.dataclass is None:
            message = "Input should be a valid dictionary or object to extract fields from"
            issues.add("model_attributes_type", location, message, value)
        else:
            message = f"Input should be a dictionary or an instance of {self.dataclass}"
            issues.add("dataclass_type", location, message, value, {"class_name": self.dataclass})
