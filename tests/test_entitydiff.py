# SPDX-License-Identifier: GPL-2.0-only
"""Differences by entity: what is the same, what was renamed, moved, split or merged, what is gone."""

import json
import re
import time
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpae_backport import cli
from lpae_backport.entities.extraction import EntityFile
from lpae_backport.entities.files import compare_files
from lpae_backport.entities.hunks import aligned, grouped, unified
from lpae_backport.entities.rows import Row, Status
from lpae_backport.entities.similarity import Profile, alike, best_pairs
from tests.git import commit, pack_up

_MAKEFILE = "VERSION = {}\nPATCHLEVEL = {}\nSUBLEVEL = 0\n\nall:\n\techo kernel\n"

OLD_POOL = """\
#include <linux/slab.h>
#include "pool.h"

/* Fills a pool. */
int toy_pool_fetch_pages(struct toy_device *dev, struct toy_pool *pool)
{
	int count = pool->store.total;

	if (pool->leaves)
		return 0;
	pool->leaves = toy_zalloc(sizeof(struct leaf_table), TOY_KERNEL);
	if (!pool->leaves)
		return -ENOMEM;
	return leaf_table_from_store(pool->leaves, pool->store.list, count);
}

int toy_pool_create(struct toy_device *dev, unsigned long size, struct toy_pool **out)
{
	struct toy_pool *pool;

	pool = toy_zalloc(sizeof(*pool), TOY_KERNEL);
	if (!pool)
		return -ENOMEM;
	pool->size = round_to(size, TOY_PAGE);
	store_init(&pool->store, pool->size);
	*out = pool;
	return 0;
}

void toy_pool_noise(struct toy_device *dev)
{
	while (dev->busy)
		toy_wait_event(dev->queue, dev->state != TOY_ASLEEP);
}
"""

OLD_QUEUE = """\
#include "pool.h"

int toy_pool_attach(struct toy_device *dev, struct toy_pool *pool)
{
	struct toy_entry *entries;
	int i;

	if (!pool->leaves) {
		int ret = toy_pool_fetch_pages(dev, pool);

		if (ret)
			return ret;
	}
	entries = toy_alloc_array(pool->leaves->count, sizeof(struct toy_entry), TOY_KERNEL);
	if (!entries) {
		toy_error("no room for entries");
		return -ENOMEM;
	}
	for_each_leaf(pool->leaves, i) {
		entries[i].address = leaf_address(pool->leaves, i);
		entries[i].length = leaf_length(pool->leaves, i);
		entries[i].padding = 0;
	}
	toy_command_attach(dev, entries, pool->leaves->count);
	return 0;
}
"""

NEW_POOL = """\
#include <linux/slab.h>
#include "pool.h"

static int toy_pool_shared_init(struct toy_device *dev, struct toy_pool *pool,
				struct toy_entry **entries, unsigned int *count)
{
	struct leaf_table *leaves;
	int i;

	leaves = toy_shared_get_leaf_pages(&pool->base);
	if (!leaves)
		return -ENOMEM;
	*count = leaves->count;
	*entries = toy_alloc_array(*count, sizeof(struct toy_entry), TOY_KERNEL);
	if (!*entries) {
		toy_error("no room for entries");
		return -ENOMEM;
	}
	for_each_leaf(leaves, i) {
		(*entries)[i].address = leaf_address(leaves, i);
		(*entries)[i].length = leaf_length(leaves, i);
		(*entries)[i].padding = 0;
	}
	return 0;
}

int toy_pool_create(struct toy_device *dev, struct toy_params *params, struct toy_pool **out)
{
	struct toy_entry *entries = NULL;
	struct toy_pool *pool;
	unsigned int count;

	params->size = round_to(params->size, TOY_PAGE);
	pool = toy_shared_create(dev, params->size);
	if (!pool)
		return -ENOMEM;
	if (toy_pool_shared_init(dev, pool, &entries, &count))
		return -ENOMEM;
	toy_pool_attach(dev, pool, entries, count);
	*out = pool;
	return 0;
}
"""

