"""Every room behind one loopback port, for trying things out: `make serve`."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import uvicorn

from functions.care import routes as care
from functions.care.settings import CareSettings
from functions.common.storage import open_storage
from functions.forecasts import routes as forecasts
from functions.forecasts.reader import Publications
from functions.forecasts.settings import ForecastsSettings
from functions.triage.routes import create_app
from functions.triage.serving import serving_scorer
from functions.triage.settings import TriageSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

HOST = "127.0.0.1"


def serve(port: int) -> None:
    """Serve until interrupted, and say where.

    Args:
        port: 0 for any free one.

    Raises:
        OSError: when the port is taken.

    """
    settings = TriageSettings()
    scorer = serving_scorer(settings, threads=settings.threads or os.cpu_count() or 1)
    listener, address = listening(port)
    print(
        f"dermacast, model {scorer().card.version}\n"
        f"  the page       {address}/\n"
        f"  forecasts      {address}/forecasts\n"
        f"  where to go    {address}/v1/care?city=Nairobi\n"
        f"  the documents  {address}/docs\n"
        f"  by hand        curl -H 'Content-Type: image/jpeg' --data-binary @photo.jpg {address}/v1/predictions\n"
        "Ctrl-C ends it.",
        file=sys.stderr,
        flush=True,
    )
    app = every_room(create_app(scorer, settings), forecasts_app(ForecastsSettings()), care_app(CareSettings()))
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


def listening(port: int) -> tuple[socket.socket, str]:
    """Return a listener on a loopback port, 0 for any free one, and its address."""
    listener = socket.create_server((HOST, port))
    return listener, f"http://{HOST}:{listener.getsockname()[1]}"


def forecasts_app(settings: ForecastsSettings) -> ASGIApp:
    """Return the forecasts room over what its settings name."""
    return forecasts.create_app(Publications(open_storage(settings.root), refresh_s=settings.refresh_s))


def care_app(settings: CareSettings) -> ASGIApp:
    """Return the care room over the lists that its settings name."""
    return care.create_app(care.Lists(settings))


def room_of(path: str) -> int:
    """Return which room a path goes to: 0 for triage, 1 for forecasts, 2 for care."""
    return 1 if forecasts.is_forecasts(path) else 2 if care.is_care(path) else 0


def every_room(triage: ASGIApp, forecasts_room: ASGIApp, care_room: ASGIApp) -> ASGIApp:
    """Return one application that gives each request to its room, as API Gateway does."""
    rooms = (triage, forecasts_room, care_room)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await rooms[room_of(scope["path"]) if scope["type"] == "http" else 0](scope, receive, send)

    return app
