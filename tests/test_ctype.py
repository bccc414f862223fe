# SPDX-License-Identifier: GPL-2.0-only
"""Types as declarations write them, what declarations say, and how two of them differ."""

import pytest

from lpae_backport.catalog.definitions import Kind
from lpae_backport.catalog.filescan import scan
from lpae_backport.needs.alteration import fits, of_functions, of_macros, of_types
from lpae_backport.needs.ctype import CType, named, plain, pointer_to
from lpae_backport.needs.meaning import (
    definition_node,
    enumerator_nodes,
    macro_text,
    members,
    slice_of,
    tokens,
    type_of_name,
)
from lpae_backport.symbols import label_of


def type_in(text: str, name: str = "f") -> CType:
    """Return the type that a declaration gives to a name."""
    found = type_of_name(text.encode(), name)
    assert found is not None, text
    return found


SPELLED = {
    "int f;": "int",
    "unsigned f;": "unsigned int",
    "long unsigned int f;": "unsigned long",
    "__u32 f;": "u32",
    "uint64_t f;": "u64",
    "const char *f;": "const char *",
    "char *const f;": "char *",
    "struct s f;": "struct s",
    "struct s *f[4];": "struct s *[]",
    "struct s **f;": "struct s **",
    "enum e f;": "enum e",
    "union u *f;": "union u *",
    "struct { int a; } f;": "struct {…}",
    "extern struct s __iomem *f;": "struct s *",
    "static const struct s f __initconst;": "const struct s",
    "int f(void);": "int (void)",
    "int f();": "int (void)",
    "int f(int, char *b, struct s c[]);": "int (int, char *, struct s *)",
    "int f(const char *a, ...);": "int (const char *, ...)",
    "int __must_check f(int a) __acquires(x);": "int (int)",
    "void *f(size_t n) __malloc;": "void * (size_t)",
    "void f(int (*cb)(int a, char b));": "void (int (*)(int, char))",
    "void f(int cb(int a));": "void (int (*)(int))",
    "int (*f)(int a);": "int (*)(int)",
    "typedef int (*f)(int a);": "int (*)(int)",
    "typedef int f(int a);": "int (int)",
    "typedef u32 f;": "u32",
}


@pytest.mark.parametrize("text", SPELLED)
def test_spelled(text: str) -> None:
    """A type is spelled as one would write it."""
    assert type_in(text).spelled() == SPELLED[text]


def test_properties() -> None:
    """What a type points to, returns, and whether it is a number."""
    f = type_in("struct s *(*f[3])(int a);")
    assert f.signature is not None
    assert f.signature.of == pointer_to(named("struct s"))
    assert [p.name for p in f.signature.parameters] == ["a"]
    assert type_in("struct s **f;").inner == named("struct s")
    assert type_in("u64 f;").is_scalar
    assert type_in("enum e f;").is_scalar
    assert not type_in("u64 *f;").is_scalar
    assert plain(type_in("u64 *f;")) == plain(type_in("unsigned long long *f;"))
    assert plain(type_in("u64 *f;")) != plain(type_in("unsigned long *f;"))
    assert type_of_name(b"int g;", "f") is None
    assert type_of_name(b"int (((", "f") is None