NEW_QUEUE = """\
#include "pool.h"

void toy_pool_attach(struct toy_device *dev, struct toy_pool *pool,
			struct toy_entry *entries, unsigned int count)
{
	toy_command_attach(dev, entries, count);
}
"""

HEADER = """\
#ifndef TOY_LIST_H
#define TOY_LIST_H

struct toy_list {
	int first;
	struct toy_list *next;
	unsigned long flags;
	const char *name;
};

int toy_list_add(struct toy_list *list, int first);

#endif
"""


def write(top: Path, files: dict[str, str | bytes], version: tuple[int, int]) -> Path:
    """Write a small kernel."""
    files = {
        "Makefile": _MAKEFILE.format(*version),
        "Kbuild": "# nothing\n",
        "include/linux/start.h": "extern int start;\n",
        "init/main.c": "int start;\n",
        "kernel/fork.c": "int forks;\n",
        "mm/slab.c": "int slabs;\n",
        "arch/arm64/Kconfig": "config ARM64\n",
        "drivers/Kconfig": "# none\n",
        **files,
    }
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return top


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.COMMANDS, "diff", ("lpae_backport.commands.diff", "Show differences."))


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """Two kernels: a function is gone, a header has moved."""
    old = write(
        tmp_path / "old",
        {
            "drivers/toy/pool.c": OLD_POOL,
            "drivers/toy/queue.c": OLD_QUEUE,
            "drivers/toy/toy-list.h": HEADER,
        },
        (4, 9),
    )
    new = write(
        tmp_path / "new",
        {
            "drivers/toy/pool.c": NEW_POOL,
            "drivers/toy/queue.c": NEW_QUEUE,
            "drivers/shared.c": "int toy_shared_get_leaf_pages(struct base *b)\n{\n\treturn 0;\n}\n",
            "include/linux/toy-list.h": HEADER.replace("TOY_LIST_H", "_LINUX_TOY_LIST_H").replace(
                "int toy_list_add", "/* Adds. */\nint toy_list_add"
            ),
        },
        (6, 12),
    )
    return old, new


def rows(old: str | bytes, new: str | bytes, threshold: float = 0.5) -> tuple[Row, ...]:
    """Compare two texts."""
    a, b = (t if isinstance(t, bytes) else t.encode() for t in (old, new))
    return compare_files(EntityFile("a.c", a), EntityFile("a.c", b), threshold)


def statuses(found: tuple[Row, ...]) -> dict[str, str]:
    """Return the status of each entity by name."""
    return {r.name: r.status.value for r in found}


def body(n: int) -> str:
    """Return statements that no other number has."""
    return "".join(f"\tstep_{n}_{i}(dev, value_{n} + {i});\n" for i in range(8))


def function(name: str, *numbers: int) -> str:
    """Return a function made of such statements."""
    return f"int {name}(struct toy *dev)\n{{\n{''.join(map(body, numbers))}\treturn 0;\n}}\n\n"


# Entities


def test_every_kind_is_told_by_name() -> None:
    """Functions, types, macros, objects, declarations, includes and calls of macros are told."""
    text = b"""\
#include <linux/x.h>
#define ONE 1
#define TWICE(a) ((a) * 2)
typedef unsigned int toy_t;
typedef int (*toy_fn)(int a);
struct tag { int a; };
enum colour { RED, GREEN = 4 };
enum { NAMELESS };
union both { int a; long b; };
static const int table[] = { 1, 2 };
static int (*hook)(void) = start;
extern int shared;
int declared(int a, int b);
static int defined(void) { return 0; }
EXPORT_SYMBOL_GPL(declared);
"""
    found = [(e.kind, e.name) for e in EntityFile("a.c", text).entities]
    assert found == [
        ("include", "linux/x.h"),
        ("macro", "ONE"),
        ("macro", "TWICE"),
        ("typedef", "toy_t"),
        ("typedef", "toy_fn"),
        ("struct", "tag"),
        ("enum", "colour"),
        ("enum", "(NAMELESS …)"),
        ("union", "both"),
        ("object", "table"),
        ("object", "hook"),
        ("declaration", "shared"),
        ("declaration", "declared"),
        ("function", "defined"),
        ("other", "EXPORT_SYMBOL_GPL(declared);"),
    ]


