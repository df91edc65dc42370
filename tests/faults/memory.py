"""What uploads at once cost the service in memory."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from aibc.settings import MEBIBYTE
from faults.school import School
from submissions.sockets import Classroom


async def memory_of_each(school: School, number: int, content: bytes) -> float:
    """How many MiB the whole service needs at most for each of so many uploads at once."""
    learners = [await school.learner() for _ in range(number)]
    await school.hand_in_at_last(await school.learner(), content, "warm")
    memory = Classroom(school.server, "", "", "").memory
    before = highest = memory()
    uploads = [
        asyncio.create_task(school.hand_in(learner, content, uuid4().hex)) for learner in learners
    ]
    while not all(upload.done() for upload in uploads):
        highest = max(highest, await asyncio.to_thread(memory))
        await asyncio.sleep(0.02)
    answers = await asyncio.gather(*uploads)
    assert [answer and answer.status_code for answer in answers] == [200] * number
    return (highest - before) / number / MEBIBYTE
