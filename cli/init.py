"""`regulars init`: write a settings file with every setting and its default, commented out."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import check_writable
from cli.terminal import echo


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def init(
        file: Annotated[
            Path, typer.Argument(metavar="FILE", dir_okay=False, callback=check_writable, help="The file to write.")
        ] = Path("regulars.toml"),
        force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    ) -> None:
        """Write a settings file: every section and key with its meaning and default, commented out.

        Examples:

        `regulars init`

        `regulars init shop.toml`
        """
        from cli.settings_page import settings_file
        from features.atomic_file import atomic_write

        if file.exists() and not force:
            raise typer.BadParameter(f"{file} is there already: give another name, or --force to replace it")
        with atomic_write(file) as part:
            part.write_text(settings_file(), encoding="utf-8")
        use = "" if file == Path("regulars.toml") else f"; use it as `regulars --config {file} VERB ...`"
        echo(f"every setting and its default, commented out -> {file}{use}")
