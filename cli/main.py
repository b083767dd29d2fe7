"""The command and how it ends: 0 done, 1 the work failed, 2 the arguments were wrong; a failure is one line."""

import sys

import typer

from cli import backtest, compare, features, fit, history, ingest, key, promote, publish, score, serve, simulate

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
    """Run the command; a failure the user can mend is said in one line on standard error."""
    try:
        code = app(prog_name="regulars", standalone_mode=False)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        verb = context.command_path if context else "regulars"
        said = " ".join(error.format_message().split()).rstrip(".")
        _end(error.exit_code, f"{verb}: {said}; see {verb} --help" if said else "")
    except (ValueError, OSError) as error:
        _end(1, f"regulars: {' '.join(_plain(error).split())}")
    except MemoryError:
        _end(1, "regulars: out of memory: give it more, or lower --memory-limit where the verb has it")
    if code == INTERRUPTED:
        _end(1, "regulars: stopped; what was there before is untouched")
    sys.exit(code or 0)


INTERRUPTED = 130


def _plain(error: Exception) -> str:
    """Return what the error says; of the system's errors the file and the reason, without the number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _end(code: int, line: str) -> None:
    if line:
        print(line, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    run()
