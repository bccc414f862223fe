# SPDX-License-Identifier: GPL-2.0-only
"""Writes what was learned as a pack: its files, its steps, the cases of each."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from lpae_backport.document import dump_yaml, parse_yaml
from lpae_backport.errors import RuleError
from lpae_backport.learning.lesson import Change, Fact, Raw
from lpae_backport.rule import FileSpec, Pack, Step
from lpae_backport.ruleset import SCHEMA
from lpae_backport.stepfile import StepReader

_WORD = re.compile(r"[A-Za-z0-9]+")
_NAMED = re.compile(r"(?<!\$)\b[A-Za-z_]\w*")
"""Words of a pattern but for metavariables."""
_CONTROL = re.compile(r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd]")
_NAME_WIDTH = 48
_TITLE_WIDTH = 100


def logical_files(changes: Sequence[Change]) -> dict[str, FileSpec]:
    """Name the files of a patch as a pack does, each by its own name, shortest first."""
    found: dict[str, FileSpec] = {}
    for c in changes:
        parts = c.path.split("/")
        stem = parts[-1].removesuffix(".c").replace(".", "-")
        name = stem
        for above in reversed(parts[:-1]):
            if name not in found:
                break
            name = f"{above}-{name}"
        older = (c.old_path if c.after else "", c.patch_path)
        paths = tuple(dict.fromkeys((c.path, *filter(None, older))))
        if name in found:
            name = f"{name}-{len(found)}"
        found[name] = FileSpec(name, paths)
    return found


def slug(text: str) -> str:
    """Return some text as an id: words in lower case with dashes between."""
    words = _WORD.findall(text.lower())
    kept = ""
    for w in words:
        if len(kept) + len(w) > _NAME_WIDTH:
            break
        kept = f"{kept}-{w}" if kept else w
    return kept or "learned"


def shortened(text: str) -> str:
    """Return a subject that fits a line; some commits have all of their message in it."""
    text = " ".join(text.split())
    return text if len(text) <= _TITLE_WIDTH else text[: _TITLE_WIDTH - 1] + "…"


def with_ids(facts: Iterable[Fact]) -> Iterator[tuple[Fact, Raw]]:
    """Yield facts with their checks, each called by a name of its own."""
    used: dict[str, int] = {}
    for f in facts:
        # A check is written with its kind first.
        kind, what = next(iter(f.raw.items()))
        word = max(_NAMED.findall(str(what)), key=len, default=kind)
        name = slug(f"{kind} {word.replace('_', ' ')}")
        used[name] = used.get(name, 0) + 1
        number = used[name]
        yield f, {"id": name if number == 1 else f"{name}-{number}", **f.raw}


class Writer:
    """Writes the files of a pack.

    Args:
        name: the pack's id.
        title: what the patch is.
        files: the logical files.
    """

    def __init__(self, name: str, title: str, files: Mapping[str, FileSpec]) -> None:
        self._name = name
        self._title = clean(title)
        self._files = dict(files)

    def pack_file(self, origin: str) -> str:
        """Return ``pack.yaml``."""
        data = {
            "schema": str(SCHEMA),
            "id": self._name,
            "title": self._title,
            "files": {k: {"paths": list(s.paths)} for k, s in self._files.items()},
        }
        head = (
            f"# Drafted by lpae-audit learn from {comment(origin)}; see README.md for its limits."
        )
        return f"{head}\n{dump_yaml(data)}"

    def step_file(
        self, step: str, title: str, why: str, commit: tuple[str, str] | None, checks: list[Raw]
    ) -> str:
        """Return the file of one step."""
        data: dict[str, object] = {"id": step, "title": clean(title), "why": clean(why) + "\n"}
        if commit is not None:
            data["commits"] = [{"sha": commit[0], "subject": clean(commit[1])}]
        data["checks"] = checks
        return dump_yaml(data)

    def step(self, text: str, name: str) -> Step:
        """Read a step as it was written."""
        return StepReader(self._files).step(parse_yaml(text.encode(), Path(f"{name}.yaml")))

    def pack(self, steps: tuple[Step, ...]) -> Pack:
        """Return the pack with some steps, without files on disk."""
        return Pack(self._name, self._title, Path(self._name), "", self._files, steps)


def case_file(cases: Sequence[tuple[str, str, Mapping[str, str]]]) -> str:
    """Return a file of cases: name, verdict and files of each, code in blocks as it stands."""
    parts = []
    for name, verdict, files in cases:
        parts.append(f"- name: {name}\n  expect: {verdict}\n  files:")
        if not files:
            parts[-1] += " {}"
        for path, text in files.items():
            shown = dump_yaml(path).removesuffix("...\n").strip()
            body = _CONTROL.sub(" ", text).replace("\x85", " ").rstrip("\n")
            lines = [f"      {x}" if x else "" for x in body.split("\n")]
            parts.append("\n".join([f"    {shown}: |2", *lines]))
    return "\n".join(parts) + "\n"


def reads_back(text: str) -> bool:
    """Tell whether a file of a pack can be read as YAML, within the limits there are."""
    try:
        parse_yaml(text.encode("utf-8", "replace"), Path("case"))
    except RuleError:
        return False
    return True


def clean(text: str) -> str:
    """Return text that YAML takes as it is."""
    return _CONTROL.sub(" ", text).strip() or "(untitled)"


def comment(text: str) -> str:
    """Return text as it may stand in a comment of one line."""
    return " ".join(clean(text).split())
