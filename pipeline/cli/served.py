"""`stateof serve`, and what is asked of the service: run, ps, unload, logs, status."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.columns import aligned, span
from pipeline.cli.names import models
from pipeline.errors import Missing, NotFound, SurveyError

if TYPE_CHECKING:
    import httpx

JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]


def register(model: typer.Typer) -> None:
    """Add what is asked of the service to `stateof model`."""
    for command in (run, ps, unload, logs, status):
        model.command()(command)


def serve(
    host: Annotated[
        str, typer.Option(help="Where to listen; beyond this machine with a key only.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="0 for any that is free.", min=0, max=65535)
    ] = 12434,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A host name that leads here.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="Pages that may ask: https://a.example:*")
    ] = None,
    engine: Annotated[
        list[str] | None, typer.Option(help="An OpenAI-compatible server: NAME=URL.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="For the Unix socket and logs.", file_okay=False)
    ] = None,
) -> None:
    """Serve local models behind OpenAI's API.

    Prints the address when ready, and ends with Ctrl-C. With STATEOF_API_KEY set, that
    key is asked for. A server given as --engine NAME=URL answers under /engines/NAME,
    asked with the key in NAME_API_KEY.

    Example: stateof serve
    """
    from pipeline.serving.api.doors import ORIGINS, Doors
    from pipeline.serving.api.server import Place
    from pipeline.serving.api.server import serve as serve_models
    from pipeline.serving.places import api_key, models_folder, run_folder
    from pipeline.serving.store import open_store

    origins = (*ORIGINS, *(allow_origin or ()))
    doors = Doors(key=api_key(), hosts=tuple(allow_host or ()), origins=origins)
    place = Place(folder or run_folder(), host, port, _engines(engine or ()))
    serve_models(
        open_store(models_folder()), place, doors, lambda url: print(url, flush=True)
    )


def _engines(given: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Address and key of each server that is given as NAME=URL."""
    found = {}
    for text in given:
        name, _, url = text.partition("=")
        why = _unfit(name, url)
        if why:
            remedy = "Write it like --engine vllm=http://127.0.0.1:8000/v1."
            raise NotFound(f"--engine {name}: {why}", remedy=remedy)
        variable = re.sub(r"[^A-Z0-9]", "_", name.upper()) + "_API_KEY"
        found[name] = url, os.environ.get(variable, "")
    return found


def _unfit(name: str, url: str) -> str:
    """Why an engine cannot be called or reached so, if it cannot."""
    from urllib.parse import urlsplit

    from pipeline.serving.api.server import LOCAL

    if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        return "that is not NAME=URL"
    if name in LOCAL:
        return "an engine of this machine has that name"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        return "that is not NAME=URL with an http or https address"
    if parts.username is not None:
        return "its address may not carry a password; a key is taken from NAME_API_KEY"
    return ""


def run(
    name: Annotated[
        str,
        typer.Argument(
            help="The model: a name, a tag or an ID.", autocompletion=models
        ),
    ],
    prompt: Annotated[
        str, typer.Argument(help="What to ask; else stdin, else a chat.")
    ] = "",
) -> None:
    """Chat with a model, or have one prompt answered.

    Uses the service that runs, or one of its own until the answer is there.

    Example: stateof model run smollm2 "Name three colours."
    """
    from pipeline.cli.conversation import answer, chat

    if not prompt and not sys.stdin.isatty():
        prompt = sys.stdin.read().strip()
        if not prompt:
            remedy = "Give one, or write it to stdin."
            raise NotFound("there is no prompt", remedy=remedy)
    with _client(own=True) as client:
        found = _asked(client, "GET", f"/models/{name}")
        talk = [{"role": "user", "content": prompt}]
        if prompt:
            answer(client, found["id"], talk)
        else:
            chat(client, found["id"])


def ps(as_json: JsonOption = False) -> None:
    """The models in memory.

    Example: stateof model ps
    """
    with _client() as client:
        running = _asked(client, "GET", "/engines/ps")
    if as_json:
        print(json.dumps(running, indent=2))
        return
    rows = [
        (one["model_name"], one["backend_name"], one["mode"], _until(one))
        for one in running
    ]
    print(aligned(("MODEL NAME", "BACKEND", "MODE", "UNTIL"), rows))


def unload(
    names: Annotated[
        list[str] | None, typer.Argument(help="Models.", autocompletion=models)
    ] = None,
    all_models: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Take models out of memory; one that answers is let finish.

    Example: stateof model unload --all
    """
    if not names and not all_models:
        raise NotFound("which model?", remedy="stateof model ps names them; or --all.")
    body = {"all": all_models, "models": names or []}
    with _client() as client:
        count = _asked(client, "POST", "/engines/unload", body)["unloaded_runners"]
    print(f"Unloaded {count} model{'' if count == 1 else 's'}.")


def logs() -> None:
    """The last lines of the service and of its engines.

    Example: stateof model logs
    """
    with _client() as client:
        print(_sent(client, "GET", "/logs").text, end="")


def status(as_json: JsonOption = False) -> None:
    """Whether the service runs, and with which engines.

    Example: stateof model status
    """
    with _client() as client:
        engines = _asked(client, "GET", "/engines/status")
        version = _asked(client, "GET", "/version")["version"]
        url = str(client.base_url).rstrip("/")
    if as_json:
        found = {"url": url, "version": version, "engines": engines}
        print(json.dumps(found, indent=2))
        return
    print(f"The service {version} runs at {url}.\n")
    print(aligned(("BACKEND", "STATUS"), list(engines.items())))


@contextmanager
def _client(own: bool = False) -> Iterator[httpx.Client]:
    """A client of the service that runs, or of one of our own where that is wanted."""
    from tempfile import TemporaryDirectory

    import httpx

    from pipeline.serving.service import running, started

    with ExitStack() as stack:
        address = running()
        if address is None and not own:
            raise Missing("no service runs", remedy="Start it: stateof serve")
        if address is None:
            folder = Path(stack.enter_context(TemporaryDirectory()))
            address = stack.enter_context(started(folder / "service.log"))
        key = {"Authorization": f"Bearer {address.key}"} if address.key else {}
        client = httpx.Client(
            base_url=address.url, headers=key, timeout=None, trust_env=False
        )
        yield stack.enter_context(client)


def _sent(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    """An answer of the service; raises `NotFound` or `SurveyError` with its words."""
    import httpx

    try:
        answer = client.request(method, path, json=body)
    except httpx.TransportError as error:
        what = f"the service does not answer: {error}"
        raise Missing(what, remedy="See stateof model logs") from None
    if answer.status_code == 404:
        raise NotFound(answer.text, remedy="stateof model list names what is here.")
    if answer.is_error:
        raise SurveyError(answer.text or f"the service answered {answer.status_code}")
    return answer


def _asked(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    return _sent(client, method, path, body).json()


def _until(one: dict[str, Any]) -> str:
    """When an idle model leaves memory, in Docker's words."""
    from pipeline.serving.durations import seconds

    keep = seconds(one["keep_alive"])
    if one.get("loading"):
        return "Loading"
    if keep < 0:
        return "Forever"
    if one.get("in_use"):
        return f"{span(keep)} from now"
    left = keep - (time.time() - datetime.fromisoformat(one["last_used"]).timestamp())
    return f"{span(left)} from now" if left > 0 else "Expiring"
