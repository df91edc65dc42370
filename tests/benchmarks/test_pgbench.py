"""Scripts for pgbench are the product's statements, with the learner left open."""

from __future__ import annotations

from benchmarks.identities import learner_id, session_id
from benchmarks.pgbench import Variation, script
from benchmarks.statement_log import Statement


def script_of(text: str, *parameters: str | None, variation: Variation | None = None) -> str:
    """The statement of one request of learner 13, without the lines that choose a learner."""
    given = Statement(text, parameters)
    return script([given], 13, variation or Variation()).split("\n", 2)[2].strip()


def test_whoever_asked_becomes_whoever_is_chosen() -> None:
    text = script_of("SELECT $2, $1", str(learner_id(13)), str(session_id(13)))
    assert text == "SELECT md5('session:' || :i)::uuid, md5('learner:' || :i)::uuid;"


def test_the_pathway_follows_from_the_learner() -> None:
    text = script_of("SELECT $1", "pathway-3-module-2-r1")
    assert text == "SELECT (('pathway-' || :p)::text || '-module-2-r1');"


def test_lists_of_learners_stay_lists() -> None:
    text = script_of("SELECT $1", "{" + str(learner_id(13)) + "}")
    assert text == "SELECT ('{' || (md5('learner:' || :i)::uuid)::text || '}')::uuid[];"


def test_nothing_else_is_touched() -> None:
    assert script_of("SELECT $1, $2, $3", None, "it's", "") == "SELECT NULL, 'it''s', '';"


def test_what_varies_by_itself_is_an_expression() -> None:
    variation = Variation(values={"61": "(:i % 100)"})
    assert script_of("SELECT $1", "61", variation=variation) == "SELECT (:i % 100);"


def test_comments_go_and_colons_in_text_are_no_variables() -> None:
    text = script_of("-- Why: because.\nSELECT to_char(now(), 'HH24:MI')::text")
    assert text == "SELECT to_char(now(), 'HH24:'||'MI')::text;"
