"""What a learner and an instructor write, with the sums made in Python."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, File, HTTPException, UploadFile
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.reference.database import SessionDep
from benchmarks.reference.models import (
    Completion,
    Module,
    ModuleCompletion,
    ModuleProgress,
    Progress,
    Resource,
    Submission,
    User,
)
from benchmarks.reference.schemas import (
    CompletionOut,
    CompletionWriteOut,
    PendingOut,
    PendingPageOut,
    ReportIn,
    ReviewIn,
    SubmissionOut,
)
from benchmarks.reference.security import CurrentUser, Reviewer, get_reviewer

router = APIRouter()
DONE = ("completed", "reviewed")


@router.put(
    "/api/v1/resources/users/me/resources/{resource_id}/progress",
    response_model=CompletionWriteOut,
)
async def report_progress(
    resource_id: str, body: ReportIn, user: CurrentUser, session: SessionDep
) -> CompletionWriteOut:
    resource = await session.get(Resource, resource_id)
    if resource is None:
        raise HTTPException(404, "No such resource.")
    completion = await session.scalar(
        select(Completion).where(
            Completion.user_id == user.id, Completion.resource_id == resource_id
        )
    )
    if completion is None:
        module = await session.get(Module, resource.module_id)
        completion = Completion(
            user_id=user.id,
            resource_id=resource_id,
            module_id=resource.module_id,
            pathway_id=module.pathway_id if module else "",
            status="in_progress",
            progress_percentage=0,
            time_spent_minutes=0,
        )
        session.add(completion)
    if completion.status == "in_progress":
        completion.progress_percentage = max(
            completion.progress_percentage, min(body.progress_percentage, 99)
        )
    completion.time_spent_minutes = max(completion.time_spent_minutes, body.time_spent_minutes)
    completion.last_accessed_at = datetime.now(UTC)
    await session.flush()
    module_figure = await _recount(session, user.id, resource.module_id, completion.pathway_id)
    pathway_figure = await _recount_pathway(session, user.id, completion.pathway_id)
    await session.commit()
    handed_in = await session.get(ModuleCompletion, (user.id, resource.module_id))
    return CompletionWriteOut(
        **CompletionOut.model_validate(completion).model_dump(by_alias=False),
        module_progress=module_figure,
        module_completed=handed_in is not None,
        pathway_progress=pathway_figure,
    )


@router.get(
    "/api/v1/resources/admin/submissions/pending",
    response_model=PendingPageOut,
    dependencies=[Depends(get_reviewer)],
)
async def read_pending(session: SessionDep, limit: int = 50, offset: int = 0) -> PendingPageOut:
    waiting = (Submission.submission_status == "uploaded", Submission.deleted_at.is_(None))
    total = await session.scalar(select(func.count()).select_from(Submission).where(*waiting))
    rows = await session.scalars(
        select(Submission)
        .where(*waiting)
        .order_by(Submission.created_at)
        .limit(limit)
        .offset(offset)
    )
    return PendingPageOut(
        total_pending=total or 0, submissions=[await _pending(session, one) for one in rows.all()]
    )


@router.post(
    "/api/v1/resources/admin/submissions/{submission_id}/review", response_model=SubmissionOut
)
async def review(
    submission_id: UUID, body: ReviewIn, user: Reviewer, session: SessionDep
) -> Submission:
    submission = await session.get(Submission, submission_id)
    if submission is None:
        raise HTTPException(404, "No such submission.")
    submission.submission_status = body.submission_status
    submission.grade = body.grade
    submission.review_comments = body.review_comments
    submission.reviewed_by = user.id
    submission.reviewed_at = datetime.now(UTC)
    completion = await session.scalar(
        select(Completion).where(
            Completion.user_id == submission.user_id,
            Completion.resource_id == submission.resource_id,
        )
    )
    if completion is not None:
        passed = body.submission_status == "approved"
        completion.status = "reviewed" if passed else "in_progress"
        completion.progress_percentage = 100 if passed else 99
        completion.completed_at = datetime.now(UTC) if passed else None
        await session.flush()
        await _recount(session, submission.user_id, completion.module_id, completion.pathway_id)
        await _recount_pathway(session, submission.user_id, completion.pathway_id)
    await session.commit()
    return submission


@router.post(
    "/api/v1/resources/users/me/resources/{resource_id}/upload", response_model=SubmissionOut
)
async def upload(
    resource_id: str, file: Annotated[UploadFile, File()], user: CurrentUser, session: SessionDep
) -> Submission:
    resource = await session.get(Resource, resource_id)
    if resource is None or not resource.requires_upload:
        raise HTTPException(400, "This resource takes no file.")
    content = await file.read()
    if len(content) > resource.max_file_size_mb * 1024 * 1024:
        raise HTTPException(413, "Too large.")
    earlier = (
        await session.scalars(
            select(Submission).where(
                Submission.user_id == user.id, Submission.resource_id == resource_id
            )
        )
    ).all()
    for one in earlier:
        if one.submission_status == "uploaded":
            one.submission_status = "superseded"
    await session.flush()
    key = f"{user.id}/{resource_id}/{uuid4()}_{file.filename}"
    path = Path(os.environ["UPLOAD_DIR"]) / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    submission = Submission(
        user_id=user.id,
        resource_id=resource_id,
        attempt=len(earlier) + 1,
        file_name=file.filename or "file",
        file_size_bytes=len(content),
        file_type=file.content_type or "application/octet-stream",
        crc32c="AAAAAA==",
        gcs_url=f"local://{key}",
        submission_status="uploaded",
    )
    session.add(submission)
    await session.commit()
    await session.refresh(submission)
    return submission


async def _recount(session: AsyncSession, user_id: UUID, module_id: str, pathway_id: str) -> int:
    resources = (
        await session.scalars(
            select(Resource).where(Resource.module_id == module_id, Resource.is_required)
        )
    ).all()
    completions = (
        await session.scalars(
            select(Completion).where(
                Completion.user_id == user_id, Completion.module_id == module_id
            )
        )
    ).all()
    done = {one.resource_id for one in completions if one.status in DONE}
    percentage = 100 * len(done) // max(len(resources), 1)
    figure = await session.get(ModuleProgress, (user_id, module_id))
    if figure is None:
        figure = ModuleProgress(user_id=user_id, module_id=module_id, pathway_id=pathway_id)
        session.add(figure)
    figure.progress_percentage = percentage
    await session.flush()
    return percentage


async def _recount_pathway(session: AsyncSession, user_id: UUID, pathway_id: str) -> int:
    modules = (await session.scalars(select(Module).where(Module.pathway_id == pathway_id))).all()
    figures = (
        await session.scalars(
            select(ModuleProgress).where(
                ModuleProgress.user_id == user_id, ModuleProgress.pathway_id == pathway_id
            )
        )
    ).all()
    minutes = await session.scalar(
        select(func.sum(Completion.time_spent_minutes)).where(
            Completion.user_id == user_id, Completion.pathway_id == pathway_id
        )
    )
    percentage = sum(one.progress_percentage for one in figures) // max(len(modules), 1)
    progress = await session.get(Progress, (user_id, pathway_id))
    if progress is not None:
        progress.progress_percentage = percentage
        progress.total_time_spent_minutes = minutes or 0
        progress.last_accessed_at = datetime.now(UTC)
    return percentage


async def _pending(session: AsyncSession, submission: Submission) -> PendingOut:
    user = await session.get(User, submission.user_id)
    resource = await session.get(Resource, submission.resource_id)
    if user is None or resource is None:
        raise HTTPException(500, "Inconsistent data.")
    module = await session.get(Module, resource.module_id)
    waiting = datetime.now(UTC) - submission.created_at
    return PendingOut(
        id=submission.id,
        user_id=user.id,
        user_email=user.email,
        user_name=user.full_name,
        resource_id=resource.id,
        resource_title=resource.title,
        resource_type=resource.type,
        pathway_id=module.pathway_id if module else "",
        module_id=resource.module_id,
        attempt=submission.attempt,
        file_name=submission.file_name,
        file_type=submission.file_type,
        file_size_bytes=submission.file_size_bytes,
        gcs_url=submission.gcs_url,
        submission_status=submission.submission_status,
        created_at=submission.created_at,
        hours_waiting=waiting.total_seconds() / 3600,
    )
