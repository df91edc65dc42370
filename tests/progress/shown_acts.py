"""Acts that change what a learner reads without moving a figure, drawn at random.

Together with those of `rollups.histories` they are everything that may change a hot read.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from aibc.database.pool import Connection
from rollups.histories import Act, acts, learners

# A clock that can be put forward. The database of a test that uses it looks here first, wherever
# the product asks for the time; what was put forward before a connection was made counts.
SHIFTED_CLOCK = """
CREATE SCHEMA shifted;
CREATE TABLE shifted.days (days integer NOT NULL);
INSERT INTO shifted.days VALUES (0);
CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    'SELECT pg_catalog.clock_timestamp() + days * interval ''1 day'' FROM shifted.days';
CREATE FUNCTION shifted.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
    'SELECT pg_catalog.statement_timestamp() + days * interval ''1 day'' FROM shifted.days';
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = shifted, public, pg_catalog',
                   current_database());
END $$;
"""

# Each takes the learner as $1.
CHANGES = [
    "UPDATE users SET role = CASE role WHEN 'student' THEN 'instructor' ELSE 'student' END"
    " WHERE id = $1",
    "UPDATE user_streaks SET longest_streak = longest_streak + 1 WHERE user_id = $1",
    "UPDATE user_streaks SET current_streak = longest_streak, version = 1 WHERE user_id = $1",
    "INSERT INTO user_achievements (user_id, achievement_id) SELECT $1, id FROM achievements"
    " WHERE NOT EXISTS (SELECT FROM user_achievements AS earned"
    " WHERE earned.user_id = $1 AND achievement_id = id) ORDER BY id LIMIT 1",
    "UPDATE user_achievements SET earned_at = earned_at + interval '1 minute' WHERE user_id = $1",
    "DELETE FROM user_achievements WHERE user_id = $1",
    "UPDATE achievements SET description = description || '.' WHERE $1::uuid IS NOT NULL",
    "UPDATE resource_submissions SET notes = coalesce(notes, '') || '.' WHERE user_id = $1",
    "UPDATE resource_submissions SET sha256 = repeat('a', 64)"
    " WHERE sha256 IS NULL AND user_id = $1",
    "UPDATE resource_submissions SET metadata = '{\"a\": 1}' WHERE user_id = $1",
    "UPDATE resource_submissions SET submission_status = 'superseded'"
    " WHERE submission_status = 'uploaded' AND user_id = $1",
    "UPDATE resource_submissions SET deleted_at = clock_timestamp()"
    " WHERE submission_status = 'uploaded' AND deleted_at IS NULL AND user_id = $1",
    "UPDATE resource_completions SET notes = coalesce(notes, '') || '.' WHERE user_id = $1",
    "UPDATE user_progress SET version = 1, last_accessed_at = last_accessed_at - interval '1 day'"
    " WHERE user_id = $1",
    "UPDATE resources SET title = title || '.' WHERE type = 'video' AND $1::uuid IS NOT NULL",
    "UPDATE shifted.days SET days = days + 1 WHERE $1::uuid IS NOT NULL",
]


@st.composite
def _shown_acts(draw: st.DrawFn) -> Act:
    user, change = draw(learners), draw(st.sampled_from(CHANGES))

    async def run(connection: Connection) -> Any:
        return await connection.execute(change, user)

    return Act(f"{change} [{user}]", run)


every_act = st.one_of(acts, _shown_acts())
