"""What a running service is made of: the store, the scheduler, a folder for logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import Request

from pipeline.serving.api.answers import NoEngine
from pipeline.serving.api.doors import Traffic
from pipeline.serving.runner import Scheduler
from pipeline.serving.store import Store

SERVICE_LOG = "service.log"


@dataclass(frozen=True)
class Service:
    """Shared by all requests."""

    store: Store
    scheduler: Scheduler
    folder: Path
    traffic: Traffic = field(default_factory=Traffic)

    @staticmethod
    def of(request: Request) -> Service:
        """The service that a request came to."""
        found: Service = request.app.state.service
        return found

    def engine(self, request: Request) -> str:
        """The engine in the path, else the default; raises `NoEngine`."""
        known = list(self.scheduler.engines)
        name: str = request.path_params.get("engine", known[0])
        if name not in known:
            raise NoEngine.among("engine", name[:80], known)
        return name
