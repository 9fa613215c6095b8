"""The registry's ASGI app: the routers, behind the layers that every request goes through."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, FastAPI
from starlette.middleware import Middleware

from passerelles.health import health_routes
from services.registry.api import (
    alerts,
    availabilities,
    companies,
    coordinators,
    deliveries,
    imports,
    internal,
    needs,
    problems,
    proposals,
    reference,
    stream,
)
from services.registry.api.bodies import Bodies
from services.registry.api.desk import Registry
from services.registry.api.feed import Feed
from services.registry.api.idempotency import Idempotency
from services.registry.api.openapi import describe
from services.registry.api.parameters import only_known_parameters
from services.registry.api.security import Gate
from services.registry.api.shield import Shield
from services.registry.web import pages, preferences, unsubscribing
from services.registry.web import proposals as proposal_pages

ROUTERS = (
    companies,
    coordinators,
    needs,
    availabilities,
    proposals,
    deliveries,
    alerts,
    imports,
    stream,
    reference,
    internal,
)
PAGES = (pages, proposal_pages, preferences, unsubscribing)


def create_app(registry: Registry) -> FastAPI:
    """The app of a registry; made before the store is opened, and served from before it starts until after it stops.

    `app.state.stream` is the feed of the event streams: `await app.state.stream.stop()` when the service stops, before
    the HTTP server does, ends the streams that are open.
    """
    settings, office = registry.settings, registry.office
    feed = Feed(registry.bus)
    layers = [
        Middleware(Shield, is_open=lambda: not feed.stopped),
        Middleware(
            Gate,
            operator_token=settings.operator_token,
            service_token=settings.service_token,
            caller_of=registry.companies.caller_of,
        ),
        Middleware(Bodies),
        Middleware(Idempotency, store=office.store, clock=office.now),
    ]
    app = FastAPI(
        title="Passerelles industries",
        version="1",
        middleware=layers,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.registry = registry
    app.state.stream = feed
    for module in ROUTERS:
        app.include_router(module.router, dependencies=[Depends(only_known_parameters)])
    for module in PAGES:
        app.include_router(module.router)
    app.router.routes.extend(health_routes(registry.health))
    problems.install(app)

    def openapi() -> dict[str, Any]:
        return describe(app)

    app.openapi = openapi  # type: ignore[method-assign]
    return app
