# SPDX-License-Identifier: Apache-2.0
"""Lax checks for the request Structs, made from their own annotations: fields and bounds are written down once.

A Struct's annotations say what `msgspec` accepts (the fast path); from the same annotations this module makes the
check that coerces and words errors (the slow path). What an annotation cannot say is passed as an override.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union

import msgspec

from fastfront.protocol import lax
from fastfront.protocol.lax import Check, Fields

_SCALARS: dict[Any, Check] = {
    Any: lax.anything,
    str: lax.string,
    bool: lax.boolean,
    int: lax.integer,
    float: lax.number,
}


def _check_for(hint: Any, meta: msgspec.Meta | None = None) -> Check:
    if hint in _SCALARS:
        check = _SCALARS[hint]
        if meta is None:
            return check
        return lax.bounded(check, ge=_as_int(meta.ge), le=_as_int(meta.le))
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _check_for(arguments[0], arguments[1])
    if origin in {Union, types.UnionType}:
        members = [_check_for(member) for member in arguments if member is not types.NoneType]
        check = members[0] if len(members) == 1 else lax.union(*members)
        return lax.nullable(check) if types.NoneType in arguments else check
    if origin is Literal:
        return lax.literal(*arguments)
    if origin is list:
        exact = hint if arguments[0] in _SCALARS or typing.get_origin(arguments[0]) is Annotated else None
        return lax.list_of(_check_for(arguments[0]), max_length=None if meta is None else meta.max_length, exact=exact)
    if origin is dict:
        return lax.dict_of(_check_for(arguments[1]))
    return check_for_struct(hint)


def _as_int(bound: float | None) -> int | None:
    return None if bound is None else int(bound)


def check_for_struct(struct: type[msgspec.Struct], overrides: Mapping[str, Check] | None = None) -> Fields:
    """Return the check that makes this Struct from a JSON object."""
    hints = typing.get_type_hints(struct, include_extras=True)
    overrides = overrides or {}
    fields = msgspec.structs.fields(struct)
    return Fields(
        {field.name: overrides.get(field.name) or _check_for(hints[field.name]) for field in fields},
        required={field.name for field in fields if field.required},
        build=struct,
    )
