-- name: explain_pathway
-- The learner $1 on the pathway $2, as the rules see it at one moment: a row per resource, live or
-- not. A module without resources has one row of NULLs behind its own columns, a pathway without
-- modules likewise.
SELECT
    pathways.title AS pathway_title,
    pathways.is_published AS pathway_published, pathways.removed_at AS pathway_removed_at,
    coalesce(progress.progress_percentage, 0) AS stored_percentage,
    progress.completed_at AS pathway_completed_at,
    modules.id AS module_id, modules.title AS module_title,
    modules.is_published AS module_published, modules.removed_at AS module_removed_at,
    state.progress_percentage AS module_percentage, state.step, state.approval_status,
    state.reviewed_at AS module_reviewed_at, state.review_comments AS module_review_comments,
    reviewer.full_name AS module_reviewer, state.handed_in_at,
    resources.id AS resource_id, resources.title AS resource_title, resources.type,
    resources.requires_upload, resources.is_required,
    resources.is_published AS resource_published, resources.removed_at AS resource_removed_at,
    completion.status, completion.progress_percentage, completion.completed_at,
    newest.attempt, newest.submission_status, newest.created_at AS handed_in_file_at,
    newest.reviewed_at
FROM pathways
LEFT JOIN user_progress AS progress
    ON progress.user_id = $1 AND progress.pathway_id = pathways.id
LEFT JOIN modules ON modules.pathway_id = pathways.id
LEFT JOIN LATERAL module_states(ARRAY[$1::uuid], ARRAY[modules.id]) AS state ON true
LEFT JOIN users AS reviewer ON reviewer.id = state.reviewed_by
LEFT JOIN resources ON resources.module_id = modules.id
LEFT JOIN resource_completions AS completion
    ON completion.user_id = $1 AND completion.resource_id = resources.id
LEFT JOIN LATERAL (
    SELECT submission.attempt, submission.submission_status, submission.created_at,
           submission.reviewed_at
    FROM resource_submissions AS submission
    WHERE submission.user_id = $1 AND submission.resource_id = resources.id
      AND submission.deleted_at IS NULL AND submission.submission_status <> 'superseded'
    ORDER BY submission.attempt DESC LIMIT 1
) AS newest ON completion.submission_count > 0
WHERE pathways.id = $2
ORDER BY modules.order_index, modules.id, resources.order_index, resources.id