def test_an_enumerator_leads_to_its_enum() -> None:
    """What is asked for may stand within."""
    file = EntityFile("a.h", b"enum colour {\n\tRED,\n\tGREEN = 4,\n};\n")
    assert [e.name for e in file.named("GREEN")] == ["colour"]
    assert file.named("BLUE") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("#define A(b) b\n", "#define A (b) b\n"),
        ("int f(void) { return 1; }\n", "int f(void) { return 2; }\n"),
        ('char s[] = "a  b";\n', 'char s[] = "a b";\n'),
        ("int a;\n", "#ifdef X\nint a;\n#endif\n"),
        ("EXPORT_SYMBOL(a);\n", "EXPORT_SYMBOL_GPL(a);\n"),
        (
            "int f(void)\n{\n#ifdef A\n\tg();\n#endif\n}\n",
            "int f(void)\n{\n#ifdef B\n\tg();\n#endif\n}\n",
        ),
        ("#include <a.h>\n", '#include "a.h"\n'),
        ("int a;\n#undef X\n", "int a;\n"),
    ],
)
def test_small_differences_are_seen(old: str, new: str) -> None:
    """What a compiler would tell apart is never the same."""
    assert any(r.status is not Status.SAME for r in rows(old, new))


@pytest.mark.parametrize(
    "new",
    [
        OLD_POOL.replace("\n", "\r\n"),
        OLD_POOL.replace("\t", "        "),
        re.sub(r"/\*.*?\*/", "", OLD_POOL),
        OLD_POOL.replace("{\n", "{ // a note\n"),
        OLD_POOL.replace("int count", "#if 0\n\tdead(code);\n#endif\n\tint count"),
        OLD_POOL.replace(", ", ",\n\t\t"),
    ],
)
def test_form_makes_no_difference(new: str) -> None:
    """Comments, white space, line ends and code that is never compiled count for nothing."""
    changed = [r for r in rows(OLD_POOL, new) if r.status is not Status.SAME]
    if "#if 0" not in new:
        assert not changed
    else:
        assert [r.name for r in changed] == ["toy_pool_fetch_pages"]  # its #if lines are seen
        assert "dead" not in {t.decode() for t in changed[0].one.tokens}


def test_the_guard_of_a_header_counts_for_nothing() -> None:
    """It is renamed with every move."""
    new = HEADER.replace("TOY_LIST_H", "_OTHER_H").encode()
    assert {r.status for r in rows(HEADER, new)} == {Status.SAME}


# What became of them


def test_a_renamed_function_is_found() -> None:
    """By its text, with how alike both are."""
    old = function("first", 1, 2) + function("stays", 3)
    new = function("second", 1, 2).replace("return 0", "return 1") + function("stays", 3)
    found = {r.name: r for r in rows(old, new)}
    assert found["first -> second"].status is Status.RENAMED
    assert found["first -> second"].similarity == pytest.approx(0.96, abs=0.04)
    assert found["stays"].status is Status.SAME


def test_a_split_function_names_its_parts() -> None:
    """One that is left smaller, and what was cut from it."""
    found = {
        r.name: r
        for r in rows(
            function("whole", 1, 2, 3),
            function("whole", 1) + function("part", 2) + function("piece", 3),
        )
    }
    assert found["whole"].status is Status.SPLIT
    assert [p.name for p in found["whole"].parts] == ["part", "piece"]
    assert found["part"].how == ("split from whole",)


def test_a_merged_function_names_what_it_took_in() -> None:
    """The same the other way round."""
    found = {
        r.name: r
        for r in rows(
            function("whole", 1) + function("part", 2) + function("piece", 3),
            function("whole", 1, 2, 3),
        )
    }
    assert found["whole"].status is Status.MERGED
    assert [p.name for p in found["whole"].parts] == ["part", "piece"]
    assert found["part"].how == ("merged into whole",)


