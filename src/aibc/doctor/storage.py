"""Whether the store is set up as the service and its browsers need it."""

from __future__ import annotations

from aibc.doctor.findings import Finding
from aibc.settings import Settings
from aibc.storage.operator import check_storage


async def examine_storage(settings: Settings) -> list[Finding]:
    """What has to be mended, each with the command that mends it where there is one."""
    return [
        Finding(f"storage_{found.name}", f"{found.detail} {found.remedy}".strip())
        for found in await check_storage(settings)
        if not found.is_good
    ]
