"""The command and its exit codes: 0 done, 1 failed, 2 wrong arguments; a failure is one line on standard error."""

import errno
import shutil
import sys
import traceback
import warnings
from contextlib import ExitStack, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cli import (
    append,
    backtest,
    compare,
    customers,
    effects,
    erase,
    export,
    features,
    fit,
    history,
    home,
    indices,
    ingest,
    init,
    inspect,
    key,
    monitor,
    plan,
    promote,
    prune,
    publish,
    py_files,
    recalibrate,
    record,
    retrain,
    rollback,
    score,
    segments,
    serve,
    signing_key,
    simulate,
    store,
    versions,
)
from cli.extras import missing_extra
from cli.settings import check_settings, use_config
from cli.terminal import echo_failure, echo_warning, forget_output
from cli.verb_options import VerbGroup, add_verb_options, group_help
from features.errors import RegularsError, SettingsFileError
from features.scratch_folders import process_scratch

app = typer.Typer(
    name="regulars",
    help="Score customers from their event log: loyalty by your own rule, and forecasts of purchases, churn and value.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    cls=VerbGroup,
)
VERBS = {
    "Bring in a log and look after it": (
        init,
        inspect,
        ingest,
        append,
        store,
        export,
        erase,
        prune,
        simulate,
    ),
    "Score customers and look at the base": (score, features, py_files, indices, segments),
    "Train models and compare them with the rule": (fit, backtest, compare, versions),
    "Put a model into service and watch it": (
        *(promote, publish, rollback, history, retrain, monitor, recalibrate),
        *(serve, key, signing_key, home),
    ),
    "Plan visits and incentives": (customers, plan, record, effects),
}
"""The verbs by what one wants to do, in the order of the help."""
group_help(app, VERBS)
add_verb_options(app)


def show_version(wanted: bool) -> None:
    """Print the version of Regulars and end."""
    if wanted:
        print(f"regulars {version('regulars')}")
        raise typer.Exit


@app.callback()
def configure(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The settings file. Without it: that of REGULARS_CONFIG, else regulars.toml in the working directory.",
        ),
    ] = None,
    _: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Set the settings file, and check it, before a verb imports the library."""
    if context.invoked_subcommand != "init":
        use_config(config)
        check_settings()


def run() -> None:
    """Run the command.

    An error that the user can correct is one line on standard error. A fault of Regulars keeps its traceback. Temporary
    files, those of libraries too, go into one folder, which the next verb removes if this one is killed.
    """
    with ExitStack() as stack:
        with suppress(OSError):  # without a place for temporary files, only a verb that needs one fails
            stack.enter_context(process_scratch())
        _run()


def _run() -> NoReturn:
    warnings.showwarning = echo_warning
    forget_output()
    try:
        code = app(prog_name="regulars", standalone_mode=False)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        verb = context.command_path if context else "regulars"
        message = _one_line(error.format_message()).rstrip(".")
        _end(error.exit_code, f"{verb}: {message}; see {verb} --help" if message else "")
    except RegularsError as error:
        _end(2 if isinstance(error, SettingsFileError) else 1, f"regulars: {_one_line(str(error))}")
    except ModuleNotFoundError as error:
        missing = missing_extra(error)
        if missing is None:
            _report_fault()
        _end(1, f"regulars: {missing}")
    except shutil.Error as error:
        if isinstance(error.args[0], str):
            _report_fault()
        _end(1, f"regulars: {error.args[0][0][2]}")  # of files that could not be copied, the first one's OSError
    except OSError as error:
        if error.errno not in MACHINE_FAULTS:
            _report_fault()
        _end(1, f"regulars: {error.filename}: {error.strerror}" if error.filename else f"regulars: {error.strerror}")
    except MemoryError:
        _end(1, "regulars: out of memory: use a machine with more, or a lower --memory-limit if the verb has it")
    except Exception:  # a fault of Regulars keeps its traceback
        _report_fault()
    if code == INTERRUPTED:
        _end(1, "regulars: stopped; nothing was replaced")
    sys.exit(code or 0)


INTERRUPTED = 130
MACHINE_FAULTS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE),
    *(
        errno.EEXIST,
        errno.EACCES,
        errno.EPERM,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.EBUSY,
    ),
}
"""System errors with a cause that the user can remove: no space, no permission, no such file."""
REPORT_FAULT = (
    "regulars: this is a fault in Regulars, not in your data or arguments; nothing was replaced. "
    "Please report it with the lines above"
)


def _report_fault() -> NoReturn:
    """Print the traceback of the error being handled and ask for a report."""
    traceback.print_exc()
    _end(1, REPORT_FAULT)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _end(code: int, line: str) -> NoReturn:
    if line:
        echo_failure(line, code)
    sys.exit(code)


if __name__ == "__main__":
    run()
