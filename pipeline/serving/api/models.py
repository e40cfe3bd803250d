"""/models: what the store has, as Docker Model Runner answers for it.

    GET     /models                       all models
    GET     /models/{name}[?remote=true]  one, here or at its registry
    DELETE  /models/{name}[?force=true]   a name, and with its last name the model
    POST    /models/create                {"from"}: pull            (see transfers)
    POST    /models/{name}/push           push                      (see transfers)
    POST    /models/{name}/tag?repo&tag   one more name
    POST    /models/{name}/repackage      {"target", "context_size"}: a new model

A name has as many parts as it needs, a tag, or is an ID: hf.co/Org/Model-GGUF:Q4_K_M.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pipeline.serving import store as stores
from pipeline.serving.api.answers import BadRequest
from pipeline.serving.api.bodies import read_json
from pipeline.serving.api.service import Service
from pipeline.serving.artifact.package import LARGEST_CONTEXT, with_context
from pipeline.serving.artifact.reference import parse
from pipeline.serving.distribution import resolve
from pipeline.serving.places import insecure
from pipeline.serving.shapes import described, listed, shown
from pipeline.serving.store.blobs import blob_path
from pipeline.serving.store.index import Entry
from pipeline.serving.store.remove import remove


class _Repackage(msgspec.Struct):
    target: str = ""
    context_size: Annotated[int, Meta(ge=1, le=LARGEST_CONTEXT)] | None = None


async def list_models(request: Request) -> Response:
    """All models."""
    store = Service.of(request).store
    return JSONResponse(await asyncio.to_thread(listed, store))


async def get_model(request: Request) -> Response:
    """One model."""
    store, name = Service.of(request).store, request.path_params["name"]
    if _is_true(request, "remote"):
        remote = await asyncio.to_thread(resolve, name, insecure=insecure())
        tags = () if remote.reference.digest else (remote.reference.full,)
        entry = Entry(remote.manifest.id, tags, ())
        return JSONResponse(described(entry, remote.config))
    return JSONResponse(shown(stores.load(store, stores.find(store, name))))


async def delete_model(request: Request) -> Response:
    """Take away a name, or a model; its engine is ended once it answers nobody."""
    service, name = Service.of(request), request.path_params["name"]
    force = _is_true(request, "force")
    gone = await asyncio.to_thread(remove, service.store, name, force=force)
    if gone.deleted:
        await service.scheduler.forget(gone.deleted)
    answer = [{"Untagged": parse(tag).short} for tag in gone.untagged]
    return JSONResponse(answer + ([{"Deleted": gone.deleted}] if gone.deleted else []))


async def tag_model(request: Request) -> Response:
    """Give a model one more name."""
    store, name = Service.of(request).store, request.path_params["name"]
    repository, tag = (request.query_params.get(key, "") for key in ("repo", "tag"))
    if not repository or not tag:
        raise BadRequest("missing repo or tag query parameter")
    target = f"{repository}:{tag}"
    await asyncio.to_thread(stores.tag, store, name, target)
    message = f'Model tagged successfully with "{target}"'
    return JSONResponse({"message": message, "target": target}, 201)


async def repackage_model(request: Request) -> Response:
    """The same layers as a model of another context size."""
    store, name = Service.of(request).store, request.path_params["name"]
    asked = await read_json(request, _Repackage)
    if not asked.target:
        raise BadRequest("target is required")
    if asked.context_size is None:
        raise BadRequest("context_size is required")
    await asyncio.to_thread(_repackage, store, name, asked.target, asked.context_size)
    message = f'Model repackaged successfully as "{asked.target}"'
    answer = {"message": message, "source": name, "target": asked.target}
    return JSONResponse(answer, 201)


def _repackage(store: stores.Store, name: str, target: str, size: int) -> None:
    full = parse(target).full
    model = stores.load(store, stores.find(store, name))
    raw = blob_path(store.root, model.manifest.config.digest).read_bytes()
    stores.add_package(store, with_context(model.manifest, raw, size), [full])


def _is_true(request: Request, key: str) -> bool:
    return request.query_params.get(key, "").lower() in ("1", "t", "true")