def test_a_macro_that_became_a_function_is_one_row() -> None:
    """The kind has changed, not the name."""
    found = rows("#define twice(a) ((a) * 2)\n", "static int twice(int a) { return a * 2; }\n")
    assert [(r.status, r.how[0]) for r in found] == [(Status.CHANGED, "macro -> function")]


def test_what_changed_is_said() -> None:
    """Calls of a function, enumerators of an enum, conditions around either."""
    old = "int f(int a) { return g(a); }\nenum e { A, B };\nint h(void) { return 1; }\n"
    new = "int f(long a) { return k(a); }\nenum e { A, C };\n#ifdef X\nint h(void) { return 1; }\n#endif\n"
    found = {r.name: r.how for r in rows(old, new)}
    assert found["f"] == ("signature differs", "calls lost: g", "calls new: k")
    assert found["e"] == ("enumerators lost: B", "enumerators new: C")
    assert found["h"] == ("stood under no #if, stands under #if defined(X)",)


def test_arms_of_if_are_paired_by_their_conditions() -> None:
    """Two of one name are not mixed up when the arms change places."""
    one, two = "int f(void) { return 1; }\n", "static inline int f(void) { return 0; }\n"
    old = f"#ifdef A\n{one}#endif\n#ifdef B\n{two}#endif\n"
    new = f"#ifdef B\n{two}#endif\n#ifdef A\n{one}#endif\n"
    assert statuses(rows(old, new)) == {"f": "same"}
    assert len(rows(old, new)) == 2


def test_a_conflict_is_unknown() -> None:
    """What two people left undecided is not judged."""
    marked = "int a;\n\nint f(void)\n{\n<<<<<<< ours\n\treturn 1;\n=======\n\treturn 2;\n>>>>>>> theirs\n}\n"
    found = rows("int a;\n\nint f(void)\n{\n\treturn 1;\n}\n", marked)
    assert statuses(found) == {"a": "same", "f": "unknown"}


_NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta", "omega"])
_FUNCTIONS = st.lists(
    st.tuples(_NAMES, st.lists(st.integers(0, 6), min_size=1, max_size=3)),
    max_size=5,
    unique_by=lambda f: f[0],
)


@settings(max_examples=60, deadline=None)
@given(_FUNCTIONS)
def test_nothing_differs_from_itself(made: list) -> None:
    """diff(x, x) is empty."""
    text = "".join(function(n, *numbers) for n, numbers in made)
    assert all(r.status is Status.SAME for r in rows(text, text))


@settings(max_examples=60, deadline=None)
@given(_FUNCTIONS, _FUNCTIONS)
def test_the_other_way_round_is_the_other_way_round(a: list, b: list) -> None:
    """What is added from a to b is removed from b to a; what is paired is paired."""
    old = "".join(function(n, *numbers) for n, numbers in a)
    new = "".join(function(n, *numbers) for n, numbers in b)

    def sides(found: tuple[Row, ...]) -> set[tuple[str | None, str | None]]:
        return {(r.old.name if r.old else None, r.new.name if r.new else None) for r in found}

    there, back = rows(old, new), rows(new, old)
    assert sides(there) == {(y, x) for x, y in sides(back)}
    same = {r.name for r in there if r.status is Status.SAME}
    assert same == {r.name for r in back if r.status is Status.SAME}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["fresh", "another_name"]))
def test_renaming_is_always_found(n: int, name: str) -> None:
    """A function of any text is known again by another name."""
    found = rows(
        function("before", n) + function("beside", n + 1),
        function(name, n) + function("beside", n + 1),
    )
    assert statuses(found)[f"before -> {name}"] == "renamed"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_are_compared(a: bytes, b: bytes) -> None:
    """No text is too broken to be compared; none differs from itself but where it is unknown."""
    rows(a, b)
    assert all(r.status in (Status.SAME, Status.UNKNOWN) for r in rows(a, a))


# Likeness


