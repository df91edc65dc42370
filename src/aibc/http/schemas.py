"""Base classes of every request and response model."""

from __future__ import annotations

import math
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class RequestModel(BaseModel):
    """What a client sends: unknown fields and text that cannot be stored are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unstorable(cls, data: Any) -> Any:
        refuse_unstorable(data)
        return data


class ResponseModel(BaseModel):
    """What the service answers; made from keyword arguments or from a database row."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Message(ResponseModel):
    """A sentence that says what was done."""

    message: str = Field(examples=["You are signed out."])


def refuse_unstorable(value: Any) -> None:
    """Raise where any text inside `value`, keys too, holds what PostgreSQL cannot keep."""
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise PydanticCustomError("unstorable_text", "holds a NUL or half of a character pair")
    elif isinstance(value, dict):
        for key, item in value.items():
            refuse_unstorable(key)
            refuse_unstorable(item)
    elif isinstance(value, list):
        for item in value:
            refuse_unstorable(item)
    elif isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("number_not_finite", "holds a number that is not finite")
