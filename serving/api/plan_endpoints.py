"""The endpoints of /plans: which plans there are, the rows of one, its pages, and the records that come back."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from features.errors import PlanError, RecordError, StoreError
from planning.records import add_records, record_faults
from serving.api.body_budget import BodyBudget, HeldBody, counted_in
from serving.api.content_negotiation import ARROW, JSON, body_type, response_type
from serving.api.html_pages import file_page, plans_page
from serving.api.parameters import Clock, RequestLimits, query_values
from serving.api.plan_bodies import cells_of, items_response, plans_answer, records_answer
from serving.api.problem_details import ProblemError, invalid
from serving.api.record_faults import read_records
from serving.api.rep_scope import items_of_reps, limit_records, reps_of_key, require_all_reps, require_rep
from serving.api.request_body import decode_json, fault_of, read_body, refuse_too_many
from serving.api.responses import json_response
from serving.api.routes import HTML, ExactRoute, TemplateRoute
from serving.api.time_limit import TimeLimit
from serving.api.worker_thread import WorkerThread
from serving.plan_types import ItemsQuery, RecordsRequest
from serving.plans import EFFECTS_PAGE, REPS, PlanFacts, PlansListed, items_of, list_plans, pages_of, without_path

T = TypeVar("T")

PLAN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
NO_PLANS = "the service was given no folder of plans: `regulars serve --plans DIR` names it"
LOCK_SECONDS = 5.0
"""How long a request waits for another process that writes to the same plan."""


class PlanEndpoints:
    """The endpoints of the plans in a folder.

    Parameters
    ----------
    folder : Path, optional
        The folder of plan folders, which may change at any time; without it every endpoint answers 404.
    limits : RequestLimits
    bodies : BodyBudget
        Bounds the bodies with records, together with all others.
    clock : callable
        Returns the present time: of records without a `recorded_at`.
    """

    def __init__(self, folder: Path | None, limits: RequestLimits, bodies: BodyBudget, clock: Clock) -> None:
        self._folder, self._limits, self._bodies, self._clock = folder, limits, bodies, clock
        self._worker_thread = WorkerThread(limits.queue_size)
        self._body_time = TimeLimit(limits.body_seconds)
        self._decode_records: Callable[[bytes], RecordsRequest] = msgspec.json.Decoder(RecordsRequest).decode

    def routes(self) -> list[ExactRoute]:
        """Return the routes of the endpoints."""
        return [
            ExactRoute("/plans", self.plans),
            ExactRoute(f"/plans/{EFFECTS_PAGE}", self.effects_page),
            TemplateRoute("/plans/{plan_id}/items", self.items),
            TemplateRoute("/plans/{plan_id}/records", counted_in(self._bodies, self.records), methods=["POST"]),
            TemplateRoute("/plans/{plan_id}/plan.html", self.page),
            TemplateRoute(f"/plans/{{plan_id}}/{REPS}/{{page}}", self.page),
        ]

    async def plans(self, request: Request) -> Response:
        """Answer GET /plans: the plans of the folder, as JSON or as a page with links."""
        query_values(request.scope["query_string"])
        wanted = response_type(request.headers.get("accept"), (JSON, HTML))
        reps = reps_of_key(request)
        answer = plans_answer(await self._run(list_plans), with_pages=reps is None)
        if wanted == HTML:
            return plans_page(answer, reps is None and self._effects() is not None)
        return json_response(answer)

    async def effects_page(self, request: Request) -> Response:
        """Answer GET /plans/effects.html: the page of `regulars effects`, written into the folder of plans."""
        self._check_page_request(request)
        file = self._effects()
        if file is None:
            detail = f"there is no {EFFECTS_PAGE}: `regulars effects STORE --plans DIR --out DIR/effects` writes it"
            raise ProblemError("unknown-plan", detail)
        return file_page(file)

    async def items(self, request: Request) -> Response:
        """Answer GET /plans/{plan_id}/items: the rows to carry out, of one rep or of all."""
        values = query_values(request.scope["query_string"], ItemsQuery.__struct_fields__)
        try:
            query = msgspec.convert(values, ItemsQuery, strict=False)
        except msgspec.ValidationError as error:
            raise invalid([fault_of(str(error))]) from None
        wanted = response_type(request.headers.get("accept"), (JSON, ARROW))
        plan_id, reps = _plan_id(request), reps_of_key(request)
        require_rep(reps, query.rep)

        def respond(folder: Path) -> Response:
            plan = _find(list_plans(folder), plan_id)
            return items_response(plan, items_of_reps(items_of(plan), reps), query, wanted)

        return await self._run(respond)

    async def records(self, request: Request, held: HeldBody) -> Response:
        """Answer POST /plans/{plan_id}/records: add what was done, all of it or nothing."""
        query_values(request.scope["query_string"])
        body_type(request.headers.get("content-type"), request.headers.get("content-encoding"), (JSON,))
        response_type(request.headers.get("accept"), (JSON,))
        plan_id = _plan_id(request)
        body = await read_body(request, self._limits.records_bytes, self._body_time, held, "send fewer records")
        key, reps = request.scope.get("state", {}).get("key"), reps_of_key(request)

        def respond(folder: Path) -> Response:
            now = self._clock()
            try:
                records = decode_json(body, self._decode_records).records
            except ProblemError as error:
                # What else is wrong may tell of the rows of other reps.
                raise error if reps else self._all_faults(error, body, folder, plan_id, now) from None
            refuse_too_many("records", len(records), self._limits.records)
            plan = _find(list_plans(folder), plan_id)
            items = items_of(plan)  # before anything is added: a damaged plan takes no records
            if faults := limit_records(records, items_of_reps(items, reps), reps):
                raise invalid(_paths(faults), self._limits.records)
            source = f"service, key {key}" if key else "service"
            try:
                added = add_records(plan.folder, [cells_of(each) for each in records], now, source, LOCK_SECONDS)
            except StoreError:
                detail = f"another process is writing to plan {plan_id}; nothing was added, try again"
                raise ProblemError("busy", detail, headers={"Retry-After": "1"}) from None
            if added.faults:
                raise invalid(_paths(added.faults), self._limits.records)
            return json_response(records_answer(plan, items, added))

        return await self._run(respond)

    def _all_faults(self, error: ProblemError, body: bytes, folder: Path, plan_id: str, now: datetime) -> ProblemError:
        """Return the problem of a body that cannot be decoded, with the faults of all its records."""
        if error.kind != "invalid":
            return error
        faults, others = read_records(body)
        if not faults:
            return error
        refuse_too_many("records", len(faults) + len(others), self._limits.records)
        plan = _find(list_plans(folder), plan_id)
        places = sorted(others)
        found = record_faults(plan.folder, [cells_of(others[at]) for at in places], now)
        faults += _paths((places[at], column, reason) for at, column, reason in found)
        return invalid(sorted(faults, key=lambda fault: int(fault[0].split("/")[1])), self._limits.records)

    async def page(self, request: Request) -> Response:
        """Answer GET of a page of a plan."""
        self._check_page_request(request)
        plan_id = _plan_id(request)
        name = request.scope["path"].split("/", 3)[3]

        def respond(folder: Path) -> Response:
            pages = pages_of(_find(list_plans(folder), plan_id))
            if name not in pages:
                known = ", ".join(pages) or "none"
                raise ProblemError("unknown-plan", f"plan {plan_id} has no page {name!r}: its pages are {known}")
            return file_page(pages[name])

        return await self._run(respond)

    async def _run(self, work: Callable[[Path], T]) -> T:
        """Return what `work` makes of the folder, in the worker thread; a damaged plan is a problem document."""
        folder = self._folder
        if folder is None:
            raise ProblemError("unknown-plan", NO_PLANS)

        def guarded() -> T:
            try:
                return work(folder)
            except (PlanError, RecordError) as error:
                raise ProblemError("plan-unusable", without_path(error, folder)) from None
            except OSError as error:
                reason = error.strerror or type(error).__name__
                raise ProblemError("plan-unusable", f"the plan's folder cannot be used: {reason}") from None

        return await self._worker_thread.run(guarded)

    def _effects(self) -> Path | None:
        """Return the page of effects, if there is one."""
        if self._folder is None:
            raise ProblemError("unknown-plan", NO_PLANS)
        file = self._folder / "effects" / EFFECTS_PAGE
        return file if file.is_file() and file.resolve().is_relative_to(self._folder.resolve()) else None

    @staticmethod
    def _check_page_request(request: Request) -> None:
        require_all_reps(reps_of_key(request))
        query_values(request.scope["query_string"])
        response_type(request.headers.get("accept"), (HTML,))


def _paths(faults: Iterable[tuple[int, str, str]]) -> list[tuple[str, str]]:
    return [(f"records/{at}/{column}", reason) for at, column, reason in faults]


def _plan_id(request: Request) -> str:
    """Return the plan id of the path; raises a 422 problem for what can be none."""
    plan_id: str = request.path_params["plan_id"]
    if not PLAN_ID.fullmatch(plan_id):
        raise invalid([("plan_id", f"found {plan_id[:100]!r}, expected an id like 2026-W48-9c1f02ab, see /plans")])
    return plan_id


def _find(listed: PlansListed, plan_id: str) -> PlanFacts:
    """Return the plan of an id; raises a 404 problem if there is none, a 409 problem if its folders are damaged."""
    for plan in listed.plans:
        if plan.plan_id == plan_id:
            return plan
    if damaged := next((each for each in listed.unusable if each.plan_id == plan_id), None):
        raise ProblemError("plan-unusable", damaged.reason)
    known = ", ".join(plan.plan_id for plan in listed.plans[-5:]) or "none"
    detail = f"found no plan {plan_id!r}; the latest plans are {known}"
    if listed.unusable:
        detail += f"; {len(listed.unusable)} folders cannot be used, see /plans"
    raise ProblemError("unknown-plan", detail)