def test_likeness_is_between_none_and_all() -> None:
    """It is 1 for equal texts, the same both ways, and does not depend on the own name."""
    a, b = (Profile([f"t{i}".encode() for i in r]) for r in (range(40), range(20, 60)))
    assert alike(a, a) == 1.0
    assert 0 < alike(a, b) == alike(b, a) < 0.5
    named = [Profile([n, *(str(i).encode() for i in range(20)), n], n) for n in (b"x", b"y")]
    assert alike(*named) == 1.0


def test_thousands_of_functions_are_compared_in_time() -> None:
    """Equal ones by the thousand, and as many that all differ, are paired without each by each."""
    start = time.perf_counter()
    twins = [Profile([b"same"] * 30, b"") for _ in range(3000)]
    assert len(best_pairs(twins, twins, 0.5)) == 3000
    many = [Profile([f"{i}.{k}".encode() for k in range(30)]) for i in range(3000)]
    assert {i + j for i, j, _ in best_pairs(many, many[::-1], 0.5)} == {2999}
    assert time.perf_counter() - start < 10


def test_a_megabyte_is_compared_in_time() -> None:
    """5,000 functions, every tenth changed, and one table of 20,000 lines."""
    old = "".join(
        f"int f{i}(int a)\n{{\n\tcall_{i}(a);\n\treturn a + {i};\n}}\n" for i in range(5000)
    )
    table = [f"\t{{ {i % 7}, {i} }},\n" for i in range(20000)]
    new = re.sub(r"(call_\d*0)\(a\)", r"\1(a, 1)", old)
    start = time.perf_counter()
    found = rows(
        f"{old}int t[] = {{\n{''.join(table)}}};\n",
        f"{new}int t[] = {{\n{''.join(t for i, t in enumerate(table) if i % 50)}}};\n",
    )
    assert sum(r.status is Status.CHANGED for r in found) == 501
    big = next(r for r in found if r.name == "t")
    gone = [t for g in grouped(aligned(big.old, big.new), 0) for t in unified(g) if t[0] != " "]
    assert len(gone) == 400
    assert time.perf_counter() - start < 30


# Lines


def test_lines_are_told_apart_as_tokens() -> None:
    """A comment more, or a break, is no change of a line; a change is shown with its context."""
    old = EntityFile("a.c", b"int f(void)\n{\n\ta(1,\n\t  2);\n\tb();\n\treturn 0;\n}\n").entities[
        0
    ]
    new = EntityFile(
        "a.c", b"int f(void)\n{\n\t/* why */\n\ta(1, 2);\n\tc();\n\treturn 0;\n}\n"
    ).entities[0]
    groups = grouped(aligned(old, new), 1)
    assert [list(unified(g)) for g in groups] == [
        [" \ta(1, 2);", "-\tb();", "+\tc();", " \treturn 0;"]
    ] or [t for g in groups for t in unified(g) if t[0] != " "] == ["-\tb();", "+\tc();"]


# The command


def test_where_a_function_went(run, trees) -> None:
    """It is gone; the new function that has its purpose is named first or second, with reasons."""
    r = run("diff", *trees, "toy_pool_fetch_pages", "--format", "json")
    assert r.status == 1
    d = json.loads(r.out)
    assert d["schema"] == "lpae-audit/diff/1"
    entity = next(e for s in d["sections"] for e in s["entities"] if e["kind"] == "function")
    assert entity["status"] == "removed"
    names = [c["name"] for c in entity["successors"]]
    assert "toy_pool_shared_init" in names[:2]
    assert "toy_shared_get_leaf_pages" in names[:2]
    reasons = {c["name"]: " ".join(c["reasons"]) for c in entity["successors"]}
    assert "toy_pool_create" in reasons["toy_pool_shared_init"]
    assert "stood in toy_pool_attach" in reasons["toy_pool_shared_init"]
    shared = next(c for c in entity["successors"] if c["name"] == "toy_shared_get_leaf_pages")
    assert shared["at"] == {"file": "drivers/shared.c", "line": 1}


