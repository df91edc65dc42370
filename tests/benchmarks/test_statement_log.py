"""Statements read from the server's log are the ones that were sent."""

from __future__ import annotations

from benchmarks.statement_log import Statement, parse

LOG = """\
2026-11-24 20:30:00.123 UTC [41] LOG:  execute __asyncpg_stmt_3__: -- What the learner did.
\tSELECT status
\tFROM resource_completions WHERE user_id = $1 AND notes = $2 AND module_id IS NOT DISTINCT FROM $3
2026-11-24 20:30:00.123 UTC [41] DETAIL:  Parameters: $1 = '7', $2 = 'it''s, $9 = ''x''', $3 = NULL
2026-11-24 20:30:00.130 UTC [42] LOG:  checkpoint starting: time
2026-11-24 20:30:00.131 UTC [41] LOG:  statement: BEGIN;
2026-11-24 20:30:00.132 UTC [41] LOG:  execute <unnamed>: SELECT 1
"""


def test_text_and_parameters_are_read_as_they_were_sent() -> None:
    found = list(parse(LOG))
    assert found == [
        Statement(
            "-- What the learner did.\nSELECT status\nFROM resource_completions WHERE user_id = $1"
            " AND notes = $2 AND module_id IS NOT DISTINCT FROM $3",
            ("7", "it's, $9 = 'x'", None),
        ),
        Statement("BEGIN;"),
        Statement("SELECT 1"),
    ]
