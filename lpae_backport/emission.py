# SPDX-License-Identifier: GPL-2.0-only
"""Turns a plan into mails that ``git am`` takes, and proves that they make what was planned."""

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from lpae_backport import __version__
from lpae_backport.errors import ProofError
from lpae_backport.filetree import FileTree
from lpae_backport.message import cover_body, cover_subject, message
from lpae_backport.plan import Patch, Plan
from lpae_backport.repository import GitError, Scratch

_DATE = re.compile(rb"^Date: [^\n]*\n", re.MULTILINE)
_SUBJECT = b"*** SUBJECT HERE ***"
_BLURB = b"*** BLURB HERE ***"
_SIGNATURE = f"lpae-audit {__version__}"


@dataclass(frozen=True)
class Mail:
    """One file of a series."""

    name: str
    data: bytes

    @property
    def is_cover(self) -> bool:
        """Tell whether it is the cover letter, which applies to nothing."""
        return self.name.startswith("0000-")


def emit(
    plan: Plan, who: tuple[str, str], tree: FileTree, *, signoff: bool, built: str = ""
) -> list[Mail]:
    """Return the mails of a series, proven.

    Args:
        plan: the series; it must have at least one patch.
        who: name and address of its author.
        tree: the target, for the modes of its files.
        signoff: whether they sign it off.
        built: how it was built, for the cover letter; empty if it was not.

    Raises:
        ProofError: what was emitted does not make what was planned; nothing of it can be used.
    """
    with tempfile.TemporaryDirectory(prefix="lpae-audit-") as folder:
        repository = Path(folder, "repository")
        repository.mkdir()
        scratch = Scratch(str(repository))
        signed = f"{who[0]} <{who[1]}>" if signoff else None
        messages = [message(p, plan, signed) for p in plan.patches]
        modes = modes_of(plan, tree)
        scratch.commit_all(stream(plan, who, messages, "refs/heads/series", None, modes=modes))
        out = Path(folder, "out")
        paths = scratch.format_patch(
            f"series~{len(plan.patches)}", str(out), plan.start, _SIGNATURE, who
        )
        mails = [Mail(p.name, _DATE.sub(b"", p.read_bytes(), count=1)) for p in paths]
        mails = [_covered(m, plan, _proof(plan, built)) if m is mails[0] else m for m in mails]
        mails = [Mail(f"0000-{m.name[5:]}", m.data) if m is mails[0] else m for m in mails]
        _check_diffs(plan, mails[1:])
        _check_am(scratch, plan, mails[1:], Path(folder), who)
        return mails


def _proof(plan: Plan, built: str) -> list[str]:
    lines = [
        "behind each patch its steps are audited as done, and no other step is worse",
        "each edited file parses as well as before; no name, call or local is left dangling",
        "git am takes the patches on a copy, and the result is the planned one, byte for byte",
        "a second series for the result has no patch",
    ]
    return [*lines, built or "not built: --build COMMAND builds behind each patch"]


def _covered(mail: Mail, plan: Plan, proof: list[str]) -> Mail:
    body = cover_body(plan, proof).encode("utf-8", "backslashreplace")
    data = mail.data.replace(_SUBJECT, cover_subject(plan).encode(), 1)
    return Mail(mail.name, data.replace(_BLURB, body.rstrip(), 1))


def modes_of(plan: Plan, tree: FileTree) -> dict[str, str]:
    """Return git's mode of each file of a series; one that moves keeps the mode it had."""
    found = {}
    for patch in plan.patches:
        for path in patch.files:
            if tree.is_file(path):
                found[path] = "100755" if tree.is_executable(path) else "100644"
        gone = [p for p, data in patch.files.items() if data is None]
        for path in patch.files:
            twin = [p for p in gone if os.path.basename(p) == os.path.basename(path)]
            if path not in found and twin:
                found[path] = found.get(twin[0], "100644")
    return found


