"""One process that runs one model, from its start to its end.

It ends by itself, by `end()`, or because it was not ready in time; whichever it was,
`ended` is set last, and its socket is gone.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import httpx
import msgspec

from pipeline.errors import SurveyError
from pipeline.serving.runner.engines import Local, environment
from pipeline.serving.runner.faults import EngineFailed, amount
from pipeline.serving.runner.plan import Plan

LOAD_SECONDS = 300.0
GRACE_SECONDS = 5.0
POLL_SECONDS = 0.02
END_SECONDS = 2.0
WORDS = 2000
NEAR = 0.75  # of what models may take: then memory is a likely cause
AGAIN = "The next request starts it anew."


class Timer(Protocol):
    """What has been arranged for later."""

    def cancel(self) -> None:
        """Have it not happen."""


class Clock(Protocol):
    """What an event loop has, and a test can stand in for."""

    def time(self) -> float:
        """Seconds, from some moment on."""

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any) -> Timer:
        """Have `callback` called then."""


class Worker:
    """A worker's process and the client for it."""

    def __init__(
        self, engine: Local, plan: Plan, socket: Path, log: Path, clock: Clock
    ) -> None:
        self.plan, self.log = plan, log
        self.ended = asyncio.Event()
        self.ending = self.late = self.in_use = False
        self.last = False  # it ends once nobody uses it
        self.left = False  # its last request was left, and may still be worked on
        self._why = ""
        self.client = _client(socket)
        self._engine, self._socket, self._clock = engine, socket, clock
        self._process: Process | None = None
        self._kill: Timer | None = None

    @property
    def pid(self) -> int | None:
        """The process, once it runs."""
        return self._process.pid if self._process else None

    @property
    def size(self) -> int:
        """Bytes that it is estimated to take."""
        return self.plan.estimate.total

    @property
    def failed(self) -> bool:
        """Whether it ended, or will, without being asked to."""
        exited = self._process is not None and self._process.returncode is not None
        return self.late or bool(self._why) or (exited and not self.ending)

    @property
    def alive(self) -> bool:
        """Whether its process runs, as the kernel knows before the loop learns it."""
        if self._process is None or self._process.returncode is not None:
            return False
        if sys.platform != "linux":
            return True
        look = os.WEXITED | os.WNOHANG | os.WNOWAIT  # its status is left to who waits
        try:
            return os.waitid(os.P_PID, self._process.pid, look) is None
        except ChildProcessError:
            return False

    @property
    def gave_up(self) -> bool:
        """Whether it ended of its own will, over a request that was left.

        If so, the one after that was never begun.
        """
        status = self._process.returncode if self._process else None
        return self.left and not self.ending and status is not None and status > 0

    async def ready(self) -> bool:
        """Start it; whether it came to be ready, or ended before."""
        try:
            self._process = await self._started()
        except OSError as error:
            self._why = f"the engine cannot be started: {error.strerror or error}"
            return False
        if self.ending:
            self._terminate()
        limit = self._clock.call_at(self._clock.time() + LOAD_SECONDS, self._give_up)
        healthy = asyncio.create_task(self._healthy())
        exited = asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait({healthy, exited}, return_when=asyncio.FIRST_COMPLETED)
            if not exited.done():
                healthy.result()
            return not exited.done()
        finally:
            limit.cancel()
            healthy.cancel()
            exited.cancel()
            await asyncio.wait({healthy, exited})

    async def _started(self) -> Process:
        told = msgspec.structs.replace(self.plan.settings, socket=str(self._socket))
        with self.log.open("wb") as log:
            return await asyncio.create_subprocess_exec(
                *self._engine.command(told),
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
                env=environment(),
                start_new_session=True,
            )

    async def answers(self) -> bool:
        """Whether it does; if its connection breaks, whether it goes on living."""
        try:
            await self.client.get("/health")
        except httpx.TransportError:
            return not await self.ends_soon()
        return True

    async def ends_soon(self) -> bool:
        """Whether it ends now: a connection breaks a moment before its process."""
        end = asyncio.create_task(self.ended.wait())
        await asyncio.wait({end}, timeout=END_SECONDS)
        end.cancel()
        return self.ended.is_set()

    def end(self) -> None:
        """Have it end: asked first, and killed if it takes too long."""
        if not self.ending:
            self.ending = True
            self._terminate()

    async def gone(self) -> None:
        """Wait for its end, and leave nothing of it."""
        if self._process:
            await self._process.wait()
        if self._kill:
            self._kill.cancel()
        await self.client.aclose()
        self._socket.unlink(missing_ok=True)
        self.ended.set()

    def failure(self, name: str, limit: int) -> SurveyError:
        """Why it ended, for the model of this name; `limit` is what models may take."""
        remedy = f"{AGAIN} Its log is {self.log}."
        return EngineFailed(self._reason(limit), where=name, remedy=remedy)

    def _reason(self, limit: int) -> str:
        status = self._process.returncode if self._process else None
        if self._why:
            return self._why
        words = _last_words(self.log)
        said = f": {words}" if words else ""
        if self.late:
            return f"the engine was not ready after {LOAD_SECONDS:.0f} s{said}"
        if self.ending:
            return "the engine was ended, as it was asked to"
        if status is None:
            return f"the engine broke off, and still runs{said}"
        if status == -signal.SIGKILL:
            near = self.size > NEAR * limit
            why = ", out of memory is the likeliest cause" if near else ""
            needs = f"estimate {self.plan.estimate}, limit {amount(limit)}"
            return f"the engine was killed (signal 9){why}: {needs}"
        if status < 0:
            return f"the engine was ended by {_signal(-status)}{said}"
        return f"the engine ended with status {status}{said}"

    def _give_up(self) -> None:
        self.late = not self.ending
        self.end()

    def _terminate(self) -> None:
        if self._process is None:
            return  # it is being started, and ended when it has
        self._signal(signal.SIGTERM)
        when = self._clock.time() + GRACE_SECONDS
        self._kill = self._clock.call_at(when, self._signal, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            # Not `send_signal`, which takes its exit status from who waits for that.
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(self._process.pid, number)

    async def _healthy(self) -> None:
        """Wait until it says that it is ready."""
        while True:
            with suppress(httpx.TransportError):  # it does not listen yet
                answer = await self.client.get("/health")
                if answer.status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(POLL_SECONDS)


def _client(socket: Path) -> httpx.AsyncClient:
    """A client without limits of its own: who waits, and how long, is decided above."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=8)
    # No TLS on a socket: to read all certificates would hold up the loop for nothing.
    transport = httpx.AsyncHTTPTransport(uds=str(socket), limits=limits, verify=False)
    return httpx.AsyncClient(
        transport=transport, base_url="http://worker", timeout=None
    )


def _last_words(log: Path) -> str:
    """The last line that is not empty."""
    try:
        with log.open("rb") as handle:
            size = handle.seek(0, os.SEEK_END)
            handle.seek(max(0, size - WORDS))
            lines = handle.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
