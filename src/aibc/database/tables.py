"""The one MetaData that every slice's `tables.py` describes its tables in."""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData()
