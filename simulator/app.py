"""One request in, one response out; the socket is somebody else's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import unquote

from simulator import admin, documents, lwa, routes
from simulator.call import Call
from simulator.faults import AFTER, BEFORE, Fault
from simulator.tokens import Grant
from simulator.wire import ApiError, Request, Response, not_found
from simulator.world import World

LONGEST_USER_AGENT = 500
_RATE_STATUSES = (200, 201, 202, 204, 400, 404)
_BUSY_PAGE = b"<!DOCTYPE html><html><body><h1>503 Service Unavailable</h1></body></html>"


class App:
    """Amazon's HTTP surface over a ``World``."""

    def __init__(self, world: World, base_url: Callable[[Request], str]) -> None:
        self.world = world
        self._base_url = base_url

    def handle(self, request: Request) -> Response:
        """Answer a request, whatever it is; every answer carries the simulator's Date."""
        with self.world.lock:
            now = self.world.settle()
            response = self._answer(request, now)
            number = self.world.next_id()
        response.headers.setdefault("Date", format_datetime(now, usegmt=True))
        response.headers.setdefault("x-amzn-RequestId", f"sim-{number:08d}")
        return response

    def _answer(self, request: Request, now: datetime) -> Response:
        try:
            if request.path.startswith(admin.PREFIX):
                return admin.handle(self.world, request, now)
            if request.path == lwa.PATH:
                return self._under_faults(
                    "token", "", now, lambda: lwa.exchange(self.world, request, now)
                )
            if request.path.startswith(documents.PREFIX):
                return self._document(request, now)
            return self._operation(request, now)
        except ApiError as error:
            return error.response()

    def _document(self, request: Request, now: datetime) -> Response:
        signature = request.query.get("X-Amz-Signature", [""])[0]
        store = self.world.documents
        if request.method == "PUT":
            kind = request.headers.get("content-type", "")
            return self._under_faults(
                "upload", "", now, lambda: store.put(signature, kind, request.body, now)
            )
        return self._under_faults("document", "", now, lambda: store.get(signature, now))

    def _operation(self, request: Request, now: datetime) -> Response:
        _check_user_agent(request)
        found = routes.find(request.method, request.path)
        if found is None:
            raise not_found(request.path)
        route, path = found
        grant = self._authorize(request, now)
        seller = self.world.seller(grant.account)
        for name in request.query.keys() - route.parameters:
            self.world.unknown_parameters[route.operation, name] += 1
        call = Call(
            world=self.world,
            seller=seller,
            application=grant.application,
            operation=route.operation,
            now=now,
            request=request,
            base_url=self._base_url(request),
            path={name: unquote(value) for name, value in path.items()},
        )
        response = self._under_faults(
            route.operation, seller.seller_id, now, lambda: self._spend(call, route)
        )
        if response.status in _RATE_STATUSES:
            rate = self.world.buckets.rate_header(route.operation)
            response.headers["x-amzn-RateLimit-Limit"] = rate
        return response

    def _authorize(self, request: Request, now: datetime) -> Grant:
        token = request.headers.get("x-amz-access-token", "")
        if not token:
            raise _denied("Access token is missing in the request header.")
        grant = self.world.tokens.grant(token)
        if grant is None or not lwa.is_valid(self.world, grant.account, now):
            raise _denied("The access token you provided is revoked, malformed or invalid.")
        if now >= grant.expires_at:
            raise _denied("The access token you provided has expired.")
        return grant

    def _spend(self, call: Call, route: routes.Route) -> Response:
        allowed = not self.world.settings.throttle or self.world.buckets.take(
            call.application, call.seller.seller_id, call.operation, call.now
        )
        return route.handler(call) if allowed else _throttled()

    def _under_faults(
        self, operation: str, seller_id: str, now: datetime, act: Callable[[], Response]
    ) -> Response:
        """Do it, or what a fault makes of it, and count it."""
        faults = self.world.faults
        before = faults.take(BEFORE, operation, seller_id, now)
        response = _instead(before) if before else _answered(act)
        after = None if before else faults.take(AFTER, operation, seller_id, now)
        if after:
            response.drop = after.kind == "drop_after_effect"
            response.hang_s = float(after.options.get("seconds", 60)) if not response.drop else 0.0
        self.world.calls[operation, seller_id, response.status] += 1
        return response


def _answered(act: Callable[[], Response]) -> Response:
    try:
        return act()
    except ApiError as error:
        return error.response()


def _instead(fault: Fault) -> Response:
    if fault.kind == "throttle":
        return _throttled()
    if fault.kind == "error_500":
        message = "We encountered an internal error. Please try again."
        return ApiError(500, "InternalFailure", message).response()
    if fault.kind == "error_503_html":
        return Response(503, _BUSY_PAGE, {"Content-Type": "text/html"})
    return Response(500, drop=True)


def _throttled() -> Response:
    message = "You exceeded your quota for the requested resource."
    return ApiError(429, "QuotaExceeded", message).response()


def _denied(details: str) -> ApiError:
    return ApiError(403, "Unauthorized", "Access to requested resource is denied.", details)


def _check_user_agent(request: Request) -> None:
    """Source: SP-API developer guide, include a User-Agent header in all requests."""
    agent = request.headers.get("user-agent", "")
    if not agent:
        raise _denied("The User-Agent header is missing.")
    if len(agent) > LONGEST_USER_AGENT:
        raise ApiError(400, "InvalidInput", "Invalid Input", "The User-Agent header is too long.")
