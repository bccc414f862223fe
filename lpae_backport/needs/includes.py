# SPDX-License-Identifier: GPL-2.0-only
"""Which headers a file of a tree reaches by ``#include``, as kbuild sets the search path."""

import posixpath
import re
from collections import deque
from collections.abc import Iterable, Mapping

from lpae_backport.catalog.catalog import Catalog
from lpae_backport.filetree import FileTree, UnreadableError
from lpae_backport.masking import decode

_OPTION = re.compile(r"-I\s*([^\s\"']+)")
_FLAGS = re.compile(
    r"^\s*(?:subdir-)?(?:ccflags-\w+|asflags-\w+|EXTRA_CFLAGS|CFLAGS_\S+)\s*[:+?]?=(.*)$", re.M
)
_VARIABLE = re.compile(r"^\s*(\w+)\s*[:?]?=\s*(.*)$", re.MULTILINE)
_USE = re.compile(r"\$[({](\w+)[)}]")
_ROUNDS = 6
_MAX_PATH = 1000
_ALWAYS = (
    "include/linux/kconfig.h",
    "include/linux/compiler_types.h",
    "include/linux/compiler-version.h",
)
"""What the top Makefile puts before every file by ``-include``."""
_MAX_HEADERS = 6000
_PARENTS = 6
ARCHITECTURES = {"x86_64": "x86", "i386": "x86", "sparc64": "sparc", "parisc64": "parisc"}
"""Values of kbuild's ARCH whose folder has another name."""


class SearchPath:
    """Where ``#include`` looks in one tree.

    Args:
        tree: the tree.
        arch: the kernel's ARCH.
        other: where the tree looks that the code comes from: its Makefiles come along.
    """

    def __init__(self, tree: FileTree, arch: str, other: "SearchPath | None" = None) -> None:
        self._tree = tree
        self._other = other
        self.arch = ARCHITECTURES.get(arch, arch)
        here = f"arch/{self.arch}/include"
        self.places = (here, "include", f"{here}/uapi", "include/uapi")
        self._public = tuple(f"{p}/" for p in self.places)
        self._options: dict[str, tuple[str, ...]] = {}
        self._known: dict[tuple[str, bool, str], str | None] = {}

    def find(self, user: str, system: bool, header: str) -> str | None:
        """Return the file that an ``#include`` of `user` takes, if the tree has it.

        Args:
            user: the including file.
            system: whether it is written ``<header>``.
            header: the name as it is written.
        """
        folder = posixpath.dirname(user)
        key = (folder, system, header)
        if key not in self._known:
            self._known[key] = self._find(folder, system, header)
        return self._known[key]

    def is_public(self, path: str) -> bool:
        """Tell whether any code of the chosen architecture may include a file by ``<…>``."""
        return path.startswith(self._public)

    def name(self, path: str) -> str:
        """Return what a header is included by: its path below the place that has it."""
        for place in sorted((*self.places, "include/asm-generic"), key=len, reverse=True):
            if path.startswith(f"{place}/"):
                inner = path[len(place) + 1 :]
                return f"asm/{inner}" if place == "include/asm-generic" else inner
        return path

    def _find(self, folder: str, system: bool, header: str) -> str | None:
        places = (*self.included(folder), *self.places)
        for place in places if system else (folder, *places):
            path = posixpath.normpath(f"{place}/{header}" if place else header)
            if not path.startswith(("..", "/")) and self._tree.is_file(path):
                return path
        if header.startswith("asm/"):
            for generic in ("include/asm-generic", "include/uapi/asm-generic"):
                path = posixpath.normpath(f"{generic}/{header[4:]}")
                if path.startswith(generic) and self._tree.is_file(path):
                    return path
        return None

    def included(self, folder: str) -> tuple[str, ...]:
        """Return the ``-I`` folders that the Makefiles of a folder and above it give."""
        if folder not in self._options:
            brought = self._other.included(folder) if self._other is not None else ()
            found: dict[str, None] = dict.fromkeys(brought)
            at = folder
            for _ in range(_PARENTS):
                if not at:
                    break
                # Those above count too: they may build, or include, what is below.
                found |= dict.fromkeys(self._flags(at))
                at = posixpath.dirname(at)
            self._options[folder] = tuple(found)
        return self._options[folder]

    def _flags(self, folder: str) -> Iterable[str]:
        """Yield the ``-I`` folders of one Makefile."""
        for name in ("Kbuild", "Makefile"):
            try:
                text = decode(self._tree.read(f"{folder}/{name}")).replace("\\\n", " ")
            except UnreadableError:
                continue
            variables = {"src": folder, "obj": folder, "srctree": "", "objtree": ""}
            for m in _VARIABLE.finditer(text):
                variables.setdefault(m[1], m[2].strip())
            for m in _FLAGS.finditer(text):
                for option in _OPTION.finditer(m[1]):
                    path = _expanded(option[1], variables)
                    if path:
                        yield path


def _expanded(text: str, variables: Mapping[str, str]) -> str:
    """Return the folder of the tree that an ``-I`` option names; nothing where it is unknown."""
    for _ in range(_ROUNDS):
        if "$" not in text:
            break
        text = _USE.sub(lambda m: variables.get(m[1], ""), text)[:_MAX_PATH]
    path = posixpath.normpath(text.lstrip("/")) if text else ""
    return "" if path.startswith("..") else path


class Reach:
    """The headers that some files reach, in the order in which a search from them meets them.

    Args:
        catalog: the tree.
        search: where it looks.
        starts: the files, each with its includes (whether ``<…>``, and the name).
        own: files that the tree does not have, but that come along with the code.
    """

    def __init__(
        self,
        catalog: Catalog,
        search: SearchPath,
        starts: Iterable[tuple[str, Iterable[tuple[bool, str]]]],
        own: Mapping[str, Iterable[tuple[bool, str]]] | None = None,
    ) -> None:
        self.order: dict[str, int] = {}
        """The rank of each header that is reached."""
        self.absent: dict[str, str] = {}
        """Headers that the tree does not have, each with a file that includes it."""
        self.computed: list[str] = []
        """Files with an include whose name is computed."""
        self._catalog = catalog
        self._search = search
        self._own = own or {}
        self.entered: set[str] = set()
        """Files of the code's own that were included."""
        queue: deque[str] = deque()
        for path, includes in starts:
            self._follow(path, includes, queue)
        for path in _ALWAYS:
            if catalog.tree.is_file(path):
                self._add(path, queue)
        while queue and len(self.order) < _MAX_HEADERS:
            path = queue.popleft()
            self._follow(path, catalog.includes(path), queue)

    def __contains__(self, path: str) -> bool:
        return path in self.order

    def _follow(self, user: str, includes: Iterable[tuple[bool, str]], queue: deque[str]) -> None:
        for system, header in includes:
            if not header:
                self.computed.append(user)
                continue
            brought = self._brought(user, header) if self._own else None
            if brought is not None:
                if brought not in self.entered:
                    self.entered.add(brought)
                    self._follow(brought, self._own[brought], queue)
                continue
            path = self._search.find(user, system, header)
            if path is None:
                self.absent.setdefault(header, user)
            else:
                self._add(path, queue)

    def _brought(self, user: str, header: str) -> str | None:
        """Return the file of the code's own that an ``#include`` takes."""
        folder = posixpath.dirname(user)
        for place in (folder, *self._search.included(folder)):
            path = posixpath.normpath(posixpath.join(place, header))
            if path in self._own:
                return path
        return None

    def _add(self, path: str, queue: deque[str]) -> None:
        if path not in self.order:
            self.order[path] = len(self.order)
            queue.append(path)