FUNCTIONS = {
    # new, old, what is said, whether it compiles
    "same": ("int f(int a);", "int f(int b);", [], True),
    "const for itself": ("int f(const int a);", "int f(int a);", [], True),
    "array for pointer": ("int f(char a[4]);", "int f(char *a);", [], True),
    "function for pointer": ("int f(int g(void));", "int f(int (*g)(void));", [], True),
    "names of one type": ("u32 f(uint64_t a);", "unsigned int f(__u64 a);", [], True),
    "added": (
        "int f(int a, int b);", "int f(int a);",
        ["2 parameters, in the old tree 1: the old tree lacks 'int b'"], False,
    ),
    "removed": (
        "int f(int a);", "int f(int a, struct s *b);",
        ["1 parameter, in the old tree 2: the old tree has 'struct s *b' more"], False,
    ),
    "replaced by two": (
        "int f(int a, long b);", "int f(struct s *a);",
        ["2 parameters, in the old tree 1: the old tree lacks 'int a', 'long b' and has 'struct s *a'"],
        False,
    ),
    "reordered": (
        "int f(int a, char *b);", "int f(char *b, int a);",
        ["parameters reordered: (int, char *), in the old tree (char *, int)"], False,
    ),
    "swapped": (
        "int f(int a, int b);", "int f(int b, int a);",
        ["parameters in another order: (a, b), in the old tree (b, a)"], True,
    ),
    "renamed": ("int f(int a, int b);", "int f(int c, int d);", [], True),
    "no names": ("int f(int a, int b);", "int f(int, int);", [], True),
    "retyped": (
        "int f(struct s *a);", "int f(struct t *a);",
        ["parameter 1 a is struct s *, in the old tree struct t *"], False,
    ),
    "number": ("int f(long a);", "int f(int a);", ["parameter 1 a is long, in the old tree int"], True),
    "void pointer": (
        "int f(struct s *a);", "int f(void *a);", ["parameter 1 a is struct s *, in the old tree void *"], True,
    ),
    "const": (
        "int f(const char *a);", "int f(char *a);",
        ["parameter 1 a is const char *, in the old tree char *"], True,
    ),
    "result": ("int f(void);", "long f(void);", ["returns int, in the old tree long"], True),
    "no result": ("int f(void);", "void f(void);", ["returns int, in the old tree void"], False),
    "result not taken": ("void f(void);", "int f(void);", ["returns void, in the old tree int"], True),
    "result pointer": (
        "struct s *f(void);", "struct t *f(void);", ["returns struct s *, in the old tree struct t *"], False,
    ),
    "variadic": (
        "int f(char *a, ...);", "int f(char *a);", ["takes further arguments (...)"], False,
    ),
    "no more variadic": (
        "int f(char *a);", "int f(char *a, ...);", ["does not take further arguments (...)"], True,
    ),
    "callback": (
        "int f(int (*cb)(int, int));", "int f(int (*cb)(int));",
        ["parameter 1 cb is int (*)(int, int), in the old tree int (*)(int)"], False,
    ),
    "both": (
        "void f(int a);", "int f(struct s *a);",
        ["returns void, in the old tree int", "parameter 1 a is int, in the old tree struct s *"], False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FUNCTIONS)
def test_functions(case: str) -> None:
    """Each way in which functions differ has its words, and tells whether uses compile."""
    new, old, how, compiles = FUNCTIONS[case]
    found = of_functions(type_in(new), type_in(old), fits)
    assert [a.how for a in found] == how
    assert all(a.compiles for a in found) is compiles
    assert of_functions(type_in(new), type_in(new), fits) == []


TYPES = {
    "same": ("struct s *f;", "struct s *f;", None, True),
    "number": ("u32 f;", "u64 f;", "it is u32, in the old tree u64", True),
    "pointer": ("struct s *f;", "struct s f;", "it is struct s *, in the old tree struct s", False),
    "array": ("int f[4];", "int *f;", "it is int [], in the old tree int *", False),
    "operation": ("int (*f)(int, int);", "int (*f)(int);", "it: 2 parameters, in the old tree 1", False),
    "in place": ("struct { int a; } f;", "struct { int b; } f;", None, True),
    "a value for an operation": ("int f;", "int (*f)(int);", "it is int, in the old tree int (*)(int)", False),
}  # fmt: skip


@pytest.mark.parametrize("case", TYPES)
def test_types(case: str) -> None:
    """Fields and variables are compared by type."""
    new, old, how, compiles = TYPES[case]
    found = of_types(type_in(new), type_in(old), "it", fits)
    assert len(found) == (how is not None)
    assert all(a.how.startswith(how or "") and a.compiles is compiles for a in found)


MACROS = {
    "same": ("#define M 1", "#define M\t1 /* one */", (1, 1), None),
    "value": ("#define M 1", "#define M 2", (1, 2), "is 1, in the old tree 2"),
    "written otherwise": ("#define M 0x10", "#define M 16", (16, 16), None),
    "by a name": ("#define M N", "#define M N", (1, 2), "is 1 by the names in it, in the old tree 2"),
    "unknown value": ("#define M N", "#define M O", (None, 2), "is N, in the old tree O"),
    "code": ("#define M do_it(a)", "#define M do_that(b)", (None, None), None),
    "block": ("#define M { 1 }", "#define M { 2 }", (None, None), None),
    "attribute": ("#define M __attribute__((a))", "#define M __attribute__((b))", (None, None), None),
    "nothing": ("#define M", "#define M 1", (None, 1), None),
    "object and function": ("#define M 1", "#define M(a) 1", (1, None), "an object-like macro, in the old tree a"),
    "function and object": ("#define M(a) 1", "#define M 1", (None, 1), "a function-like one, in the old tree an"),
    "empty list": ("#define M() 1", "#define M 1", (None, 1), "a function-like one"),
    "more": ("#define M(a, b) 1", "#define M(a) 1", (None, None), "macro of (a, b), in the old tree of (a)"),
    "order": ("#define M(a, b) 1", "#define M(b, a) 1", (None, None), "arguments in another order"),
    "renamed": ("#define M(a) (a)", "#define M(x) (x + 1)", (None, None), None),
    "variadic": ("#define M(a, ...) 1", "#define M(a) 1", (None, None), "macro of (a, ...)"),
}  # fmt: skip


@pytest.mark.parametrize("case", MACROS)
def test_macros(case: str) -> None:
    """Macros are compared by value and by arguments, not by how they are written."""
    new, old, values, how = MACROS[case]
    found = of_macros(macro_text(new.encode()), macro_text(old.encode()), values)
    assert len(found) == (how is not None)
    assert all(a.how.startswith(how or "") for a in found)


def test_long_values_are_cut() -> None:
    """A macro of a hundred names does not fill the report."""
    new, old = "#define M (" + " | ".join(f"A{i}" for i in range(100)) + ")", "#define M 1"
    found = of_macros(macro_text(new.encode()), macro_text(old.encode()), (None, 1))
    assert len(found[0].how) < 100
    assert "…" in found[0].how


def test_macro_text() -> None:
    """Continuations, comments and line ends are no part of a macro's text."""
    text = b'#define M(a, b...) \\\r\n\t(a /* one */ + \\\r\n\t "x y" // two\r\n'
    assert macro_text(text).parameters == ("a", "b...")
    assert macro_text(text).tokens == ("(", "a", "+", '"x y"')
    assert macro_text(b"#define M (1)").parameters is None
    assert macro_text(b"# define\tM").tokens == ()
    assert macro_text(b"not a macro").tokens == ()
    assert macro_text(b"#define M a##b->c <<= d").text == "a ## b->c <<= d"
    assert tokens("'\\'' x") == ("'\\''", "x")


def test_members() -> None:
    """Fields by name, those of unnamed structs among them, types by what they are reached by."""
    text = (
        b"struct s {\n\tint a, *b;\n\tunion { int c; struct { int d; }; struct e; };\n"
        b"\tstruct { int g; } f, h[2];\n\tint (*op)(struct s *);\n\tu32 bits:3;\n\tstruct t tail[];\n};\n"
    )
    node = definition_node(text, Kind.STRUCT, "s")
    assert node is not None
    found = members(node, "s")
    assert list(found.fields) == ["a", "b", "c", "d", "f", "h", "op", "bits", "tail"]
    assert found.fields["f"].name == "s.f"
    assert found.fields["h"].inner.name == "s.h"
    assert found.fields["op"].signature is not None
    assert [t.name for t in found.unnamed] == ["struct e"]
    assert definition_node(text, Kind.UNION, "s") is None
    assert definition_node(text, Kind.STRUCT, "t") is None


def test_enumerators() -> None:
    """An enum is found by any of its enumerators."""
    node = definition_node(b"enum { A, B = 2, C };", Kind.ENUMERATOR, "C")
    assert node is not None
    assert [label_of(e.kid("name")) for e in enumerator_nodes(node)] == ["A", "B", "C"]
    assert definition_node(b"enum { A };", Kind.ENUMERATOR, "B") is None


def test_slice_of_a_function_has_no_body() -> None:
    """What a function does is nothing that others take."""
    text = b"int g;\nstatic inline int f(int a /* { */)\n{\n\treturn a;\n}\n"
    d = next(d for d in scan(text).definitions if d.name == "f")
    assert slice_of(text, d) == b"static inline int f(int a /* { */);"
    assert type_in(slice_of(text, d).decode()).spelled() == "int (int)"
