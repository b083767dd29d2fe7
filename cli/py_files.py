"""`regulars py-files`: the packages as an archive for Spark's workers."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import check_writable
from cli.terminal import echo


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command("py-files")
    def py_files(
        out: Annotated[
            Path,
            typer.Option(
                metavar="FILE", dir_okay=False, callback=check_archive, help="The archive to write; it ends in .zip."
            ),
        ],
    ) -> None:
        """Write Regulars as an archive for Spark workers that do not have it.

        Give it to `spark-submit --py-files`. Workers still need its libraries.

        Example: `regulars py-files --out regulars.zip`
        """
        from features.engines.package_archive import write_package_archive

        count = write_package_archive(out)
        echo(f"{count} files -> {out}, for --py-files of Spark", files=count, out=out)


def check_archive(path: Path) -> Path:
    """Refuse a name that Spark would not put on the path of its workers."""
    if path.suffix != ".zip":
        raise typer.BadParameter(f"{path} does not end in .zip: Spark takes archives of that name alone")
    return check_writable(path) or path