def test_no_successor_is_said(run, trees) -> None:
    """One that left no trace has none, and at a threshold of 1 nothing has."""
    r = run("diff", *trees, "toy_pool_noise")
    assert "toy_pool_noise: gone, no successor above threshold 0.50" in r.out
    r = run("diff", *trees, "toy_pool_fetch_pages", "--threshold", 1)
    assert "toy_pool_fetch_pages: gone, no successor above threshold 1.00" in r.out


def test_a_moved_header_is_followed_both_ways(run, trees) -> None:
    """By its name and text; what it declares is the same."""
    for path in ("drivers/toy/toy-list.h", "include/linux/toy-list.h"):
        r = run("diff", *trees, path)
        assert "== drivers/toy/toy-list.h -> include/linux/toy-list.h (same name, " in r.out
        assert "2 same" in r.out
        assert r.status == 1
    r = run("diff", trees[0], trees[0], "drivers/toy/toy-list.h")
    assert r.status == 0
    assert r.out.endswith("no differences\n")


def test_a_symbol_is_found_where_it_is(run, trees) -> None:
    """A struct of a moved header is the same though its file is another."""
    r = run("diff", *trees, "toy_list", "--format", "json")
    section = json.loads(r.out)["sections"][0]
    assert (section["old"], section["new"]) == (
        "drivers/toy/toy-list.h",
        "include/linux/toy-list.h",
    )
    assert [e["status"] for e in section["entities"]] == ["same"]


def test_static_functions_of_one_name_are_all_shown(run, tmp_path: Path) -> None:
    """Each beside the one in the counterpart of its file."""
    one, two = function("probe", 1), function("probe", 2)
    old = write(tmp_path / "o", {"drivers/a.c": one, "drivers/b.c": two}, (4, 9))
    new = write(tmp_path / "n", {"drivers/a.c": two, "drivers/b.c": two}, (6, 1))
    d = json.loads(run("diff", old, new, "probe", "--format", "json").out)
    assert [(s["old"], s["new"], s["entities"][0]["status"]) for s in d["sections"]] == [
        ("drivers/a.c", "drivers/a.c", "changed"),
        ("drivers/b.c", "drivers/b.c", "same"),
    ]


def test_a_function_that_moved_to_another_file(run, tmp_path: Path) -> None:
    """In the report of the file it left, and when it is asked for by name."""
    old = write(tmp_path / "o", {"drivers/a.c": function("f", 1) + function("g", 2)}, (4, 9))
    new = write(
        tmp_path / "n", {"drivers/a.c": function("g", 2), "drivers/b.c": function("f", 1)}, (6, 1)
    )
    for what in ("drivers/a.c", "f"):
        d = json.loads(run("diff", old, new, what, "--format", "json").out)
        moved = [e for s in d["sections"] for e in s["entities"] if e["name"] == "f"]
        assert [(e["status"], e["new"]["file"]) for e in moved] == [("moved", "drivers/b.c")]


def test_a_small_file_of_the_same_name_is_no_counterpart(run, tmp_path: Path) -> None:
    """Though much of it stands in the large one too."""
    large = "".join(function(f"f{i}", i) for i in range(40))
    old = write(tmp_path / "o", {"mm/pool.c": large}, (4, 9))
    new = write(tmp_path / "n", {"tools/pool.c": function("f1", 1)}, (6, 1))
    assert "== mm/pool.c (only in OLD)" in run("diff", old, new, "mm/pool.c").out
    new = write(tmp_path / "m", {"tools/pool.c": large.replace("return 0", "return 1")}, (6, 1))
    assert "== mm/pool.c -> tools/pool.c (same name, " in run("diff", old, new, "mm/pool.c").out


def test_a_folder_and_the_files_of_the_packs(run, trees, old: Path, new: Path) -> None:
    """A folder is all its files; nothing is what the packs name."""
    d = json.loads(run("diff", *trees, "drivers/toy", "--format", "json").out)
    assert {s["old"] for s in d["sections"]} == {
        "drivers/toy/pool.c",
        "drivers/toy/queue.c",
        "drivers/toy/toy-list.h",
    }
    d = json.loads(run("diff", old, new, "--format", "json").out)
    assert "drivers/iommu/io-pgtable-arm.c" in {s["new"] for s in d["sections"]}
    assert run("diff", new, new).status == 0


