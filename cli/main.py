"""The command and how it ends: 0 done, 1 the work failed, 2 the arguments were wrong; a failure is one line."""

import errno
import sys
import traceback
from typing import NoReturn

import typer

from cli import backtest, compare, features, fit, history, ingest, key, promote, publish, score, serve, simulate
from features.errors import RegularsError

app = typer.Typer(
    name="regulars",
    help="Score customers from their event log: how loyal each is, by the firm's own rule.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for verb in (ingest, features, score, fit, backtest, compare, promote, publish, history, serve, key, simulate):
    verb.register(app)


def run() -> None:
    """Run the command.

    An error that the user can mend is one line on standard error. A fault of Regulars itself keeps its traceback.
    """
    try:
        code = app(prog_name="regulars", standalone_mode=False)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        verb = context.command_path if context else "regulars"
        said = " ".join(error.format_message().split()).rstrip(".")
        _end(error.exit_code, f"{verb}: {said}; see {verb} --help" if said else "")
    except RegularsError as error:
        _end(1, f"regulars: {' '.join(str(error).split())}")
    except OSError as error:
        if error.errno not in MACHINE_FAULTS:
            _report_fault()
        _end(1, f"regulars: {error.filename}: {error.strerror}" if error.filename else f"regulars: {error.strerror}")
    except MemoryError:
        _end(1, "regulars: out of memory: give it more, or lower --memory-limit where the verb has it")
    except Exception:
        _report_fault()
    if code == INTERRUPTED:
        _end(1, "regulars: stopped; what was there before is untouched")
    sys.exit(code or 0)


INTERRUPTED = 130
MACHINE_FAULTS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE),
    *(errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EBUSY),
}
"""What the system refuses for a cause that the user can mend: no room, no permission, no such file."""
REPORT_FAULT = (
    "regulars: this is a fault in Regulars, not in your data or arguments; nothing was replaced. "
    "Please report it with the lines above"
)


def _report_fault() -> NoReturn:
    """Print the traceback of the error being handled and ask for a report."""
    traceback.print_exc()
    _end(1, REPORT_FAULT)


def _end(code: int, line: str) -> NoReturn:
    if line:
        print(line, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    run()
