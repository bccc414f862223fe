# SPDX-License-Identifier: GPL-2.0-only
"""Whether patches are in a tree, as JSON."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from lpae_backport import __version__
from lpae_backport.errors import TreeError
from lpae_backport.filetree import FileTree
from lpae_backport.mailpatch.model import Line, Patch, Repair
from lpae_backport.presence.summing import summed
from lpae_backport.presence.trial import Trial
from lpae_backport.presence.verdict import (
    FileVerdict,
    HunkStatus,
    HunkVerdict,
    PatchVerdict,
    Prerequisite,
)

SCHEMA = "lpae-audit/patch/1"
UNCHECKED = "unchecked"
"""How a patch applies of which something cannot be tried."""


def as_json(
    tree: FileTree,
    verdicts: Sequence[PatchVerdict],
    trials: Sequence[Trial] = (),
    unread: Sequence[TreeError] = (),
) -> str:
    """Return the report as JSON."""
    data = as_data(tree, verdicts, trials, unread)
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def as_data(
    tree: FileTree,
    verdicts: Sequence[PatchVerdict],
    trials: Sequence[Trial] = (),
    unread: Sequence[TreeError] = (),
) -> dict[str, Any]:
    """Return the report as JSON has it: files and prerequisites name the patch they are of."""
    hunks = Counter(h.status.value for v in verdicts for f in v.files for h in f.hunks)
    return {
        "schema": SCHEMA,
        "version": __version__,
        "tree": {"path": tree.path, "root": tree.root, "version": tree.version},
        "status": summed(v.status for v in verdicts).value,
        "patches": [_patch(i, v, trials[i] if trials else None) for i, v in enumerate(verdicts)],
        "files": [_file(i, f) for i, v in enumerate(verdicts) for f in v.files],
        "prerequisites": [_needed(i, p) for i, v in enumerate(verdicts) for p in v.prerequisites],
        "unread": [{"where": e.where, "what": e.message, "hint": e.hint} for e in unread],
        "summary": {
            "patches": dict(sorted(Counter(v.status.value for v in verdicts).items())),
            "hunks": {s.value: hunks[s.value] for s in HunkStatus},
        },
    }


def _patch(index: int, v: PatchVerdict, trial: Trial | None) -> dict[str, Any]:
    p = v.patch
    data: dict[str, Any] = {
        "index": index,
        "origin": p.origin,
        "author": p.author,
        "date": p.date,
        "subject": p.subject,
        "commit": p.commit or None,
        "position": list(p.position) if p.position[1] else None,
        "status": v.status.value,
        "files": [f.change.path for f in v.files],
        "repairs": [_repair(r) for r in repairs_of(p)],
        "problems": [_repair(r) for r in p.problems],
        "notes": [_repair(r) for r in p.notes],
        "comments": [
            {
                "author": c.author,
                "depth": c.depth,
                "text": c.text,
                "path": c.path,
                "hunk": c.hunk,
                "line": c.line,
                "at": c.at,
            }
            for c in p.comments
        ],
    }
    if trial is not None:
        fits = trial.fits if trial.how != UNCHECKED else None
        data["apply"] = {"fits": fits, "how": trial.how, "why": trial.why}
    return data


def repairs_of(p: Patch) -> list[Repair]:
    """Return what was mended in a patch: around its hunks, in heads of files, in hunks; by line."""
    found = {*p.repairs, *(r for c in p.changes for r in c.repairs)}
    found |= {r for c in p.changes for h in c.hunks for r in h.repairs}
    return sorted(found, key=lambda r: (r.at, r.what))


def _repair(r: Repair) -> dict[str, Any]:
    return {"at": r.at, "what": r.what}


def _file(index: int, f: FileVerdict) -> dict[str, Any]:
    return {
        "patch": index,
        "path": f.change.path,
        "old_path": f.change.old_path,
        "new_path": f.change.new_path,
        "status": f.status.value,
        "why": f.why,
        "hunks": [_hunk(h) for h in f.hunks],
    }


def _hunk(h: HunkVerdict) -> dict[str, Any]:
    at = {"file": h.path, "line": h.line, "end_line": h.end} if h.path else None
    return {
        "header": h.hunk.header,
        "status": h.status.value,
        "why": h.why,
        "at": at,
        "input_line": h.hunk.at,
        "similarity": round(h.similarity, 3) if h.similarity else None,
        "present": [_line(x) for x in h.present],
        "absent": [_line(x) for x in h.absent],
        "problem": h.hunk.problem,
    }


def _line(x: Line) -> dict[str, Any]:
    return {"kind": x.kind.value, "text": x.text, "at": x.at}


def _needed(index: int, p: Prerequisite) -> dict[str, Any]:
    return {
        "patch": index,
        "name": p.name,
        "kind": p.kind,
        "why": p.why,
        "lines": list(p.lines),
    }
