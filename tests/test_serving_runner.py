"""Whose turn it is: workers are shared, waited for, made room for and ended."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pipeline.errors import NotFound
from pipeline.serving.runner import Busy, Config, TooLarge
from tests.staged import ENGINE, MEBIBYTE, Stage, staged


@staged
async def test_a_model_is_loaded_once_and_used_again(stage: Stage) -> None:
    model = stage.model("a")
    actor = await stage.loaded(model)
    again = stage.use(model)
    lease = await again.lease()
    answer = await lease.client.post("/v1/chat/completions", json={})
    assert answer.json()["pid"] == actor.pid
    await again.done()
    assert len(stage.seen) == 1


@staged
async def test_a_worker_is_told_what_it_is_to_do(stage: Stage) -> None:
    actor = await stage.loaded(stage.model("a"), "embedding")
    settings = actor.settings
    assert settings["mode"] == "embedding"
    assert settings["weights"].endswith("/model/model.gguf")
    assert settings["context"] == 4096, "the model's own would be 8192"
    folder = stage.folder / "workers"
    assert settings["socket"].startswith(str(folder))
    assert folder.stat().st_mode & 0o777 == 0o700


@staged
async def test_a_store_that_cannot_be_written_to_is_served_from(stage: Stage) -> None:
    """Links to the model's files are then in the service's own folder."""
    model = stage.model("a")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.access", lambda path, mode: path != stage.store.root)
        actor = await stage.loaded(model)
    weights = Path(actor.settings["weights"])
    assert weights.is_relative_to(stage.folder)
    given = stage.folder.parent / "a.gguf"
    assert weights.read_bytes() == given.read_bytes()
    assert not list(stage.store.root.glob("bundles/*/*"))


@staged
async def test_modes_and_models_have_a_process_each(stage: Stage) -> None:
    a, b = stage.model("a"), stage.model("b")
    pids = {
        (await stage.loaded(a)).pid,
        (await stage.loaded(a, "embedding")).pid,
        (await stage.loaded(b)).pid,
    }
    assert len(pids) == 3
    assert stage.in_memory == {a, b}


@staged
async def test_requests_for_a_model_come_in_the_order_they_came(stage: Stage) -> None:
    model = stage.model("a")
    uses = [stage.use(model) for _ in range(64)]
    await stage.ready()
    for i, use in enumerate(uses):
        lease = await use.lease()
        assert not any(later.granted for later in uses[i + 1 :])
        answer = await lease.client.post("/v1/completions", json={})
        assert answer.json()["served"] == i + 1
        await use.done()
    assert len(stage.seen) == 1


@staged
async def test_a_load_does_not_belong_to_the_request_that_caused_it(
    stage: Stage,
) -> None:
    model = stage.model("a")
    first, second = stage.use(model), stage.use(model)
    actor = await stage.actor()
    await first.leave()
    actor.say("ready")
    await second.done()
    assert len(stage.seen) == 1


@staged
async def test_a_load_goes_on_when_all_have_left(stage: Stage) -> None:
    model = stage.model("a")
    only = stage.use(model)
    actor = await stage.actor()
    await only.leave()
    assert [one.loading for one in stage.scheduler.running()] == [True]
    actor.say("ready")
    await stage.use(model).done()
    assert len(stage.seen) == 1


@staged
async def test_a_model_that_does_not_fit_waits_until_the_other_is_done(
    stage: Stage,
) -> None:
    a, b = stage.model("a", 10), stage.model("b", 20)
    stage.memory.size = stage.size(a) + stage.size(b) - 1
    using = stage.use(a)
    actor = await stage.ready()
    await using.lease()
    stage.memory.looked.clear()
    waiting = stage.use(b)
    await stage.memory.looked.wait()
    assert stage.in_memory == {a}
    await using.done()
    await actor.gone()
    await stage.ready()
    await waiting.done()
    assert stage.in_memory == {b}


@staged
async def test_a_busy_model_cannot_starve_one_that_waits(stage: Stage) -> None:
    """A stream of requests for one model; each comes before the last has ended."""
    a, b = stage.model("a", 10), stage.model("b", 20)
    stage.memory.size = stage.size(a) + stage.size(b) - 1
    running = stage.use(a)
    await stage.ready()
    await running.lease()
    older = stage.use(a)
    stage.memory.looked.clear()
    other = stage.use(b)
    await stage.memory.looked.wait()
    younger = stage.use(a)
    await running.done()
    await older.done()
    await stage.ready()
    assert not younger.granted
    await other.lease()
    assert not younger.granted
    await other.done()
    await stage.ready()
    await younger.done()
    first, second, third = (actor.settings["weights"] for actor in stage.seen)
    assert first == third != second


@staged
async def test_models_get_memory_in_the_order_they_were_asked_for(stage: Stage) -> None:
    """A small model that came later does not pass by a large one, again and again."""
    models = [stage.model(name, 10 + i) for i, name in enumerate("abcd")]
    stage.memory.size = stage.size(models[-1]) + 5 * MEBIBYTE
    uses = [stage.use(model) for model in models]
    order = []
    for use in uses:
        order.append((await stage.ready()).settings["weights"])
        await use.done()
    digests = [model.removeprefix("sha256:") for model in models]
    assert [next(d for d in digests if d in path) for path in order] == digests


@staged
async def test_only_what_is_needed_leaves_and_the_least_recently_used_first(
    stage: Stage,
) -> None:
    a, b, c, new = (stage.model(name, 10) for name in ("a", "b", "c", "new"))
    stage.memory.size = 3 * stage.size(a)
    for model in (a, b, c):
        await stage.loaded(model)
    await stage.use(a).done()
    await stage.loaded(new)
    assert stage.in_memory == {a, c, new}


@staged
async def test_a_busy_model_is_not_ended_for_another(stage: Stage) -> None:
    """The one used longest ago is busy: the idle one leaves."""
    a, b, new = (stage.model(name, 10) for name in ("a", "b", "new"))
    stage.memory.size = 2 * stage.size(a)
    using = stage.use(a)
    await stage.ready()
    await using.lease()
    await stage.loaded(b)
    await stage.loaded(new)
    assert stage.in_memory == {a, new}
    await using.done()


@staged
async def test_a_request_that_leaves_the_queue_costs_nobody(stage: Stage) -> None:
    a, b, c = stage.model("a", 10), stage.model("b", 40), stage.model("c", 10)
    stage.memory.size = 2 * stage.size(a)
    stage.memory.all = 1 << 40
    using = stage.use(a)
    await stage.ready()
    await using.lease()
    large = stage.use(b)
    small = stage.use(c)
    stage.memory.looked.clear()
    await stage.memory.looked.wait()
    await large.leave()
    await stage.ready()
    await small.done()
    assert stage.in_memory == {a, c}
    await using.done()


@staged
async def test_a_lease_that_comes_as_its_client_leaves_is_given_on(
    stage: Stage,
) -> None:
    model = stage.model("a")
    first = stage.use(model)
    await stage.ready()
    await first.lease()
    second, third = stage.use(model), stage.use(model)
    await asyncio.sleep(0)  # they are in the queue now
    first.end()
    asyncio.get_running_loop().call_soon(second.task.cancel)  # when it has been granted
    await third.lease()
    assert second.task.done()
    fourth, fifth = stage.use(model), stage.use(model)
    await asyncio.sleep(0)
    third.end()
    fourth.task.cancel()  # before it is granted
    await fifth.done()
    assert fourth.task.done()


@staged
async def test_a_model_that_can_never_fit_is_refused_with_the_numbers(
    stage: Stage,
) -> None:
    small, large = stage.model("small", 1), stage.model("large", 500)
    stage.memory.size = stage.memory.all = 200 * MEBIBYTE
    error = await stage.use(large).failure()
    assert isinstance(error, TooLarge)
    assert "cache 500.0 MiB" in str(error)
    assert "there is 200.0 MiB" in str(error)
    await stage.loaded(small)


@staged
async def test_memory_that_other_programs_have_is_waited_for(stage: Stage) -> None:
    """And meanwhile what does fit is served."""
    small, large = stage.model("small", 1), stage.model("large", 500)
    stage.memory.size = 200 * MEBIBYTE
    waiting = stage.use(large)
    await stage.memory.looked.wait()
    await stage.loaded(small)
    assert not waiting.granted
    stage.memory.size = 1 << 40
    stage.clock.move(1)
    await stage.ready()
    await waiting.done()


@staged
async def test_a_model_rests_five_minutes_from_the_end_of_its_last_request(
    stage: Stage,
) -> None:
    model = stage.model("a")
    using = stage.use(model)
    actor = await stage.ready()
    await using.lease()
    stage.clock.move(10_000)
    assert stage.in_memory == {model}, "a long request is not idle"
    await using.done()
    stage.clock.move(299)
    assert stage.in_memory == {model}
    await stage.use(model).done()
    stage.clock.move(299)
    assert stage.in_memory == {model}
    stage.clock.move(1)
    assert stage.in_memory == set()
    await actor.gone()


@staged
async def test_a_model_stays_as_long_as_it_is_configured_to(stage: Stage) -> None:
    brief, ever = stage.model("brief"), stage.model("ever")
    stage.scheduler.configure(brief, "completion", Config(keep_alive=0))
    stage.scheduler.configure(ever, "completion", Config(keep_alive=-1))
    await stage.loaded(ever)
    actor = await stage.loaded(brief)
    stage.clock.move(0)
    await actor.gone()
    stage.clock.move(1e9)
    assert stage.in_memory == {ever}
    stage.scheduler.configure(ever, "completion", Config(keep_alive=60))
    stage.clock.move(0)
    assert stage.in_memory == set(), "it has been idle for longer"


@staged
async def test_settings_outlast_a_stay_in_memory(stage: Stage) -> None:
    model = stage.model("a")
    config = Config(context=512, threads=3)
    stage.scheduler.configure(model, "completion", config)
    for _ in range(2):
        actor = await stage.loaded(model)
        assert actor.settings["context"] == 512
        assert actor.settings["threads"] == 3
        assert await stage.scheduler.unload(all=True) == 1
    other = await stage.loaded(model, "embedding")
    assert other.settings["context"] == 4096, "it was for the other mode"


@staged
async def test_a_loaded_model_is_loaded_again_when_configured_anew(
    stage: Stage,
) -> None:
    model = stage.model("a")
    first = await stage.loaded(model)
    stage.scheduler.configure(model, "completion", Config(context=1024))
    second = await stage.loaded(model)
    await first.gone()
    assert second.settings["context"] == 1024


@staged
async def test_a_model_in_use_cannot_be_configured(stage: Stage) -> None:
    model = stage.model("a")
    using = stage.use(model)
    actor = await stage.actor()
    with pytest.raises(Busy):
        stage.scheduler.configure(model, "completion", Config(context=1024))
    actor.say("ready")
    await using.lease()
    with pytest.raises(Busy):
        stage.scheduler.configure(model, "completion", Config(context=1024))
    await using.done()
    stage.scheduler.configure(model, "completion", Config(context=1024))


@staged
async def test_what_is_idle_can_be_unloaded(stage: Stage) -> None:
    a, b, c = (stage.model(name) for name in "abc")
    for model in (a, b):
        await stage.loaded(model)
    using = stage.use(c)
    await stage.ready()
    await using.lease()
    assert await stage.scheduler.unload() == 0
    assert await stage.scheduler.unload(engine="other") == 0
    assert await stage.scheduler.unload(models=[a]) == 1
    assert stage.in_memory == {b, c}
    assert await stage.scheduler.unload(engine=ENGINE) == 1
    assert await stage.scheduler.unload(all=True) == 0
    assert stage.in_memory == {c}, "it is in use"
    await using.done()
    assert await stage.scheduler.unload(all=True) == 1


@staged
async def test_what_runs_is_told(stage: Stage) -> None:
    model = stage.model("a")
    using = stage.use(model)
    actor = await stage.actor()
    (loading,) = stage.scheduler.running()
    assert (loading.loading, loading.in_use, loading.last_used) == (True, False, 0)
    actor.say("ready")
    await using.lease()
    (used,) = stage.scheduler.running()
    assert (used.engine, used.model, used.mode) == (ENGINE, model, "completion")
    assert (used.loading, used.in_use, used.keep_alive) == (False, True, 300)
    await using.done()
    stage.clock.move(100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: 1_700_000_000.0)
        assert stage.scheduler.running()[0].last_used == 1_700_000_000 - 100
    ((shown, told),) = await stage.scheduler.metrics()
    assert shown.model == model
    assert told == "requests_total 0\n"


@staged
async def test_an_unknown_engine_or_model_is_named(stage: Stage) -> None:
    with pytest.raises(NotFound, match=r"'fakr'\s+Did you mean fake\?"):
        async with stage.scheduler.lease("fakr", stage.model("a"), "completion"):
            pass
    unknown = f"sha256:{'0' * 64}"
    error = await stage.use(unknown).failure()
    assert isinstance(error, NotFound)


@staged
async def test_a_worker_learns_no_secrets(stage: Stage) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATEOF_API_KEY", "secret")
        actor = await stage.loaded(stage.model("a"))
    assert actor.secrets == []
