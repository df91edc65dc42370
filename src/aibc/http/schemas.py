"""Base classes of every request and response model."""

from __future__ import annotations

import math
import re
from typing import Any, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

MAX_DEPTH = 50

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class RequestModel(BaseModel):
    """What a client sends: unknown fields and text that cannot be stored are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unstorable(cls, data: Any) -> Any:
        refuse_unstorable(data)
        return data


def _from_integral(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# For strict integers. JSON has one kind of number: 40.0 is 40; true, "40" and 40.5 are not.
FROM_INTEGRAL = BeforeValidator(_from_integral)


class ResponseModel(BaseModel):
    """What the service answers; made from keyword arguments or from a database row."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Message(ResponseModel):
    """A sentence that says what was done."""

    message: str = Field(examples=["You are signed out."])


def refuse_unstorable(value: Any, name: str = "body", depth: int = 0) -> None:
    """Raise where any text inside `value`, keys too, holds what PostgreSQL cannot keep.

    Raises PydanticCustomError with a sentence that names the innermost field.
    """
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            _refuse(name, "holds a character that cannot be stored, such as NUL")
    elif isinstance(value, float):
        if not math.isfinite(value):
            _refuse(name, "holds a number that is not finite")
    elif isinstance(value, dict | list) and depth == MAX_DEPTH:
        _refuse(name, "is nested too deeply")
    elif isinstance(value, dict):
        for key, item in value.items():
            refuse_unstorable(key, name, depth + 1)
            refuse_unstorable(item, key, depth + 1)
    elif isinstance(value, list):
        for item in value:
            refuse_unstorable(item, name, depth + 1)


def _refuse(name: str, reason: str) -> NoReturn:
    sentence = f"The field {name[:100]} {reason}."
    raise PydanticCustomError("unstorable", "{sentence}", {"sentence": sentence, "field": name})