@pytest.mark.parametrize(
    ("what", "status", "says"),
    [
        ("no_such_symbol_anywhere", 4, "defined in neither tree"),
        ("drivers/toy/none.c", 4, "in neither tree"),
        ("../pool.c", 4, "leads out of the tree"),
        ("drivers/Kconfig", 4, "no C text"),
        ("two words", 2, "neither a path"),
    ],
)
def test_what_cannot_be_asked_for(run, trees, what: str, status: int, says: str) -> None:
    """One line, the right status, no report."""
    r = run("diff", *trees, what)
    assert (r.status, r.out, r.err.count("\n")) == (status, "", 1)
    assert says in r.err


@pytest.mark.parametrize("unknown", ["no_such_symbol_anywhere", "drivers/toy/none.c"])
def test_one_unknown_among_others(run, trees, unknown: str) -> None:
    """The others are compared; of that one it is said that it is in neither tree."""
    old, new = trees
    r = run("diff", old, new, "toy_pool_create", unknown)
    assert r.status == 1
    assert "toy_pool_create" in r.out
    assert "in neither tree" in r.err
    found = json.loads(run("diff", old, new, "toy_pool_create", unknown, "--format", "json").out)
    assert [n for n in found["notes"] if "in neither tree" in n]
    assert run("diff", old, old, "toy_pool_create", unknown).status == 1
    assert run("diff", old, old, unknown, "also_unknown").status == 4


def test_revisions_and_archives_say_the_same(run, trees, tmp_path: Path) -> None:
    """Wherever a tree comes from."""
    old, new = trees
    commit(old)
    archive = pack_up(new, tmp_path / "new.tar.gz")
    asked = ("toy_pool_create", "toy_pool_fetch_pages", "drivers/toy/toy-list.h")
    plain = json.loads(run("diff", old, new, *asked, "--format", "json").out)
    stored = json.loads(run("diff", f"{old}@HEAD", archive, *asked, "--format", "json").out)
    assert stored["sections"] == plain["sections"]


def test_every_format_says_the_same(run, trees) -> None:
    """Text and markdown show the lines that JSON has."""
    d = json.loads(run("diff", *trees, "toy_pool_create", "--format", "json").out)
    lines = d["sections"][0]["entities"][0]["diff"]
    assert "-\tstore_init(&pool->store, pool->size);" in lines
    for form in ("text", "markdown"):
        out = run("diff", *trees, "toy_pool_create", "--format", form).out.split("\n")
        assert [line for line in lines if line not in out] == []
    short = run("diff", *trees, "toy_pool_create", "--table").out
    assert "store_init(" not in short
    assert "toy_pool_create" in short


def test_side_by_side(trees, capsys: pytest.CaptureFixture[str]) -> None:
    """On a wide terminal both versions stand beside each other, on a narrow one they do not."""
    from lpae_backport.entities.symbols import compare
    from lpae_backport.entities.trees import TreeComparison
    from lpae_backport.format.sidebyside import show
    from lpae_backport.tree import Tree

    d = TreeComparison(*(Tree(str(t)) for t in trees), 0.5).path("drivers/toy/queue.c")
    comparison = TreeComparison(*(Tree(str(t)) for t in trees), 0.5)
    found = compare(comparison, ["drivers/toy/queue.c"], lambda _: pytest.fail("no search"))
    assert d[0].pair == found.sections[0].pair
    show(found, None, True, width=160)
    wide = capsys.readouterr().out
    assert re.search(r"int toy_pool_attach\(.* \| .*void toy_pool_attach\(", wide)
    assert all(
        len(line) <= 160 for line in wide.split("\n") if " | " in line and "calls" not in line
    )
    show(found, None, True, width=90)
    narrow = capsys.readouterr().out
    assert "-int toy_pool_attach(" in narrow


