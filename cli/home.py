"""`regulars home`: backup, restoration and upgrade of the folder of runs and versions."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_HOME, Home, check_writable
from cli.terminal import echo
from features.plurals import counted

if TYPE_CHECKING:
    from training.registry.home_backup import HomeContent

HELP = """Back up, restore or upgrade the folder where runs and versions are kept.

Example: `regulars home backup home.tar.gz`
"""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    home_app = typer.Typer(no_args_is_help=True, help=HELP)
    app.add_typer(home_app, name="home")

    @home_app.command()
    def backup(
        target: Annotated[
            Path,
            typer.Argument(
                metavar="TARGET", callback=check_writable, help="A new archive (.tar, .tar.gz, .tgz) or a new folder."
            ),
        ],
        home: Home = DEFAULT_HOME,
    ) -> None:
        """Copy runs, versions and their files, as they are at this moment; fits may go on meanwhile.

        Example: `regulars home backup home.tar.gz`
        """
        from training.registry.home_backup import back_up

        _refuse_server()
        _show(back_up(home, target), home, target)

    @home_app.command()
    def restore(
        source: Annotated[Path, typer.Argument(metavar="BACKUP", help="What `regulars home backup` wrote.")],
        home: Home = DEFAULT_HOME,
    ) -> None:
        """Put a backup in place as a home; there must be none yet.

        Example: `regulars home restore home.tar.gz --home restored`
        """
        from training.registry.home_backup import restore as put_back

        _refuse_server()
        _show(put_back(source, home), source, home)

    @home_app.command()
    def upgrade(home: Home = DEFAULT_HOME) -> None:
        """Bring the database of a home to the schema of the installed MLflow; the previous one is kept beside it.

        Example: `regulars home upgrade --home var`
        """
        from training.registry.home_upgrade import upgrade as bring_up_to_date

        _refuse_server()
        before = bring_up_to_date(home)
        echo(f"{home} is up to date; before: {before}" if before else f"{home} was up to date already")


def _refuse_server() -> None:
    if os.environ.get("MLFLOW_TRACKING_URI"):
        from features.errors import TrackingError

        raise TrackingError(
            "MLFLOW_TRACKING_URI is set: this is for home folders, a server's database has its own backup; unset it"
        )


def _show(content: "HomeContent", source: Path, target: Path) -> None:
    echo(f"{counted(content.runs, 'run')} and {counted(content.versions, 'version')}: {source} -> {target}")
    if content.elsewhere:
        numbers = ", ".join(map(str, content.elsewhere))
        echo(f"warning: the files of version {numbers} are kept elsewhere and are not in it")
