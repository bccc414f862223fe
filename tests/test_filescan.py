# SPDX-License-Identifier: GPL-2.0-only
"""What a file introduces, found without a parser: every shape of declaration, and no C at all."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lpae_backport.catalog.definitions import Definition
from lpae_backport.catalog.filescan import outline_of, quiet, scan, scan_kconfig


def told(text: str | bytes) -> str:
    """Return what a text introduces, as ``kind:name`` by the letters of ctags."""
    data = text if isinstance(text, bytes) else text.encode()
    return " ".join(f"{d.kind.value}:{d.name}" for d in scan(data).definitions)


FUNCTIONS = {
    "int f(void);": "p:f",
    "extern int f(int a, char b);": "p:f",
    "int *f(void) __malloc;": "p:f",
    "int f(int a[N(1)]);": "p:f",
    "int f(char *argv[]);": "p:f",
    "int f(void *(*get)(u64 a, u64 b));": "p:f",
    "struct s *f(int a, int (*cb)(int x, void *y), void *p);": "p:f",
    "int f(int a __attribute__((unused)), int b);": "p:f",
    "__printf(1, 2) int f(const char *, ...);": "p:f",
    "int f(const char *, ...) __printf(1, 2);": "p:f",
    "void f(void) __acquires(a) __releases(b);": "p:f",
    "int __f(struct s *x) __acquires(x);": "p:__f",
    "void *__f(size_t n, size_t m) __alloc_size(1, 2);": "p:__f",
    "void f(void) __attribute__((noreturn));": "p:f",
    "int __must_check f(void);": "p:f",
    "asmlinkage long f(int a);": "p:f",
    "void (*f(int a))(int);": "p:f",
    "int(*f(unsigned int))(struct s *);": "p:f",
    "int (f)(int a);": "p:f",
    "int f(void), *g(void), v;": "p:f p:g v:v",
    "static inline int f(void)\n{\n\treturn 0;\n}\n": "f:f",
    "int f(void) { return 0; } int g(void) { return 1; }": "f:f f:g",
    "int\nf(int a)\n{\n}\n": "f:f",
    "int __init f(void)\n{\n}\n": "f:f",
    "struct s f(void)\n{\n}\n": "f:f",
    "struct s *f(void)\n{\n}\n": "f:f",
    "enum e f(void) { return 0; }": "f:f",
    "int (f)(int a)\n{\n\treturn a;\n}\n": "f:f",
    "static int (*f(void))(int)\n{\n\treturn 0;\n}\n": "f:f",
    "void f(void)\n{\n};\nint g;": "f:f v:g",
    "void f(struct s *x)\n{\n\tstruct s y = { 1 };\n\tint z;\n}\nint g;": "f:f v:g",
}
TYPES = {
    "struct s { int a; };": "s:s",
    "struct __packed s { int a; };": "s:s",
    "struct s { int a; } __packed;": "s:s",
    "struct s {\n\tint (*op)(struct s *, int);\n};\nint g;": "s:s v:g",
    "union u { int a; struct in { int b; } c; };": "u:u s:in",
    "struct s { struct in { struct deep { int b; } x; } c; };": "s:s s:in s:deep",
    "struct s { int a; union { int d; }; enum e { X = 1, Y } f; };": "s:s g:e e:X e:Y",
    "struct s { enum { X, Y } f; };": "s:s e:X e:Y",
    "enum e { A, B = 3, C = F(1, 2), D, };": "g:e e:A e:B e:C e:D",
    "enum { A };": "e:A",
    "enum e : u8 { A };": "g:e e:A",
    "enum e { A __attribute__((x)) = 1, B };": "g:e e:A e:B",
    "enum e {\n#ifdef X\nA,\n#endif\nB\n};": "g:e e:A e:B",
    "enum e { A = sizeof(struct { int x; }), B };": "g:e e:A e:B",
    "struct s;\nunion u;\nenum e;": "w:s w:u w:e",
    "struct s; struct s *v;": "w:s v:v",
    "typedef u32 t;": "t:t",
    "typedef struct s t;": "t:t",
    "typedef unsigned long __bitwise t;": "t:t",
    "typedef int t[4];": "t:t",
    "typedef int (t)[4];": "t:t",
    "typedef int t1, *t2;": "t:t1 t:t2",
    "typedef struct { int a; } t;": "t:t",
    "typedef struct s { int a; } t, *p;": "s:s t:t t:p",
    "typedef union { int a; } t __attribute__((x));": "t:t",
    "typedef enum { A, B } t;": "e:A e:B t:t",
    "typedef int t(int a);": "t:t",
    "typedef int (t)(int a, struct s *);": "t:t",
    "typedef bool t(bool (*cb)(void));": "t:t",
    "typedef int (*t)(int (*cb)(void), int b);": "t:t",
    "typedef void (*const t)(void);": "t:t",
    "typedef void (__user *t)(void);": "t:t",
    "typedef int (*(*t)(int))(void);": "t:t",
    "typedef __printf(1, 2) int (*t)(const char *, ...);": "t:t",
    "typedef int __attribute__((nonnull(2))) (*t)(void *);": "t:t",
    "typedef u64 __attribute__((aligned(8))) t;": "t:t",
    "typedef struct s t __aligned(sizeof(struct s));": "t:t",
}
VARIABLES = {
    "int v;": "v:v",
    "unsigned v;": "v:v",
    "extern struct s v, *w, x[4];": "v:v v:w v:x",
    "int v = 3, w;": "v:v v:w",
    "int v = f(1, 2), w = 5;": "v:v v:w",
    "static const struct s v = {\n\t.a = 1,\n};": "v:v",
    "static const struct s v[] = {\n\t{ .a = 1 },\n};": "v:v",
    "static const struct s v = (struct s) { .a = 1 };": "v:v",
    "static int *v = (int []) { 1, 2 };\nint w;": "v:v v:w",
    "int v = ({ 3; });": "v:v",
    "static struct a v = __ATTR(x, 0, b, c);": "v:v",
    "extern unsigned long v[BITS_TO_LONGS(N)];": "v:v",
    "int v[2][3];": "v:v",
    "u8 v[4] __aligned(8);": "v:v",
    "u8 v[] __aligned(8) = { 1, 2 };": "v:v",
    'int v __section(".x");': "v:v",
    "int v __read_mostly = 3;": "v:v",
    "extern struct s v __attribute__((x));": "v:v",
    "extern typeof(f) v;": "v:v",
    "struct { int a; } v;": "v:v",
    "struct s { int a; } v = { 1 };": "s:s v:v",
    "struct s { int a; } *v, w[3];": "s:s v:v v:w",
    "struct s { int a; } v __aligned(4);": "s:s v:v",
    "int (*v)(int a);": "v:v",
    "int (*v[N(4)])(int a);": "v:v",
    "struct s (*v)[4];": "v:v",
    "extern void (*v)(void), (*w)(void);": "v:v v:w",
    "static void (* const v[])(int) = {\n\tf,\n};": "v:v",
    'char *v = "a;b{c"; int w;': "v:v v:w",
    "char v = '\\''; char w = '\"'; int x;": "v:v v:w v:x",
}
CALLS = {
    "DEFINE_MUTEX(a);": "G:a",
    "static DEFINE_MUTEX(a);": "G:a",
    "extern const DECLARE_BITMAP(a, 8);": "G:a",
    "DEFINE_X(a)\nDEFINE_X(b)\nint g(void);": "G:a G:b p:g",
    "DEFINE_X(a)\nDEFINE_X(b)\n": "G:a G:b",
    "DEFINE_X(a)\nstruct s { int x; };": "G:a s:s",
    "DEFINE2(f, int, a)\n{\n\treturn 0;\n}\nint g;": "G:f G:a v:g",
    'MODULE_LICENSE("GPL");\nint g;': "v:g",
    "EXPORT_SYMBOL_GPL(f)\nint g(void);": "p:g",
    "static_assert(sizeof(int) == 4);\nint g;": "v:g",
    'asm(".globl x");\nint g;': "v:g",
    "EVENT(ev,\n\tPROTO(int a),\n\tASSIGN(\n\t\tentry->len = 3;\n\t\tcopy(entry->x, a);\n"
    '\t\tif (a)\n\t\t\tentry->y = 4;\n\t),\n\n\tPRINT("%s", show(entry->len))\n);\nint g;': "G:ev G:a"
    " v:g",
}
TEXT = {
    "#define M 1\n#define F(x) ((x) + \\\n\t1)\n# define N\n#\tdefine  O 2\n": "d:M d:F d:N d:O",
    "#define M \\\r\n\tint x;\r\nint g;\r\n": "d:M v:g",
    "#define M /* one\n two */ int x;\nint g;": "d:M v:g",
    "#define M(a) do { \\\n\t/* one \\\n\t * two \\\n\t */ \\\n\tint a; \\\n} while (0)\nint g;": "d:M v:g",
    "#define M(a) do { \\\n\t/* one\n\t * two\n\t */ \\\n\tint a; \\\n} while (0)\nint g;": "d:M v:g",
    "#define M 1 \\\n\n/* the macro\n * is done\n */\nDEFINE_X(a)\nint g;": "d:M G:a v:g",
    "#include <a.h> /* one\n two */\nstruct s;": "w:s",
    "#define f g\nint f(void);": "d:f p:f",
    "#if 0\nint no;\n#else\nint g;\n#endif\n": "v:g",
    "#if 0\n#if 1\nint no;\n#endif\nint no2;\n#elif X\nint g;\n#endif\nint h;": "v:g v:h",
    "#if A\nint a;\n#else\nint b;\n#endif\n": "v:a v:b",
    "#if 1\n#if 0\nint no;\n#endif\nint g;\n#endif\n": "v:g",
    "int f(void)\n{\n#ifdef A\n\tif (a) {\n#else\n\tif (b) {\n#endif\n\t}\n}\nint g;": "f:f v:g",
    'extern "C" {\nint f(void);\n}\nint g(void);': "p:f p:g",
    "int /* c */ f /* d */ (void);": "p:f",
    "// int no;\nint g;": "v:g",
    "// one \\\nint no;\nint g;": "v:g",
    "/* /* */ int g;": "v:g",
    "/* int no;": "",
    "#error don't do this\nint g;": "v:g",
    'static const char v[] = "the #include of a; {";\nint g;': "v:v v:g",
    "int\r\nf(void)\r\n{\r\n}\r\nint g;\r\n": "f:f v:g",
    "\ufeffint g;": "v:g",
    "": "",
}


@pytest.mark.parametrize(
    ("text", "expected"), [*FUNCTIONS.items(), *TYPES.items(), *VARIABLES.items()]
)
def test_declarations(text: str, expected: str) -> None:
    """Each shape of declaration tells its names, and nothing but them."""
    assert told(text) == expected
    assert told(text + "\nint after_it;") == f"{expected} v:after_it"
    assert told("int before_it;\n" + text) == f"v:before_it {expected}"


@pytest.mark.parametrize(("text", "expected"), [*CALLS.items(), *TEXT.items()])
def test_macros_and_directives(text: str, expected: str) -> None:
    """Macro calls without semicolon, alternatives, comments and line ends are seen through."""
    assert told(text) == expected


@pytest.mark.parametrize("text", [*FUNCTIONS, *TYPES, *VARIABLES])
def test_line_ends_and_bytes_make_no_difference(text: str) -> None:
    """The names are the same with CRLF, beside latin-1, and with a comment at each blank."""
    expected = told(text)
    assert told(text.replace("\n", "\r\n")) == expected
    assert told(b"/* caf\xe9 */\n" + text.encode() + b"\n// \xff\n") == expected
    if '"' not in text and "'" not in text and "#" not in text:
        assert told(re.sub(r"[ \t]", " /* ; { */ ", text)) == expected


def test_kr_definition_is_told() -> None:
    """A definition as before C89 does not hide what follows."""
    found = told("int f(a, b)\nint a;\nchar *b;\n{\n\treturn a;\n}\nint g(void);")
    assert "p:f" in found
    assert "p:g" in found


def test_includes_and_exports() -> None:
    """Headers with the way they are written, computed ones without a name, exports by any macro."""
    text = (
        b'#include <linux/a.h>\n# include "b.h" // x\n#include "../c/d.h"\n#include NAME\n'
        b"int f(void);\nEXPORT_SYMBOL(f);\nEXPORT_SYMBOL_GPL( g );\nEXPORT_SYMBOL_NS_GPL(h, N);\n"
        b"/* EXPORT_SYMBOL(no); */\n#if 0\nEXPORT_SYMBOL(no2);\n#endif\n"
    )
    outline = scan(text)
    assert outline.includes == (
        (True, "linux/a.h"),
        (False, "b.h"),
        (False, "../c/d.h"),
        (True, ""),
    )
    assert outline.exports == {"f", "g", "h"}


def test_kconfig() -> None:
    """Symbols with their entries; menus, comments and help say nothing."""
    text = (
        b'menu "x"\nconfig A\n\ttristate "a"\n\tdepends on B\n\nmenuconfig C\n\tbool\n'
        b"\thelp\n\t  a config option\n\nchoice\nconfig D\n\tbool\nendchoice\nendmenu\n"
    )
    outline = outline_of("drivers/x/Kconfig.debug", text)
    assert [d.name for d in outline.definitions] == ["CONFIG_A", "CONFIG_C", "CONFIG_D"]
    first = outline.definitions[0]
    assert text[first.start : first.end].strip().endswith(b"depends on B")
    assert scan_kconfig(text) == outline
    assert outline_of("drivers/x/x.c", b"config A\n").definitions == ()


def test_range_of_a_definition() -> None:
    """The bytes of a definition are what says what it is."""
    text = b"int a;\n#define M(x) \\\r\n\t(x)\r\nstruct s {\n\tint b;\n} __packed;\nint f(int c)\n{\n}\n"
    pieces = {d.name: text[d.start : d.end] for d in scan(text).definitions}
    assert pieces["M"].rstrip() == b"#define M(x) \\\r\n\t(x)"
    assert pieces["s"] == b"struct s {\n\tint b;\n} __packed;"
    assert pieces["f"] == b"int f(int c)\n{\n}"


_PIECE = st.sampled_from(
    [
        *("int", "struct", "union", "enum", "typedef", "static", "a", "b", "M", "__packed", "if"),
        *"(){}[];,=*:#\\\"'\n ",
        *("#define ", "#if 0\n", "#endif\n", "#else\n", "/*", "*/", "//", "\n}\n", "\r\n", "\\\n"),
        *("EXPORT_SYMBOL(", "#include <a.h>\n", "->", "\0", "\xe9"),
    ]
)
_SOUP = st.lists(_PIECE, max_size=80).map(lambda parts: "".join(parts).encode("latin-1"))


def check(data: bytes, found: tuple[Definition, ...]) -> None:
    """Check what must hold for the outline of any bytes."""
    assert list(found) == sorted(found, key=lambda d: d.start)
    for d in found:
        assert 0 <= d.start < d.end <= len(data)
        assert d.name.removeprefix("CONFIG_").encode() in data[d.start : d.end]
        assert d.name.isidentifier()


@given(st.one_of(st.binary(max_size=300), _SOUP))
@example(b'"')
@example(b"'\n")
@example(b"#define A\\")
@example(b"/*\\")
@example(b"}{}{")
@example(b"enum{")
@example(b"struct s{}")
@example(b"struct\t\x80;")
@settings(max_examples=500, deadline=None)
def test_any_bytes(data: bytes) -> None:
    """Whatever a file holds, ranges lie in it and hold the names; blanking keeps every place."""
    check(data, scan(data).definitions)
    check(data, scan_kconfig(data).definitions)
    assert len(quiet(data)) == len(data)
    assert quiet(data).count(b"\n") == data.count(b"\n")


_PART = st.sampled_from([*FUNCTIONS, *TYPES, *VARIABLES, *CALLS])
_BETWEEN = st.sampled_from(
    ["\n", "\n\n", "/* int c; */\n", "// {\n", "\t\n/*\n * }\n */\n", "\n'\n"]
)


@given(st.lists(st.tuples(_PART, _BETWEEN), max_size=8))
@settings(max_examples=150, deadline=None)
def test_declarations_do_not_disturb_each_other(parts: list[tuple[str, str]]) -> None:
    """A file introduces what its declarations do, whatever comments and blank lines are between."""
    parts = [(text, " \n" if "'" in between else between) for text, between in parts]
    text = "".join(f"{text}\n{between}" for text, between in parts)
    assert told(text) == " ".join(t for text, _ in parts if (t := told(text)))


HOSTILE = [
    *(b"(", b"{", b"[", b"a[", b"#define ", b"\n#define ", b"#define a\\\n", b"a", b"struct "),
    *(b"struct a ", b"struct a {", b"enum {", b'"\\', b"'\\", b'"', b"/*", b"a,", b"(*", b"A()\n"),
    *(
        b"\n#if 0\n",
        b"{\n",
        b"extern {",
        b"int f(void) {}",
        b"int f(void)\n{\n }",
        b" ",
        b"\\\n",
        b"\0",
        b"\nconfig A\n",
    ),
    *(b'include"" ', b"EXPORT_SYMBOL(", b"#include <", b"int a = ", b"union{", b"enum a,"),
]


@pytest.mark.parametrize("unit", HOSTILE, ids=repr)
@pytest.mark.parametrize("ends", [(b"", b""), (b"int f(", b";"), (b"typedef ", b"};")], ids=repr)
def test_hostile_text_is_read_in_time(unit: bytes, ends: tuple[bytes, bytes]) -> None:
    """A megabyte of one thing takes no more than a few seconds of work."""
    data = ends[0] + unit * (1_000_000 // len(unit)) + ends[1]
    start = time.process_time()
    scan(data)
    scan_kconfig(data)
    assert time.process_time() - start < 20
