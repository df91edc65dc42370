"""What a learner reads."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, HTTPException
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.reference.database import SessionDep
from benchmarks.reference.models import (
    Achievement,
    Completion,
    EarnedAchievement,
    Module,
    ModuleCompletion,
    ModuleProgress,
    Pathway,
    Progress,
    Resource,
    Streak,
    Submission,
)
from benchmarks.reference.schemas import (
    AchievementOut,
    CompletionOut,
    DashboardOut,
    DashboardPathwayOut,
    ModuleOut,
    ModuleResourcesOut,
    PathwayOut,
    PathwayPageOut,
    ProgressOut,
    ResourceOut,
    StreakOut,
    SubmissionOut,
)
from benchmarks.reference.security import CurrentUser

router = APIRouter()


@router.get(
    "/api/v1/resources/pathways/{pathway_id}/resources", response_model=list[ModuleResourcesOut]
)
async def read_pathway_resources(
    pathway_id: str, user: CurrentUser, session: SessionDep
) -> list[ModuleResourcesOut]:
    modules = await session.scalars(
        select(Module).where(Module.pathway_id == pathway_id).order_by(Module.order_index)
    )
    return [
        ModuleResourcesOut(
            module_id=module.id,
            module_title=module.title,
            resources=await _resources(session, module.id, user.id),
        )
        for module in modules.all()
    ]


@router.get(
    "/api/v1/resources/modules/{module_id}/resources-with-progress",
    response_model=list[ResourceOut],
)
async def read_module_resources(
    module_id: str, user: CurrentUser, session: SessionDep
) -> list[ResourceOut]:
    return await _resources(session, module_id, user.id)


@router.get(
    "/api/v1/resources/users/me/resources/{resource_id}/progress", response_model=CompletionOut
)
async def read_completion(resource_id: str, user: CurrentUser, session: SessionDep) -> Completion:
    completion = await session.scalar(
        select(Completion).where(
            Completion.user_id == user.id, Completion.resource_id == resource_id
        )
    )
    if completion is None:
        raise HTTPException(404, "Not started.")
    return completion


@router.get("/api/v1/progress/pathways/{slug}", response_model=PathwayPageOut)
async def read_pathway(slug: str, user: CurrentUser, session: SessionDep) -> PathwayPageOut:
    pathway = await session.get(Pathway, slug)
    if pathway is None:
        raise HTTPException(404, "No such pathway.")
    modules = (
        await session.scalars(
            select(Module).where(Module.pathway_id == slug).order_by(Module.order_index)
        )
    ).all()
    shown = [await _module(session, module, user.id) for module in modules]
    progress = await session.get(Progress, (user.id, slug))
    return PathwayPageOut(
        pathway=PathwayOut(
            **{name: getattr(pathway, name) for name in _PATHWAY_FIELDS}, total_modules=len(modules)
        ),
        progress=ProgressOut.model_validate(progress) if progress else None,
        modules=shown,
        next_module=next((one for one in shown if one.approval_status != "approved"), None),
    )


@router.get("/api/v1/progress/user/dashboard", response_model=DashboardOut)
async def read_dashboard(user: CurrentUser, session: SessionDep) -> DashboardOut:
    pathways = []
    rows = await session.scalars(select(Progress).where(Progress.user_id == user.id))
    for progress in rows.all():
        pathway = await session.get(Pathway, progress.pathway_id)
        if pathway is None:
            continue
        pathways.append(
            DashboardPathwayOut(
                **{name: getattr(pathway, name) for name in _CARD_FIELDS},
                progress=ProgressOut.model_validate(progress),
            )
        )
    approved = await session.scalar(
        select(func.count())
        .select_from(ModuleCompletion)
        .where(ModuleCompletion.user_id == user.id, ModuleCompletion.approval_status == "approved")
    )
    streak = await session.get(Streak, user.id)
    return DashboardOut(
        pathways=pathways,
        summary={
            "pathways_started": len(pathways),
            "pathways_completed": sum(one.progress.completed_at is not None for one in pathways),
            "modules_completed": approved or 0,
            "total_time_spent_minutes": sum(
                one.progress.total_time_spent_minutes for one in pathways
            ),
        },
        recent_achievements=await _achievements(session, user.id),
        streak=StreakOut(
            current=streak.current_streak if streak else 0,
            longest=streak.longest_streak if streak else 0,
            last_activity=streak.last_activity_date if streak else None,
        ),
    )


_CARD_FIELDS = ("id", "title", "short_title", "instructor", "color")
_PATHWAY_FIELDS = (*_CARD_FIELDS, "created_at", "updated_at")


async def _resources(session: AsyncSession, module_id: str, user_id: UUID) -> list[ResourceOut]:
    resources = await session.scalars(
        select(Resource).where(Resource.module_id == module_id).order_by(Resource.order_index)
    )
    shown = []
    for resource in resources.all():
        out = ResourceOut.model_validate(resource)
        completion = await session.scalar(
            select(Completion).where(
                Completion.user_id == user_id, Completion.resource_id == resource.id
            )
        )
        submissions = await session.scalars(
            select(Submission)
            .where(Submission.user_id == user_id, Submission.resource_id == resource.id)
            .order_by(Submission.attempt.desc())
        )
        out.completion = CompletionOut.model_validate(completion) if completion else None
        out.submissions = [SubmissionOut.model_validate(one) for one in submissions.all()]
        shown.append(out)
    return shown


async def _module(session: AsyncSession, module: Module, user_id: UUID) -> ModuleOut:
    figure = await session.get(ModuleProgress, (user_id, module.id))
    handed_in = await session.get(ModuleCompletion, (user_id, module.id))
    return ModuleOut(
        id=module.id,
        pathway_id=module.pathway_id,
        title=module.title,
        description=module.description,
        order_index=module.order_index,
        duration_minutes=module.duration_minutes,
        created_at=module.created_at,
        updated_at=module.updated_at,
        completed=handed_in is not None,
        completed_at=handed_in.completed_at if handed_in else None,
        approval_status=handed_in.approval_status if handed_in else None,
        review_comments=handed_in.review_comments if handed_in else None,
        progress_percentage=figure.progress_percentage if figure else 0,
    )


async def _achievements(session: AsyncSession, user_id: UUID) -> list[AchievementOut]:
    earned = await session.scalars(
        select(EarnedAchievement)
        .where(EarnedAchievement.user_id == user_id)
        .order_by(EarnedAchievement.earned_at.desc())
    )
    shown = []
    for one in earned.all():
        achievement = await session.get(Achievement, one.achievement_id)
        if achievement is not None:
            shown.append(
                AchievementOut(
                    **{name: getattr(achievement, name) for name in _ACHIEVEMENT_FIELDS},
                    earned_at=one.earned_at,
                )
            )
    return shown


_ACHIEVEMENT_FIELDS = ("id", "name", "description", "icon", "category")
