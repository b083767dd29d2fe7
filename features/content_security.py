"""The Content-Security-Policy of a self-contained page: every script and style by its hash, and no others."""

import base64
import hashlib
from collections.abc import Iterable


def content_security_policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """Return the policy that allows these inline texts by hash, and requests to the page's own host.

    The same text serves as a header; `frame-ancestors` has an effect only there, so a service adds it. A service may
    serve the page unchanged.

    Parameters
    ----------
    scripts, styles : iterable of str
        What stands between the tags of `script` and `style`.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(_hash(text) for text in scripts)}",
            f"style-src {' '.join(_hash(text) for text in styles)}",
            "img-src data: blob:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
