"""The pages of customers that `regulars compare` writes beside its report, and the way to them by a customer's id."""

import re
import zlib
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from serving.api.content_negotiation import prefers_page, response_type
from serving.api.html_pages import file_page, not_found_page
from serving.api.parameters import query_values
from serving.api.problem_details import ProblemError
from serving.api.routes import HTML, Endpoint

FOLDER = "customers"
PATH = "/customers/{customer}"
"""A page of many customers, by the name of its file, or a customer, by the id."""
_PAGE = re.compile(r"\d{5}\.html")
MAXIMUM_PAGES = 100_000
"""As many as their names can number."""


def customer_page(report: Path | None) -> Endpoint:
    """Return the endpoint of GET /customers/{customer}.

    Parameters
    ----------
    report : Path, optional
        The page of `regulars compare`; it and the pages beside it may appear or be replaced at any time.
    """
    folder = report.parent / FOLDER if report else None

    async def endpoint(request: Request) -> Response:
        query_values(request.scope["query_string"])
        response_type(request.headers.get("accept"), (HTML,))
        customer: str = request.path_params["customer"]
        pages = pages_in(folder) if folder else 0
        if folder and _PAGE.fullmatch(customer):
            try:
                return file_page(folder / customer)
            except OSError:  # an earlier report had more pages
                pass
        elif customer and pages:
            return RedirectResponse(address_of(customer, pages))
        if prefers_page(request.headers.get("accept")):
            return not_found_page(request.scope["path"], request.scope.get("root_path", ""))
        detail = "there is no such page of customers" if pages else "there are no pages of customers: "
        detail += "" if pages else "`regulars compare` writes them beside the report that --report names"
        raise ProblemError("not-found", detail)

    return endpoint


def pages_in(folder: Path) -> int:
    """Return how many pages of customers there are in a folder; they are numbered from 0 without a gap.

    A search by halves: the service asks with every look-up, and a large base has hundreds of pages.
    """
    low, high = 0, MAXIMUM_PAGES
    while low < high:
        middle = (low + high) // 2
        if (folder / f"{middle:05}.html").is_file():
            low = middle + 1
        else:
            high = middle
    return low


def address_of(customer_id: str, pages: int) -> str:
    """Return the address of a customer's page, relative to the others; the report finds it by the same checksum.

    Examples
    --------
    >>> address_of("12415", 30)
    '00010.html#12415'
    """
    return f"{zlib.crc32(customer_id.encode()) % pages:05}.html#{quote(customer_id, safe='')}"
