"""`regulars signing-key`: a key pair to sign published versions with."""

from pathlib import Path
from typing import Annotated

import typer

from cli.terminal import echo


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command("signing-key")
    def signing_key(
        file: Annotated[Path, typer.Argument(metavar="FILE", help="The file of the private key; it must be new.")],
    ) -> None:
        """Make an Ed25519 key pair: the private key that signs published versions, and the public key that checks them.

        FILE can be read by its owner alone; the public key goes to FILE.pub.

        Example: `regulars signing-key publisher.key`
        """
        from training.models.signature import make_key_pair

        public = make_key_pair(file)
        echo(f"private key: {file}, for `regulars publish --signing-key`; keep it where only the publisher can read it")
        echo(f"public key: {public}, for `regulars serve --trusted-key`")
