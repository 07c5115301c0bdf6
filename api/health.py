"""Liveness, readiness and metrics: for supervisors and monitoring, outside of `/api/v1`."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.exposition import choose_encoder

from api.bodies.pipeline import Health, Readiness
from api.errors import NotAuthenticated
from api.guard import local_or_key
from api.problems import documented
from api.services import Services, ServicesOf
from config.errors import DatabaseOutdated, DatabaseUnavailable
from config.migrate import require_schema

router = APIRouter(tags=["Health"])

ROLES = ("edge", "ingest", "conditions", "maintenance")


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
    """Database, schema, log, and each role heard of within 5 s; 503 if any is missing."""
    checks = {
        **await _database_checks(services),
        "log": services.log.connected,
        **{f"role:{role}": services.board.alive(role) for role in ROLES},
    }
    ready = all(checks.values())
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, checks=checks)


async def _database_checks(services: Services) -> dict[str, bool]:
    try:
        async with services.database.connection() as connection:
            await require_schema(connection)
    except DatabaseUnavailable:
        return {"database": False, "schema": False}
    except DatabaseOutdated:
        return {"database": True, "schema": False}
    return {"database": True, "schema": True}


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
