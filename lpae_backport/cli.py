# SPDX-License-Identifier: GPL-2.0-only
"""The command line: arguments in, exit status out. Each command is a module of its own."""

import gc
import os
import sys
from importlib import import_module

import click

from lpae_backport import __version__
from lpae_backport.errors import AuditError, ExitCode
from lpae_backport.interrupts import Interrupts
from lpae_backport.output import ClosedPipeError, tell

COMMANDS = {
    "compare": ("lpae_backport.commands.compare", "Audit every step of a backport in two trees."),
    "series": ("lpae_backport.commands.series", "Write what is missing as patches, proven."),
    "gate": ("lpae_backport.commands.gate", "Fail where a fork lacks a step that it requires."),
    "lock": ("lpae_backport.commands.lock", "Record a reference, so that a gate needs no tree."),
    "needs": ("lpae_backport.commands.needs", "Say what a driver requires that a tree lacks."),
    "patch": ("lpae_backport.commands.patch", "Say whether patches are in a tree, by hunk."),
    "diff": ("lpae_backport.commands.diff", "Show what became of functions, types and macros."),
    "usage": ("lpae_backport.commands.usage", "Show every use of a symbol, tree by tree."),
    "index": (
        "lpae_backport.commands.index",
        "Keep what trees define, so that needs is quick.",
    ),
    "matrix": ("lpae_backport.commands.matrix", "Show several targets beside one reference."),
    "explain": ("lpae_backport.commands.explain", "Say why a step exists and what decides it."),
    "learn": (
        "lpae_backport.commands.learn",
        "Draft rules from a patch and a tree that has it.",
    ),
    "rules": ("lpae_backport.commands.rules", "List, check and test the packs of rules."),
}

_EPILOG = (
    "Exit status: 0 everything required is done, 1 something remains, 2 wrong usage, "
    "3 bad rule or configuration, 4 bad tree, 70 internal error, 74 output not written."
)


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order they are thought of."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import and return one command."""
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="lpae-audit")
def program() -> None:
    """Audit how far a feature has been backported into an old kernel tree."""


def main(argv: list[str] | None = None) -> int:
    """Run the program.

    Args:
        argv: the arguments after the program's name; `None` takes those of the process.

    Returns:
        The exit status; see `ExitCode`. 128 + n stands for an end by signal n.
    """
    # A short run that builds many small nodes and frees them all at its end: no need to look
    # for garbage on the way (a tenth of the time on two real kernels).
    gc.disable()
    with Interrupts(is_last=argv is None) as interrupts:
        code = _run(argv)
        # What comes while Python tidies up raises nothing, or nothing that is heard.
        return 128 + interrupts.number if interrupts.number else code


def _run(argv: list[str] | None) -> int:
    """Run the program, and return its exit status."""
    try:
        result = program.main(args=argv, prog_name="lpae-audit", standalone_mode=False)
        return int(result) if isinstance(result, int) else ExitCode.DONE
    except click.ClickException as e:
        e.show()
        return e.exit_code
    except click.Abort:
        return 130
    except AuditError as e:
        tell(f"error: {e}")
        return e.exit_code
    except KeyboardInterrupt:
        return 130
    except SystemExit as e:
        return int(e.code or 0)
    except (BrokenPipeError, ClosedPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as e:  # the last resort: a crash must never pass for a verdict
        if os.environ.get("LPAE_AUDIT_DEBUG"):
            raise
        tell(f"internal error: {type(e).__name__}: {e} (hint: LPAE_AUDIT_DEBUG=1 shows where)")
        return ExitCode.INTERNAL
