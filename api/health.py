"""Liveness, readiness and metrics: for supervisors and monitoring, outside of `/api/v1`."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.exposition import choose_encoder

from api.bodies.pipeline import Health, Readiness
from api.errors import NotAuthenticated
from api.guard import local_or_key
from api.problems import documented
from api.readiness import Engines, checks, problems, silent_edges
from api.services import Services, ServicesOf
from config.errors import DatabaseOutdated, DatabaseUnavailable
from config.migrate import require_schema

router = APIRouter(tags=["Health"])


@router.get("/health", summary="Does the process live?")
async def get_health() -> Health:
    """Always `alive`: looks at nothing else. For a supervisor that would restart the process."""
    return Health(status="alive")


@router.get(
    "/ready",
    summary="Can the plant be worked with?",
    responses={503: {"model": Readiness, "description": "Something is missing."}},
)
async def get_ready(services: ServicesOf, response: Response) -> Readiness:
    """Database, schema, log, each role heard of within 5 s, and storing within its lag; else 503.

    One edge that is silent while others are heard of is told, and is no reason for 503.
    """
    engines = await _engines(services)
    roles, limit = services.board.roles(), services.ready_lag_s
    held = checks(engines, roles, lag_limit_s=limit)
    ready = all(held.values())
    response.status_code = 200 if ready else 503
    found = problems(engines, roles, lag_limit_s=limit) + silent_edges(roles)
    return Readiness(ready=ready, checks=held, problems=found)


async def _engines(services: Services) -> Engines:
    log = services.log.connected
    try:
        async with services.database.connection() as connection:
            await require_schema(connection)
    except DatabaseUnavailable:
        return Engines(database=False, schema=False, log=log)
    except DatabaseOutdated:
        return Engines(database=True, schema=False, log=log)
    return Engines(database=True, schema=True, log=log)


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    dependencies=[Depends(local_or_key)],
    response_class=PlainTextResponse,
    responses=documented(NotAuthenticated, DatabaseUnavailable),
)
async def get_metrics(request: Request, services: ServicesOf) -> Response:
    """Our own requests, and every metric of every role. Open on this machine, else with a key."""
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(services.metrics), headers={"Content-Type": media_type})
