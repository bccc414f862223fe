# SPDX-License-Identifier: GPL-2.0-only
"""What the rule language has for drafted rules: tables, options, strings, heads."""

from pathlib import Path

import pytest

from lpae_backport.document import dump_yaml, parse_yaml
from lpae_backport.filetree import MemoryTree
from lpae_backport.finding import State
from lpae_backport.layout import Layout
from lpae_backport.matcher import decide
from lpae_backport.rule import FileSpec, Pack
from lpae_backport.stepfile import StepReader

_PATH = "drivers/demo/demo.c"
_FILES = {"demo": FileSpec("demo", (_PATH,))}


def _state(raw: dict, text: str) -> State:
    check = StepReader(_FILES).check(parse_yaml(dump_yaml(raw).encode(), Path("step")))
    pack = Pack("p", "", Path(), "", _FILES, ())
    return decide(check, Layout(MemoryTree({_PATH: text.encode()}), pack)).state


_TABLE = 'static const struct id ids[] = {\n\tDEV(1),\n\t{ .name = "demo" },\n};\n'


@pytest.mark.parametrize(
    ("pattern", "state"),
    [("DEV(1)", "met"), ("DEV(2)", "unmet"), ('"demo"', "met"), ('"other"', "unmet")],
)
def test_contains_looks_into_objects(pattern: str, state: str) -> None:
    """A row of a table is code that an object contains."""
    assert _state({"contains": pattern, "in": "demo:ids"}, _TABLE) == state


def test_an_object_is_no_function() -> None:
    """Only `contains` and its like look into objects."""
    assert _state({"function": "ids", "in": "demo"}, _TABLE) is State.UNMET


_OPTION = "void f(int a)\n{\n#ifdef CONFIG_X\n\thook(a);\n#endif\n\tplain(a);\n}\n"


@pytest.mark.parametrize(
    ("text", "config", "state"),
    [
        (_OPTION, None, "unmet"),
        (_OPTION, "CONFIG_X", "met"),
        (_OPTION, "CONFIG_Y", "unmet"),
        (_OPTION.replace("CONFIG_X", "0"), "CONFIG_X", "unmet"),
        (_OPTION.replace("#ifdef CONFIG_X\n", "").replace("#endif\n", ""), "CONFIG_X", "met"),
        (_OPTION.replace("hook(a);", "return;\n\thook(a);"), "CONFIG_X", "unmet"),
    ],
)
def test_contains_under_an_option(text: str, config: str | None, state: str) -> None:
    """Code may stand under the option that the rule names, and under no other."""
    raw = {"contains": "hook($_)", "in": "demo:f"}
    assert _state(raw | ({"config": config} if config else {}), text) == state


def test_option_tells_definitions_apart() -> None:
    """Of two definitions the one that the option chooses counts."""
    text = "#ifdef CONFIG_X\nvoid f(void)\n{\n\thook(1);\n}\n#else\nvoid f(void)\n{\n\tg();\n}\n#endif\n"
    raw = {"contains": "hook($_)", "in": "demo:f"}
    assert _state(raw, text) is State.UNMET
    assert _state(raw | {"config": "CONFIG_X"}, text) is State.MET


@pytest.mark.parametrize(
    ("kind", "head", "state"),
    [
        ("function", "static int f(int a)", "met"),
        ("function", "static int\n f( int a )", "met"),
        ("function", "int f(int a)", "unmet"),
        ("declaration", "extern const int g(void)", "met"),
        ("declaration", "extern const int g(void);", "met"),
        ("declaration", "extern int g(void)", "unmet"),
        ("declaration", "static const int h[]", "met"),
        ("declaration", "static int h[]", "unmet"),
    ],
)
def test_head(kind: str, head: str, state: str) -> None:
    """A head is compared word for word, white space and the semicolon aside."""
    text = "extern const int g(void);\nstatic const int h[] = { 1 };\nstatic int f(int a)\n{\n\treturn a;\n}\n"
    name = "f" if kind == "function" else "h" if "h[" in head else "g"
    assert _state({kind: name, "head": head, "in": "demo"}, text) == state


def test_head_of_a_field() -> None:
    """A field has a type."""
    text = "struct s {\n\tlong a, *b;\n\tu8 c[4];\n};\n"
    raw = {"field": "a", "of": "s", "in": "demo"}
    assert _state(raw | {"head": "long a, *b"}, text) is State.MET
    assert _state(raw | {"head": "int a, *b"}, text) is State.UNMET


def test_calls_at_file_level() -> None:
    """What is called outside of functions is a call of the file."""
    text = 'MODULE_ALIAS("demo:a");\nstatic int f(void)\n{\n\treturn 0;\n}\n'
    raw = {"calls": "MODULE_ALIAS($_)", "in": "demo"}
    assert _state(raw, text) is State.MET
    assert _state(raw | {"calls": 'MODULE_ALIAS("demo:b")'}, text) is State.UNMET


def test_what_is_no_utf_8_can_be_written() -> None:
    """A name in another encoding, in a path or a title, makes no file that cannot be read."""
    text = dump_yaml({"title": "toys\udcff", "file": "drivers/\udce9.c"})
    read = parse_yaml(text.encode(), Path("step")).data
    assert {k: v.data for k, v in read.items()} == {"title": "toys?", "file": "drivers/?.c"}
