# SPDX-License-Identifier: GPL-2.0-only
"""README says what the program does, and nothing else."""

import re

import pytest

from lpae_backport.cli import COMMANDS
from lpae_backport.errors import ExitCode
from lpae_backport.finding import Verdict
from lpae_backport.format import FORMATS
from lpae_backport.rule import Kind, Op
from tests.conftest import ROOT

_README = (ROOT / "README.md").read_text()


def test_commands_and_formats_are_told_of() -> None:
    """Every command, format, verdict and kind of check is in README."""
    for word in [
        *COMMANDS,
        *FORMATS,
        *(f"`{v}`" for v in Verdict),
        *(f"`{k}: " for k in (*Kind, *Op)),
    ]:
        assert word in _README, word


def test_exit_table() -> None:
    """README's table has exactly the statuses of the program."""
    table = _README.split("### Exit status")[1].split("###")[0]
    assert [int(n) for n in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == [
        int(c) for c in ExitCode
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_options_are_told_of(run, command: str) -> None:
    """Every long option of the commands that audit is in README, and every command has help."""
    out = run(command, "--help").out
    assert "Usage: lpae-audit" in out
    if command not in ("explain", "rules"):
        for option in re.findall(r"(--[a-z-]+)", out):
            assert option in _README or option in ("--help", "--output", "--verbose"), option


def test_one_command_each() -> None:
    """The quick start has one command that sets up and runs, and one that tests."""
    quick = _README.split("## Quick start")[1].split("\n## ")[0]
    assert re.findall(r"^make \w+$", quick, re.MULTILINE) == ["make demo", "make test"]


def test_nothing_of_a_workplace_is_named() -> None:
    """README names no path of a developer's machine."""
    assert "/work/" not in _README