def stream(
    plan: Plan,
    who: tuple[str, str],
    messages: list[str],
    ref: str,
    parent: str | None,
    *,
    when: int = 0,
    prefix: str = "",
    modes: Mapping[str, str],
) -> bytes:
    """Return the commits of a series as ``git fast-import`` reads them.

    Args:
        plan: the series.
        who: name and address of the author.
        messages: of each patch.
        ref: the branch.
        parent: the commit they stand on; `None` begins with one that holds the files as they are.
        when: the time of the commits, in seconds since 1970.
        prefix: the kernel's folder in the repository, with a slash behind it.
        modes: git's mode of each file.
    """
    person = f"{who[0]} <{who[1]}> {when} +0000"
    out = bytearray()
    if parent is None:
        _commit(out, ref, person, "the tree as it is\n", plan.original, "", "", modes)
    for i, (patch, text) in enumerate(zip(plan.patches, messages, strict=True)):
        start = parent if i == 0 and parent is not None else ""
        _commit(out, ref, person, text, patch.files, start, prefix, modes)
    return bytes(out)


def _commit(
    out: bytearray,
    ref: str,
    person: str,
    text: str,
    files: dict[str, bytes | None],
    parent: str,
    prefix: str,
    modes: Mapping[str, str],
) -> None:
    data = text.encode("utf-8", "backslashreplace")
    out += f"commit {ref}\nauthor {person}\ncommitter {person}\n".encode()
    out += b"data %d\n%b\n" % (len(data), data)
    if parent:
        out += f"from {parent}\n".encode()
    for path, content in sorted(files.items()):
        quoted = '"' + (prefix + path).replace("\\", "\\\\").replace('"', '\\"') + '"'
        if content is None:
            out += f"D {quoted}\n".encode()
        else:
            out += f"M {modes.get(path, '100644')} inline {quoted}\n".encode()
            out += b"data %d\n%b\n" % (len(content), content)
    out += b"\n"


def _check_diffs(plan: Plan, mails: list[Mail]) -> None:
    """Read what was emitted as any other tool would, and see that it touches what was planned."""
    if len(mails) != len(plan.patches):
        raise ProofError(f"{len(mails)} mails for {len(plan.patches)} patches")
    for mail, patch in zip(mails, plan.patches, strict=True):
        try:
            diff = PatchSet(mail.data.decode("latin-1"))
        except UnidiffParseError as e:
            raise ProofError(f"not a patch: {e}", where=mail.name) from None
        paths = {p.removeprefix(s) for f in diff for s, p in _sides(f)}
        if paths != set(patch.files):
            odd = ", ".join(sorted(paths ^ set(patch.files)))
            raise ProofError(f"touches other files than planned: {odd}", where=mail.name)


def _sides(file: object) -> list[tuple[str, str]]:
    source, target = str(getattr(file, "source_file", "")), str(getattr(file, "target_file", ""))
    return [(s, p) for s, p in (("a/", source), ("b/", target)) if p != "/dev/null"]


def _check_am(
    scratch: Scratch, plan: Plan, mails: list[Mail], folder: Path, who: tuple[str, str]
) -> None:
    """Apply the mails with ``git am`` to the tree as it is, and compare what comes of it."""
    folder = folder / "mails"
    folder.mkdir()
    paths = []
    for mail in mails:
        path = folder / mail.name
        path.write_bytes(mail.data)
        paths.append(path)
    scratch.checkout(f"series~{len(plan.patches)}")
    try:
        scratch.am(paths, who)
    except GitError as e:
        raise ProofError(f"git am does not take the series: {e.message}") from None
    if scratch.tree("proof") != scratch.tree("series"):
        raise ProofError("git am makes another tree than planned")


def stat(patch: Patch, before: dict[str, bytes | None]) -> list[str]:
    """Return one line for each file of a patch, with how many lines come and go."""
    import difflib

    lines = []
    for path, new in patch.files.items():
        old = (before.get(path) or b"").split(b"\n")
        diff = difflib.SequenceMatcher(None, old, (new or b"").split(b"\n"), autojunk=False)
        ops = [o for o in diff.get_opcodes() if o[0] != "equal"]
        plus, minus = sum(o[4] - o[3] for o in ops), sum(o[2] - o[1] for o in ops)
        lines.append(f"{path} +{plus} -{minus}")
    return lines
