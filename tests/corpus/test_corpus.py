"""Real files of many kinds: work is taken as what it is, everything else refused."""

from __future__ import annotations

import pytest

from corpus.measure import DOCUMENT, Sample, samples, taken_as, with_section


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.file)
def test_work_is_taken_as_what_it_is_and_the_rest_refused(sample: Sample) -> None:
    assert taken_as(sample) == (sample.kind if sample.taken else None), sample.how


def test_the_document_shows_what_was_measured() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert document == with_section(document), "make file-types"


def test_there_are_many_of_both() -> None:
    work = [sample for sample in samples() if sample.taken]
    assert len(work) >= 60
    assert len(samples()) - len(work) >= 30
