"""Passwords of databases: where they come from, and how texts are shown without them."""

import os
import re
from urllib.parse import quote, unquote

PASSWORD_VARIABLE = "REGULARS_DB_PASSWORD"


def without_password(url: str) -> str:
    """Return a URL with any password replaced by `***`, and so the values of its options that may be secret."""
    shown = re.sub(r"(://[^:/@?]*):.*@", r"\1:***@", url)
    secret = r"[^&=?]*(?:pass|pwd|secret|token|sig|key|credential|auth)[^&=]*"
    return re.sub(rf"(?i)([?&]{secret}=)[^&\s]*", r"\1***", shown)


def database_password(given: str | None) -> str | None:
    """Return the password of databases: the given one, else that of the environment, else None."""
    return given or os.environ.get(PASSWORD_VARIABLE) or None


def database_message(error: object, url: str, password: str | None) -> str:
    """Return the database's message on one line, without the password."""
    text = re.sub(r"\s+", " ", re.split(r"\nquery:", str(error))[0]).strip()
    secrets = [password, *re.findall(r"://[^:/@?]*:(.*)@", url), *re.findall(r"[?&]password=([^&]*)", url)]
    for secret in secrets:
        for written in (secret, quote(secret or "", safe=""), unquote(secret or "")):
            text = text.replace(written, "***") if written else text
    return text
