# SPDX-License-Identifier: GPL-2.0-only
"""Reads packs of rules: the pack's own file, its steps, and the order they come in."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lpae_backport.document import Value, load_yaml, stay_inside
from lpae_backport.errors import RuleError
from lpae_backport.fixfile import FixReader, read_patterns, read_reach, read_risks
from lpae_backport.pattern import Pattern
from lpae_backport.rule import DefconfigSpec, FileSpec, Pack, Step
from lpae_backport.stepfile import StepReader

SCHEMA = 1


def pack_folders(folder: Path) -> list[Path]:
    """Return the packs below a folder of rules (or the folder itself, if it is a pack)."""
    if (folder / "pack.yaml").is_file():
        return [folder]
    if not folder.is_dir():
        raise RuleError("no such folder of rules", where=str(folder))
    found = sorted(p.parent for p in folder.glob("*/pack.yaml"))
    if not found:
        raise RuleError(
            "no pack here", where=str(folder), hint="a pack is a folder with a pack.yaml"
        )
    return found


def load_pack(folder: Path, *, on_error: Callable[[RuleError], None] | None = None) -> Pack:
    """Load and check one pack.

    Args:
        folder: the folder with ``pack.yaml`` and ``steps/``.
        on_error: called with every mistake in a step, which is then left out; without it the
            first mistake is raised.

    Raises:
        RuleError: a mistake, with file:line:column and a hint.
    """
    raw = load_yaml(folder / "pack.yaml")
    m = raw.mapping(
        (
            *("schema", "id", "title", "makefiles", "defconfig", "files"),
            *("series", "adapt", "reach", "tidy", "assume", "risks", "about"),
        ),
        ("schema", "id", "title", "files"),
    )
    if m["schema"].text() != str(SCHEMA):
        m["schema"].fail(
            f"schema {m['schema'].text()} is not supported", f"this version reads schema {SCHEMA}"
        )
    if "makefiles" in m:
        stay_inside(m["makefiles"])
    files = _files(m["files"])
    reader = StepReader(files)
    reach = read_reach(m.get("reach"))
    fixes = FixReader(reader, reach)
    steps = _steps(reader, fixes, folder / "steps", on_error)
    _check_steps(steps)
    _check_order(steps, folder)
    return Pack(
        id=m["id"].text(),
        title=m["title"].text(),
        folder=folder,
        makefiles=m["makefiles"].text() if "makefiles" in m else "",
        files=files,
        defconfig=_defconfig(m["defconfig"]) if "defconfig" in m else None,
        steps=tuple(sorted(steps, key=lambda s: step_order(s.id))),
        series=fixes.series(m.get("series"), {s.id for s in steps}),
        adapt=fixes.adaptations(m.get("adapt")),
        reach=reach,
        tidy=_tidy(m.get("tidy"), files),
        assume=frozenset(m["assume"].texts() if "assume" in m else ()),
        risks=read_risks(m.get("risks"), {s.id for s in steps}),
        about=m["about"].text() if "about" in m else "",
    )


def _files(raw: Value) -> dict[str, FileSpec]:
    files = {k: _file_spec(k, v) for k, v in raw.mapping(raw.data or ()).items()}
    for name, spec in files.items():
        for key, other in (("included-by", spec.included_by), ("otherwise", spec.otherwise)):
            if other and (other not in files or other == name):
                raw.data[name].data[key].fail(f"no other logical file '{other}'")
    return files


def _tidy(
    raw: Value | None, files: dict[str, FileSpec]
) -> dict[str, dict[str, tuple[Pattern, ...]]]:
    """Read the functions that may go, by logical file, with the forms they consist of."""
    if raw is None:
        return {}
    found = {}
    for name, value in raw.mapping(files).items():
        given = value.mapping(value.data or ())
        found[name] = {f: read_patterns(v) for f, v in given.items()}
    return found


def _steps(
    reader: StepReader,
    fixes: FixReader,
    folder: Path,
    on_error: Callable[[RuleError], None] | None,
) -> list[Step]:
    steps: list[Step] = []
    faulty = False
    for path in sorted(p for p in folder.glob("*") if p.name[0] != "."):
        try:
            steps.append(_step(reader, fixes, path))
        except RuleError as e:
            if on_error is None:
                raise
            faulty = True
            on_error(e)
    if not steps and not faulty:
        raise RuleError("pack has no steps", where=str(folder))
    return steps


def _step(reader: StepReader, fixes: FixReader, path: Path) -> Step:
    try:
        raw = load_yaml(path)
        step = reader.step(raw)
        step = replace(
            step,
            fix=fixes.fix(raw.data.get("fix")),
            manual=raw.data["manual"].text() if "manual" in raw.data else "",
        )
        if path.name != f"{step.id}.yaml":
            raise RuleError(
                f"file of step '{step.id}' has another name",
                where=f"{path}:1:1",
                hint=f"{step.id}.yaml",
            )
        return step
    except RecursionError:
        raise RuleError("nested too deeply", where=str(path)) from None


def _defconfig(raw: Value) -> DefconfigSpec:
    m = raw.mapping(("needs", "under"), ("needs", "under"))
    stay_inside(m["under"])
    return DefconfigSpec(m["needs"].text(), m["under"].text())


def _file_spec(name: str, raw: Value) -> FileSpec:
    m = raw.mapping(("paths", "config", "defines", "under", "included-by", "otherwise"), ("paths",))
    if not m["paths"].items():
        m["paths"].fail("at least one path expected")
    for key in ("paths", "under"):
        if key in m:
            stay_inside(m[key])

    def get(key: str) -> str:
        return m[key].text() if key in m else ""

    return FileSpec(
        name,
        m["paths"].texts(),
        get("config"),
        get("defines"),
        get("under"),
        get("included-by"),
        get("otherwise"),
    )


def _check_steps(steps: list[Step]) -> None:
    seen: dict[str, Path] = {}
    for s in steps:
        if s.id in seen:
            raise RuleError(f"step '{s.id}' is also in {seen[s.id].name}", where=f"{s.file}:1:1")
        seen[s.id] = s.file
    for s in steps:
        for a in s.after:
            if a not in seen:
                raise RuleError(
                    f"step '{s.id}' comes after '{a}', which does not exist", where=f"{s.file}:1:1"
                )


def _check_order(steps: list[Step], folder: Path) -> None:
    """Refuse a pack whose steps come after each other in a circle.

    Raises:
        RuleError: naming the circle.
    """
    after = {s.id: s.after for s in steps}
    done: set[str] = set()

    def visit(step: str, path: tuple[str, ...]) -> None:
        if step in path:
            circle = " → ".join([*path[path.index(step) :], step])
            raise RuleError(f"steps come after each other in a circle: {circle}", where=str(folder))
        if step not in done:
            for before in after.get(step, ()):
                visit(before, (*path, step))
            done.add(step)

    for step in after:
        visit(step, ())


def step_order(step_id: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts step ids as people count: 1.2 before 1.10, 1.6.2a before 1.6.2b."""
    parts = re.findall(r"\d+|[a-z-]+", step_id)
    return tuple((1, 0, p) if not p.isdigit() else (0, int(p), "") for p in parts)


def fits(step_id: str, asked: str) -> bool:
    """Tell whether a step is the one asked for, or below it: 1.6.2a is below 1.6.2."""
    if step_id == asked:
        return True
    rest = step_id.removeprefix(asked)
    return (
        rest != step_id
        and bool(rest)
        and (rest[0] == "." or (rest[0].isalpha() and asked[-1].isdigit()))
    )


def digest(folder: Path) -> str:
    """Return what tells this text of a pack from any other; line ends do not count.

    Args:
        folder: the pack.
    """
    total = hashlib.sha256()
    for path in [folder / "pack.yaml", *sorted((folder / "steps").glob("*.yaml"))]:
        text = path.read_bytes().replace(b"\r\n", b"\n")
        total.update(f"{path.name} {len(text)}\n".encode())
        total.update(text)
    return f"sha256:{total.hexdigest()}"
