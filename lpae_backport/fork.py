# SPDX-License-Identifier: GPL-2.0-only
"""The fork that a gate guards: its configuration, and the files that names, all within it."""

import contextlib
import hashlib
import posixpath
import tempfile
import weakref
from functools import cached_property
from pathlib import Path

from lpae_backport.document import Value, parse_yaml
from lpae_backport.errors import RuleError, TreeError
from lpae_backport.filetree import CONFIG, MAX_FILE, FileTree, UnreadableError
from lpae_backport.rule import Pack
from lpae_backport.ruleset import load_pack, pack_folders
from lpae_backport.tree import Tree

_MAX_RULES = 2000
_DEPTH = 2


class Fork:
    """A configuration, and the repository or directory it stands in.

    Args:
        top: the whole fork.
        path: where in it the configuration stands.
        shown: what the user calls that, if it is something else.
    """

    def __init__(self, top: FileTree, path: str, shown: str = "") -> None:
        self.top = top
        self.path = path
        self.shown = shown or path

    @cached_property
    def config(self) -> Value:
        """The configuration, read once.

        Raises:
            RuleError: it cannot be read, or is no YAML.
        """
        try:
            return parse_yaml(self.top.read(self.path), Path(self.shown))
        except UnreadableError as e:
            raise RuleError(e.message, where=self.shown, hint=e.hint) from None

    def text(self) -> bytes:
        """Return the configuration as it stands; nothing where it cannot be read."""
        try:
            return self.top.read(self.path)
        except UnreadableError:
            return b""

    def fingerprint(self, key: str) -> str:
        """Return what tells the file or folder that a key names from any other."""
        data = self.config.data
        value = data.get(key) if isinstance(data, dict) else None
        if value is None:
            return ""
        path = self.within(value)
        total = hashlib.sha256()
        names = [path, *(n for n in self.top.walk(path, _DEPTH) if n.endswith(".yaml"))]
        for name in names[:_MAX_RULES]:
            total.update(f"{name}\n".encode("utf-8", "surrogateescape"))
            with contextlib.suppress(UnreadableError):
                total.update(self.top.read(name))
        return total.hexdigest()

    def within(self, value: Value) -> str:
        """Return the path that a value names beside the configuration, below the fork's top."""
        text = value.text()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), text))
        if not text.isprintable() or not text or text.startswith("/") or path.split("/")[0] == "..":
            value.fail(f"'{text}' leads out of the fork", "a path below the configuration's folder")
        return path

    def document(self, value: Value) -> Value:
        """Read the YAML file that a value names.

        Raises:
            RuleError: it is not there, leads out of the fork, or is no YAML.
        """
        path = self.within(value)
        try:
            return parse_yaml(self.top.read(path), Path(path), MAX_FILE)
        except UnreadableError as e:
            value.fail(f"{path}: {e.message}", e.hint or f"lpae-audit lock NEW -o {path}")

    def kernel(self, value: Value) -> FileTree:
        """Open the kernel in the folder that a value names.

        Raises:
            RuleError: it is not there, leads out of the fork, or holds no kernel.
        """
        path = self.within(value)
        try:
            return self.top.kernel_in(path)
        except TreeError as e:
            value.fail(f"{path}: {e.message}", e.hint)

    def packs(self, value: Value) -> list[Pack]:
        """Load the packs in the folder that a value names.

        Rules are read into a folder of our own first, so that a link in the fork leads nowhere.

        Raises:
            RuleError: it has none, or one of them cannot be used.
        """
        path = self.within(value)
        copies = tempfile.TemporaryDirectory(prefix="lpae-audit-rules-")
        weakref.finalize(self, copies.cleanup)
        here = Path(copies.name)
        names = [n for n in self.top.walk(path, _DEPTH) if n.endswith(".yaml")]
        if not names:
            value.fail(f"no rules in '{path}'")
        if len(names) > _MAX_RULES:
            value.fail(f"more than {_MAX_RULES} rules in '{path}'")
        for name in names:
            copy = here / posixpath.relpath(name, path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            try:
                copy.write_bytes(self.top.read(name))
            except UnreadableError as e:
                value.fail(f"{name}: {e.message}", e.hint)
        try:
            return [load_pack(f) for f in pack_folders(here)]
        except RuleError as e:
            where = e.where.replace(str(here), path)
            raise RuleError(e.message, where=where, hint=e.hint) from None


def find_fork(tree: FileTree) -> Fork | None:
    """Find the configuration that a tree stands under, from its kernel upwards.

    Returns:
        The fork, or `None` where there is no configuration.

    Raises:
        RuleError: there is one whose name ends in ``.yml``.
    """
    top = tree.top()
    folders = tree.prefix.rstrip("/").split("/") if tree.prefix else []
    for depth in range(len(folders), -1, -1):
        path = "/".join([*folders[:depth], CONFIG])
        if top.is_file(path):
            return Fork(top, path)
        other = path.removesuffix("yaml") + "yml"
        if top.is_file(other):
            raise RuleError("is not read under this name", where=other, hint=CONFIG)
    return None


def fork_at(config: Path) -> Fork:
    """Return the fork of a configuration that the user named.

    Raises:
        RuleError: there is no such file.
    """
    if not config.is_file():
        raise RuleError("no such configuration", where=str(config))
    home = Tree(str(config.parent), is_kernel=False)
    return Fork(home.top(), f"{home.prefix}{config.name}", str(config))