def test_hostile_text(run, tmp_path: Path) -> None:
    """Latin-1, line ends, links out, binaries, names that a terminal would obey: all in words."""
    evil = 'int f(void)\n{\n\treturn say("\x1b[31m`##[x");\n}\n'
    old = write(
        tmp_path / "o",
        {
            "drivers/x.c": b"/* caf\xe9 */\nint a;\r\nint b;\r\n",
            "drivers/z.c": "int f(void) { return 1; }\n",
            "drivers/bin.c": b"\0\0",
            "drivers/e.c": "int e;\n",
        },
        (4, 9),
    )
    new = write(
        tmp_path / "n",
        {"drivers/x.c": "int a;\nint b;\n", "drivers/z.c": evil, "drivers/bin.c": "int b;\n"},
        (6, 1),
    )
    (new / "drivers/e.c").symlink_to("/etc/passwd")
    assert run("diff", old, new, "drivers/x.c").status == 0
    for form in ("text", "markdown"):
        out = run("diff", old, new, "drivers/z.c", "--format", form).out
        assert "\x1b" not in out
        assert "##[" not in out
        assert "\\x1b[31m" in out
    r = run("diff", old, new, "drivers/bin.c")
    assert (r.status, r.out) == (4, "")
    r = run("diff", old, new, "drivers/e.c")
    assert (r.status, r.out) == (4, "")
    assert "leads out of the tree" in r.err
    whole = json.loads(run("diff", old, new, "drivers", "--format", "json").out)
    troubles = {s["old"]: s["trouble"] for s in whole["sections"] if s["trouble"]}
    assert set(troubles) == {"drivers/bin.c", "drivers/e.c"}


@pytest.mark.parametrize(
    "text",
    [
        b"int x " + b"__a " * 4000 + b"!;\n",
        b"int " + b"_" * 200_000 + b" !;\n",
        b"int " + b"a[" * 100_000 + b";\n",
        b"struct" + b" " * 200_000 + b"x;\n",
        b"\n" * 400_000 + b"x\n",
        b"typedef " * 30_000 + b";\n",
        b"static int x = {" + b"{" * 20_000 + b"};\n",
    ],
    ids=["attributes", "underscores", "brackets", "blanks", "lines", "typedefs", "braces"],
)
def test_text_made_to_be_slow(text: bytes) -> None:
    """It is read in time, and differs from another."""
    from lpae_backport.entities.sources import defining

    start = time.perf_counter()
    defining("nothing").search(text)
    assert any(r.status is not Status.SAME for r in rows(text, b"int other(void);\n"))
    assert time.perf_counter() - start < 10


def test_a_name_may_begin_with_underscores() -> None:
    """It is no attribute."""
    text = b"static int __toy[4];\nstruct __tag { int a; };\nstruct __packed tag { int a; };\n"
    assert [e.name for e in EntityFile("a.c", text).entities] == ["__toy", "__tag", "tag"]


def test_the_same_input_gives_the_same_bytes(run, trees) -> None:
    """Twice, and whatever order sets have."""
    asked = ("drivers/toy/pool.c", "toy_pool_fetch_pages", "toy_list")
    first, second = (run("diff", *trees, *asked, "--format", "json").out for _ in range(2))
    assert first == second
    assert first


def test_thresholds_only_take_away(trees) -> None:
    """A stricter threshold names no successor that a laxer one does not."""
    from contextlib import nullcontext

    from lpae_backport.entities.symbols import compare
    from lpae_backport.entities.trees import TreeComparison
    from lpae_backport.tree import Tree

    named = []
    for threshold in (0.5, 0.55, 0.9):
        c = TreeComparison(*(Tree(str(t)) for t in trees), threshold)
        d = compare(c, ["toy_pool_fetch_pages"], lambda _: nullcontext(lambda _: None))
        named.append({x.name for s in d.sections for r in s.rows for x in r.successors})
    assert all(b <= a for a, b in combinations(named, 2))
    assert named[0] > named[2]
