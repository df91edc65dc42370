"""What becomes of each sample: the table of docs/file-types.md.

`make file-types` writes it into the document, `python -m corpus.measure` prints it.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from aibc.submissions.errors import FileEmpty, SubmissionError
from aibc.submissions.file_types import FILE_TYPES, expected_type
from aibc.submissions.type_sniffer import TypeSniffer

SAMPLES = Path(__file__).parent / "samples"
DOCUMENT = Path(__file__).parents[2] / "docs" / "file-types.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
PIECE = 64 * 1024
NAMES = {row.media_type: row.name for row in FILE_TYPES}


@dataclass(frozen=True)
class Sample:
    """A real file: what it is, how it was made, and whether it is to be taken under its name."""

    file: str
    name: str
    kind: str
    how: str
    taken: bool

    @property
    def content(self) -> bytes:
        return (SAMPLES / self.file).read_bytes()


def samples() -> list[Sample]:
    listed = json.loads((SAMPLES / "samples.json").read_text(encoding="utf-8"))
    return [Sample(**fields) for fields in listed]


def taken_as(sample: Sample) -> str | None:
    """The name of the type it is taken as where a resource lists none; None where it is refused."""
    content = sample.content
    try:
        file_type = expected_type(sample.name, None, ())
        sniffer = TypeSniffer(file_type, ())
        for start in range(0, len(content), PIECE):
            sniffer.feed(content[start : start + PIECE])
        if not content:
            raise FileEmpty
        sniffer.finish()
    except SubmissionError:
        return None
    return NAMES[file_type.media_type]


def table() -> str:
    """One line for each kind of file and what its samples were called."""
    lines: dict[tuple[str, bool], list[Sample]] = defaultdict(list)
    for sample in samples():
        lines[sample.kind, sample.taken].append(sample)
    rows = [
        "| what it is | handed in as | files | taken as that | taken as something else | refused |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for (kind, is_work), group in sorted(lines.items(), key=lambda line: not line[0][1]):
        results = [taken_as(sample) for sample in group]
        right = sum(result == kind for result in results)
        refused = results.count(None)
        suffixes = sorted({Path(sample.name).suffix.lower() for sample in group})
        names = ", ".join(f"`{suffix}`" for suffix in suffixes)
        label = kind if is_work else f"{kind} (not to be taken)"
        other = len(group) - right - refused
        rows.append(f"| {label} | {names} | {len(group)} | {right} | {other} | {refused} |")
    return "\n".join(rows) + "\n"


def section() -> str:
    """What stands between the markers of the document."""
    work = [sample for sample in samples() if sample.taken]
    rest = [sample for sample in samples() if not sample.taken]
    taken = sum(taken_as(sample) == sample.kind for sample in work)
    refused = sum(taken_as(sample) is None for sample in rest)
    return (
        f"{taken} of {len(work)} files of work were taken as what they are, and {refused} of "
        f"{len(rest)} files of other kinds, or under a name that is not theirs, were refused.\n\n"
        f"{table()}"
    )


def with_section(document: str) -> str:
    head, _, rest = document.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return head + BEGIN + section() + END + tail


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        DOCUMENT.write_text(with_section(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(section())
