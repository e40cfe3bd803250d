"""A model is deleted while it waits, loads, answers or fails."""

from __future__ import annotations

import asyncio

from pipeline.errors import NotFound
from pipeline.serving.store.remove import remove
from tests.staged import Stage, staged


@staged
async def test_who_waits_for_a_deleted_model_is_told_so(stage: Stage) -> None:
    model = stage.model("a")
    uses = [stage.use(model) for _ in range(2)]
    actor = await stage.actor()
    remove(stage.store, "a")
    await stage.scheduler.forget(model)
    for use in uses:
        error = await use.failure()
        assert isinstance(error, NotFound)
        assert error.what == "the model has been deleted"
    await actor.gone()
    assert not stage.in_memory


@staged
async def test_a_load_that_fails_for_lack_of_the_model_says_so(stage: Stage) -> None:
    """It was deleted by another process."""
    model = stage.model("a")
    for _ in range(3):
        use = stage.use(model)
        actor = await stage.actor()
        remove(stage.store, "a")
        actor.say("exit 1 no such file")
        assert isinstance(await use.failure(), NotFound)
        assert stage.model("a") == model
    await stage.loaded(model)  # without a pause: none of these was its own failure


@staged
async def test_an_answer_is_let_finish_and_then_its_engine_ends(stage: Stage) -> None:
    model = stage.model("a")
    using, waiting = stage.use(model), stage.use(model)
    actor = await stage.ready()
    lease = await using.lease()
    remove(stage.store, "a")
    await stage.scheduler.forget(model)
    assert isinstance(await waiting.failure(), NotFound)
    answer = await lease.client.post("/v1/completions", json={})
    assert answer.json()["pid"] == actor.pid
    await using.done()
    assert not stage.in_memory
    await actor.gone()
    assert stage.model("a") == model
    assert (await stage.loaded(model)).pid != actor.pid


@staged
async def test_failures_are_forgotten_with_the_model_and_when_it_is_unloaded(
    stage: Stage,
) -> None:
    model = stage.model("a")

    async def failed() -> None:
        for _ in range(2):
            use = stage.use(model)
            (await stage.actor()).say("exit 1 it is damaged")
            await use.failure()

    await failed()
    remove(stage.store, "a")
    await stage.scheduler.forget(model)
    assert stage.model("a") == model
    await failed()  # it starts at once: the clock stands still
    waiting = stage.use(model)
    await asyncio.sleep(0)
    assert not stage.in_memory, "it has failed too often"
    await stage.scheduler.unload(models=[model])
    await stage.ready()
    await waiting.done()
