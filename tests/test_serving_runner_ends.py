"""Workers end at any instant, in any way: those who use the scheduler notice little."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from pipeline.errors import DataError, Missing, SurveyError
from pipeline.serving.runner import EngineFailed, Local, Scheduler
from pipeline.serving.store.blobs import blob_path
from tests.staged import ENGINE, MEBIBYTE, Stage, Use, staged

pytestmark = pytest.mark.slow


async def broken(use: Use) -> SurveyError:
    """Post what a worker will hold, and why that broke."""
    lease = await use.lease()
    with pytest.raises(httpx.TransportError) as caught:
        await lease.client.post("/v1/completions", json={"hold": True})
    return await lease.cause(caught.value)


@staged
async def test_a_killed_worker_is_explained_and_replaced(stage: Stage) -> None:
    stage.memory.size = stage.memory.all = 100 * MEBIBYTE
    model = stage.model("a", 10)
    using, waiting = stage.use(model), stage.use(model)
    actor = await stage.ready()
    breaking = asyncio.create_task(broken(using))
    await actor.asked()
    actor.kill()
    cause = await breaking
    assert isinstance(cause, EngineFailed)
    assert "killed (signal 9), out of memory is the likeliest cause" in cause.what
    assert "cache 10.0 MiB" in cause.what
    assert "limit 100.0 MiB" in cause.what
    await using.done()
    replaced = await stage.ready()
    lease = await waiting.lease()
    answer = await lease.client.post("/v1/completions", json={})
    assert answer.json()["pid"] == replaced.pid != actor.pid
    await waiting.done()


@staged
async def test_the_last_words_of_a_worker_are_told(stage: Stage) -> None:
    model = stage.model("a")
    using = stage.use(model)
    actor = await stage.ready()
    breaking = asyncio.create_task(broken(using))
    await actor.asked()
    actor.say("exit 3 the model has a hole")
    cause = await breaking
    assert cause.what == "the engine ended with status 3: the model has a hole"
    log = stage.scheduler.log(ENGINE, model, "completion")
    assert str(log) in cause.remedy
    assert log.read_text() == "many words\nthe model has a hole\n"
    await using.done()


@staged
async def test_a_connection_may_break_while_the_worker_lives(stage: Stage) -> None:
    """Then the cause says so, once it has waited for an end that does not come."""
    using = stage.use(stage.model("a"))
    await stage.ready()
    lease = await using.lease()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.serving.runner.worker.END_SECONDS", 0)
        cause = await lease.cause(httpx.ReadError("broken"))
    assert cause.what == "the engine broke off, and still runs"
    await using.done()


@staged
async def test_a_failed_load_is_told_to_all_who_wait(stage: Stage) -> None:
    model = stage.model("a")
    uses = [stage.use(model) for _ in range(3)]
    actor = await stage.actor()
    actor.say("exit 1 it is damaged")
    for use in uses:
        error = await use.failure()
        assert isinstance(error, EngineFailed)
        assert "it is damaged" in str(error)
    await stage.loaded(model)


@staged
async def test_a_worker_killed_while_loading_is_explained(stage: Stage) -> None:
    model = stage.model("a")
    use = stage.use(model)
    (await stage.actor()).kill()
    said = str(await use.failure())
    assert "killed (signal 9): estimate" in said
    assert "limit 1024.0 GiB" in said, "nobody would take memory for the cause"
    await stage.loaded(model)


@staged
async def test_a_worker_killed_while_idle_is_replaced(stage: Stage) -> None:
    model = stage.model("a")
    first = await stage.loaded(model)
    first.kill()
    with suppress(ChildProcessError):  # the scheduler has waited for it already
        os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)
    second = await stage.loaded(model)
    assert second.pid != first.pid


@staged
async def test_a_worker_that_dies_as_it_is_asked_again_is_replaced(
    stage: Stage,
) -> None:
    model = stage.model("a")
    first = await stage.loaded(model)
    await first.obey("mortal")
    stage.clock.move(1)
    use, later = stage.use(model), stage.use(model)
    second = await stage.ready()
    assert second.pid != first.pid
    await use.lease()
    assert not later.granted, "they keep their order"
    await use.done()
    await later.done()


@staged
async def test_a_client_may_leave_while_its_worker_is_asked(stage: Stage) -> None:
    model = stage.model("a")
    actor = await stage.loaded(model)
    stage.clock.move(1)
    os.kill(actor.pid, signal.SIGSTOP)
    leaving, staying = stage.use(model), stage.use(model)
    while not stage.scheduler.running()[0].in_use:
        await asyncio.sleep(0)
    await leaving.leave()
    os.kill(actor.pid, signal.SIGCONT)
    await staying.done()
    assert len(stage.seen) == 1


@staged
async def test_a_model_that_always_fails_is_started_ever_more_rarely(
    stage: Stage,
) -> None:
    """The second time at once, then after 1, 2, 4 … seconds, at most a minute."""
    model = stage.model("a")
    for pause in (0, 0, 1, 2, 4, 8, 16, 32, 60, 60):
        use = stage.use(model)
        await asyncio.sleep(0)
        if pause:
            stage.clock.move(pause - 0.5)
            assert not stage.in_memory
            stage.clock.move(0.5)
        (await stage.actor()).say("exit 1 again")
        assert isinstance(await use.failure(), EngineFailed)
    stage.clock.move(60)
    actor = await stage.loaded(model)
    await stage.lost(actor)
    await stage.loaded(model)  # a request that went well lets bygones be bygones


@staged
async def test_a_model_that_fails_does_not_hold_up_others(stage: Stage) -> None:
    bad, good = stage.model("bad", 10), stage.model("good", 10)
    stage.memory.size = stage.size(bad) + MEBIBYTE
    for _ in range(2):
        use = stage.use(bad)
        (await stage.actor()).say("exit 1 no")
        await use.failure()
    waiting = stage.use(bad)
    await stage.loaded(good)
    stage.clock.move(1)
    await stage.ready()
    await waiting.done()


@staged
async def test_a_worker_that_is_never_ready_is_ended(stage: Stage) -> None:
    """Though it does not want to."""
    model = stage.model("a")
    use = stage.use(model)
    actor = await stage.actor()
    await actor.obey("stubborn")
    stage.clock.move(299)
    assert stage.in_memory == {model}
    stage.clock.move(1)
    stage.clock.move(5)
    error = await use.failure()
    assert "not ready after 300 s" in str(error)
    await actor.gone()


@staged
async def test_closing_ends_workers_and_tells_who_waits(stage: Stage) -> None:
    a, b = stage.model("a", 10), stage.model("b", 10)
    stage.memory.size = stage.size(a)
    using, queued = stage.use(a), stage.use(a)
    actor = await stage.ready()
    breaking = asyncio.create_task(broken(using))
    await actor.asked()
    stage.memory.looked.clear()
    waiting = stage.use(b)
    await stage.memory.looked.wait()
    await stage.scheduler.close()
    await actor.gone()
    assert (await breaking).what == "the engine was ended, as it was asked to"
    for use in (queued, waiting):
        assert str(await use.failure()) == "the service is ending"
    assert str(await stage.use(a).failure()) == "the service is ending"
    await using.done()


@staged
async def test_closing_while_a_worker_starts_leaves_none(stage: Stage) -> None:
    model = stage.model("a")
    use = stage.use(model)
    while not stage.in_memory:
        await asyncio.sleep(0)
    await stage.scheduler.close()
    assert isinstance(await use.failure(), EngineFailed)


@staged
async def test_a_worker_that_does_not_end_is_killed(stage: Stage) -> None:
    model = stage.model("a")
    actor = await stage.loaded(model)
    await actor.obey("stubborn")
    closing = asyncio.create_task(stage.scheduler.close())
    await asyncio.sleep(0)
    stage.clock.move(4)
    assert os.getpgid(actor.pid) == actor.pid, "it has its time"
    stage.clock.move(1)
    await closing
    await actor.gone()


@staged
async def test_a_program_that_cannot_be_started_is_named(stage: Stage) -> None:
    model = stage.model("a")
    stage.engines[ENGINE] = Local(program=("no-such-program",), package="")
    async with stage.another(stage.folder / "b") as scheduler:
        error = await Use(scheduler, model, "completion").failure()
    assert isinstance(error, Missing)
    assert "no-such-program" in str(error)
    stage.engines[ENGINE] = Local(package="no-such-package")
    async with stage.another(stage.folder / "b") as scheduler:
        error = await Use(scheduler, model, "completion").failure()
    assert isinstance(error, Missing)
    assert "pip install no-such-package" in str(error)


@staged
async def test_a_program_that_is_no_program_is_named(stage: Stage) -> None:
    program = stage.folder / "text"
    program.write_bytes(b"\0" * 64)
    program.chmod(0o700)
    stage.engines[ENGINE] = Local(program=(str(program),), package="")
    async with stage.another(stage.folder / "b") as scheduler:
        error = await Use(scheduler, stage.model("a"), "completion").failure()
    assert "cannot be started: Exec format error" in str(error)


@staged
async def test_a_damaged_model_is_told_and_repaired(stage: Stage) -> None:
    model = stage.model("a")
    path = blob_path(stage.store.root, model)
    manifest = path.parent.parent.parent / "manifests/sha256" / path.name
    raw = manifest.read_bytes()
    manifest.write_bytes(raw[:-1])
    assert isinstance(await stage.use(model).failure(), DataError)
    manifest.write_bytes(raw)
    await stage.loaded(model)


@staged
async def test_one_service_at_a_time_has_a_folder(stage: Stage) -> None:
    with pytest.raises(SurveyError, match="another service"):
        async with stage.another():
            pass


def test_sockets_of_a_killed_service_are_cleared(tmp_path: Path) -> None:
    """A real one, killed with its worker idle; the folder can be used again."""
    code = f"""if True:
        import asyncio, os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
        from pathlib import Path
        from tests.staged import Stage
        async def main():
            async with Stage(Path({str(tmp_path)!r})) as stage:
                actor = await stage.loaded(stage.model("a"))
                os.kill(actor.pid, signal.SIGSTOP)
                print(actor.pid, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
        asyncio.run(main())"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    os.kill(int(done.stdout), signal.SIGKILL)
    sockets = tmp_path / "run/workers"
    assert list(sockets.glob("*.sock"))
    (tmp_path / "c").unlink()

    async def play() -> None:
        async with Stage(tmp_path) as stage:
            assert not list(sockets.glob("*.sock"))
            await stage.loaded(stage.model("a"))

    asyncio.run(play())


def test_a_folder_whose_path_is_too_long_for_sockets_is_refused(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        folder = tmp_path / ("x" * 90)
        async with Scheduler(Stage(tmp_path).store, {}, folder):
            pass

    with pytest.raises(SurveyError, match="too long"):
        asyncio.run(play())


@pytest.mark.slow
@staged
async def test_whatever_happens_the_scheduler_stays_sound(stage: Stage) -> None:
    """Requests, departures, kills and failures in a random order, much of it at once.

    In the end every model can be had, and nothing is left over.
    """
    rng = random.Random(7)
    sizes = {"a": 5, "b": 9, "c": 2, "d": 30}
    models = [stage.model(name, size) for name, size in sizes.items()]
    stage.memory.size = stage.size(models[3]) + stage.size(models[2])
    uses: list[Use] = []
    acting = asyncio.create_task(_act(stage, rng))
    for _ in range(200):
        what = rng.random()
        if what < 0.5 or not uses:
            uses.append(stage.use(rng.choice(models)))
        elif what < 0.7:
            await uses.pop(rng.randrange(len(uses))).leave()
        elif what < 0.8:
            stage.clock.move(rng.choice([1, 60, 300]))
        elif what < 0.85:
            await stage.scheduler.unload(all=True)
        else:
            uses[rng.randrange(len(uses))].end()
        for _ in range(rng.randrange(200)):
            await asyncio.sleep(0)
    for use in uses:
        use.end()
    while not all(use.task.done() for use in uses):
        stage.clock.move(60)
        await asyncio.wait({use.task for use in uses}, timeout=0.05)
    for use in uses:
        if not use.task.cancelled():
            assert isinstance(use.task.exception(), EngineFailed | None)
    acting.cancel()
    await asyncio.wait({acting})
    stage.clock.move(60)
    for model in models:
        last = stage.use(model)
        while not last.granted:
            if not stage.actors.empty():
                (await stage.actor()).say("ready")
            await asyncio.sleep(0)
        await last.done()


async def _act(stage: Stage, rng: random.Random) -> None:
    """Workers as they come: some are killed at once, some later, some fail."""
    while True:
        actor = await stage.actor()
        for _ in range(rng.randrange(50)):
            await asyncio.sleep(0)
        match rng.randrange(5):
            case 0:
                actor.kill()
            case 1:
                actor.say("exit 1 by chance")
            case 2:
                actor.say("ready")
                for _ in range(rng.randrange(100)):
                    await asyncio.sleep(0)
                actor.kill()
            case _:
                actor.say("ready")
