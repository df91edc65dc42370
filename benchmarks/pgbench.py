"""pgbench running the product's own statements: what the database alone could do.

The statements come from the server's log of one request of the product. Whatever in their
parameters belongs to the learner who asked is turned into an expression over `:i`, the number of a
learner whom pgbench chooses anew for each transaction; everything else stays as it was.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aibc.database.programs import find_programs
from benchmarks.identities import learner_id, pathway_id, session_id, waiting_id
from benchmarks.scales import PATHWAYS
from benchmarks.statement_log import Statement
from benchmarks.world import STRIDE, World

CLIENTS = 16
_TPS = re.compile(r"tps = ([\d.]+)")
_LATENCY = re.compile(r"latency average = ([\d.]+) ms")
_FAILED = re.compile(r"number of failed transactions: (\d+)")
_PLACEHOLDER = re.compile(r"\$(\d+)")
# pgbench would take 'HH24:MI' for a variable of its own.
_COLON_IN_TEXT = re.compile(r"(?<!:):(?=[A-Za-z_])")


@dataclass(frozen=True)
class Variation:
    """How a request differs from learner to learner, beside who they are."""

    choose: str = "\\set i (:stride * random(0, :asking - 1)) % :learners"
    # Values of the request that stand for an expression, such as a percentage that changes.
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rate:
    per_second: float
    latency_ms: float


def script(statements: Sequence[Statement], learner: int, variation: Variation) -> str:
    """The statements of one request of `learner`, as pgbench runs them for everybody."""
    lines = [variation.choose, f"\\set p :i % {PATHWAYS}"]
    for statement in statements:
        text = "\n".join(
            line for line in statement.text.splitlines() if not line.lstrip().startswith("--")
        )
        text = _COLON_IN_TEXT.sub(":'||'", text.rstrip().rstrip(";"))
        arguments = [_expression(value, learner, variation) for value in statement.parameters]
        lines.append(_PLACEHOLDER.sub(lambda found: arguments[int(found[1]) - 1], text) + ";")  # noqa: B023
    return "\n".join(lines) + "\n"


def run(url: str, text: str, *, seconds: float, world: World, clients: int = CLIENTS) -> Rate:
    """Run a script. Raises RuntimeError when a transaction fails."""
    with tempfile.NamedTemporaryFile("w", prefix="aibc-pgbench-", suffix=".sql") as file:
        file.write(text)
        file.flush()
        result = subprocess.run(
            [
                str(_program()),
                "--no-vacuum",
                "--protocol=prepared",
                f"--client={clients}",
                f"--jobs={min(2, clients)}",
                f"--time={max(1, round(seconds))}",
                f"--file={file.name}",
                f"--define=learners={world.scale.learners}",
                f"--define=asking={world.asking}",
                f"--define=stride={STRIDE}",
                "--define=k=-1",
                url,
            ],
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=seconds + 60,
        )
    failed = _FAILED.search(result.stdout)
    if result.returncode != 0 or (failed and failed[1] != "0"):
        raise RuntimeError(f"pgbench failed:\n{result.stderr[-2000:]}\n{text}")
    return Rate(float(_TPS.findall(result.stdout)[-1]), float(_LATENCY.findall(result.stdout)[-1]))


def _program() -> Path:
    return find_programs().directory / "pgbench"


def _expression(value: str | None, learner: int, variation: Variation) -> str:
    if value is None:
        return "NULL"
    if value in variation.values:
        return variation.values[value]
    pieces = _varying(learner)
    if value in pieces and "uuid" in pieces[value]:
        return pieces[value]
    parts = re.split("(" + "|".join(map(re.escape, pieces)) + ")", value)
    text = " || ".join(
        f"({pieces[part]})::text" if part in pieces else _quoted(part) for part in parts if part
    )
    if not text:
        return "''"
    if value.startswith("{") and len(parts) > 1 and not value.startswith('{"'):
        return f"({text})::{'uuid' if '-' in value and 'pathway' not in value else 'text'}[]"
    return f"({text})" if len(parts) > 1 else text


def _varying(learner: int) -> dict[str, str]:
    return {
        str(learner_id(learner)): "md5('learner:' || :i)::uuid",
        str(session_id(learner)): "md5('session:' || :i)::uuid",
        str(waiting_id(learner)): "md5('waiting:' || :i)::uuid",
        pathway_id(learner): "'pathway-' || :p",
    }


def _quoted(text: str) -> str:
    return "'" + _COLON_IN_TEXT.sub(":'||'", text.replace("'", "''")) + "'"
