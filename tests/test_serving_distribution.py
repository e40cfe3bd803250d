"""Pull and push: against real registries, and against one that lies."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from registries import (
    PASSWORD,
    USER,
    Reply,
    Request,
    Shelf,
    basic_auth,
    docker_registry,
    need,
    serving,
    token_server,
)
from small_models import blobs, harm, made, weights

from pipeline.errors import DataError, NotFound, SurveyError
from pipeline.serving import distribution
from pipeline.serving.artifact import LARGEST_MANIFEST, digest_of
from pipeline.serving.artifact.package import Package, package
from pipeline.serving.artifact.reference import InvalidName
from pipeline.serving.distribution import Progress, origins, pull, push, resolve
from pipeline.serving.distribution import upload as distribution_upload
from pipeline.serving.distribution.answers import Refused, Unknown, Unreachable
from pipeline.serving.distribution.credentials import Credentials
from pipeline.serving.distribution.registry import Patience
from pipeline.serving.distribution.tokens import Denied
from pipeline.serving.store import Store, Unsupported, add_package, entries, open_store
from pipeline.serving.store.blobs import blob_path

pytestmark = pytest.mark.slow

ANN = Credentials(USER, PASSWORD)
QUICK = Patience(stall=0.3, attempts=3, pause=0.01, longest_pause=0.02)


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials but those that a test gives."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


@pytest.fixture
def other(tmp_path: Path) -> Store:
    return open_store(tmp_path / "other")


@pytest.fixture
def model(tmp_path: Path) -> Package:
    return made(tmp_path)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture
def shelf(model: Package) -> Iterator[tuple[Shelf, str]]:
    """A registry that can be made to lie, and the name of its model."""
    made_up = Shelf(model)
    with serving(made_up.answer) as url:
        yield made_up, f"{url.removeprefix('http://')}/me/model:v1"


def skopeo(*arguments: str) -> bytes:
    need("skopeo")
    done = subprocess.run(
        ["skopeo", "--insecure-policy", *arguments], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def weights_of(model: Package) -> str:
    return model.manifest.layers[0].digest


# Real registries


@pytest.mark.slow
def test_what_was_pushed_is_pulled_byte_for_byte(
    registry: str, store: Store, other: Store, model: Package
) -> None:
    name = f"{registry}/me/whole:v1"
    add_package(store, model, [name])
    sent = push(store, name)
    came = pull(other, name)
    assert sent.entry.id == came.entry.id == model.manifest.id
    layers = sum(layer.size for layer in model.manifest.layers)
    assert (sent.moved, came.moved) == (layers + len(model.config), layers)
    assert entries(other)[0].tags == (name,)
    assert harm(other) == []
    assert resolve(name).manifest.raw == model.manifest.raw


@pytest.mark.slow
def test_nothing_that_is_there_already_is_sent_or_fetched(
    registry: str, store: Store, model: Package
) -> None:
    name = f"{registry}/me/again:v1"
    add_package(store, model, [name])
    push(store, name)
    assert push(store, name).moved == 0
    assert pull(store, name).moved == 0


@pytest.mark.slow
def test_layers_are_taken_over_from_another_repository(
    registry: str, store: Store, model: Package
) -> None:
    first, second = f"{registry}/me/first:v1", f"{registry}/me/second:v1"
    add_package(store, model, [first, second])
    push(store, first)
    assert push(store, second).moved == 0
    assert resolve(second).manifest.id == model.manifest.id


@pytest.mark.slow
def test_a_model_is_pulled_by_its_digest(
    registry: str, store: Store, other: Store, model: Package
) -> None:
    name = f"{registry}/me/digest:v1"
    add_package(store, model, [name])
    push(store, name)
    pulled = pull(other, f"{registry}/me/digest@{model.manifest.id}")
    assert pulled.entry.id == model.manifest.id
    assert pulled.entry.tags == ()


@pytest.mark.slow
def test_every_layer_tells_how_far_it_is(
    registry: str, store: Store, other: Store, model: Package
) -> None:
    name = f"{registry}/me/progress:v1"
    add_package(store, model, [name])
    pushed: list[Progress] = []
    pulled: list[Progress] = []
    push(store, name, progress=pushed.append)
    pull(other, name, progress=pulled.append)
    for layer in model.manifest.layers:
        for told in (pushed, pulled):
            steps = [step.current for step in told if step.digest == layer.digest]
            assert steps[0] == 0
            assert steps == sorted(steps)
            assert steps[-1] == layer.size
    assert {step.mode for step in pulled} == {"pull"}


@pytest.mark.slow
def test_a_file_is_sent_in_chunks_where_one_piece_is_refused(
    registry: str,
    store: Store,
    other: Store,
    model: Package,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> None:
        raise Refused("too large", 413)

    monkeypatch.setattr(distribution_upload, "_send_whole", refused)
    monkeypatch.setattr(distribution_upload, "CHUNK", 50)
    name = f"{registry}/me/chunks:v1"
    add_package(store, model, [name])
    push(store, name)
    assert pull(other, name).entry.id == model.manifest.id
    assert harm(other) == []


@pytest.mark.slow
def test_a_damaged_file_is_not_pushed(
    registry: str, store: Store, model: Package
) -> None:
    name = f"{registry}/me/damaged:v1"
    add_package(store, model, [name])
    path = blob_path(store.root, weights_of(model))
    path.write_bytes(b"\0" * path.stat().st_size)
    with pytest.raises(DataError, match="another than its name says"):
        push(store, name)
    with pytest.raises(Unknown):
        resolve(name)


@pytest.mark.slow
def test_an_unknown_name_is_said_to_be_unknown(registry: str, store: Store) -> None:
    with pytest.raises(NotFound, match="there is no such model"):
        pull(store, f"{registry}/me/nothing:v1")
    with pytest.raises(NotFound):
        push(store, f"{registry}/me/nothing:v1")


@pytest.mark.slow
def test_skopeo_copies_what_was_pushed_and_keeps_its_digest(
    registry: str, store: Store, other: Store, model: Package, tmp_path: Path
) -> None:
    name, copy = f"{registry}/me/skopeo:v1", f"{registry}/me/copy:v1"
    add_package(store, model, [name])
    push(store, name)
    plain = "--tls-verify=false"
    assert skopeo("inspect", "--raw", plain, f"docker://{name}") == model.manifest.raw
    config = skopeo("inspect", "--config", "--raw", plain, f"docker://{name}")
    assert config == model.config
    folder = f"oci:{tmp_path}/layout:v1"
    skopeo("copy", "--src-tls-verify=false", f"docker://{name}", folder)
    skopeo("copy", "--dest-tls-verify=false", folder, f"docker://{copy}")
    assert pull(other, copy).entry.id == model.manifest.id


@pytest.mark.slow
def test_a_registry_with_passwords_takes_the_right_one_only(
    tmp_path: Path, store: Store, other: Store, model: Package
) -> None:
    folder = tmp_path / "basic"
    with docker_registry(folder, basic_auth(folder)) as host:
        name = f"{host}/me/model:v1"
        add_package(store, model, [name])
        with pytest.raises(Denied, match="wants to know who asks"):
            push(store, name)
        with pytest.raises(Denied, match="refuses these credentials"):
            push(store, name, credentials=Credentials(USER, "wrong"))
        push(store, name, credentials=ANN)
        assert pull(other, name, credentials=ANN).entry.id == model.manifest.id


@pytest.mark.slow
def test_a_registry_with_tokens_gets_a_new_one_for_each_scope(
    tmp_path: Path, store: Store, other: Store, model: Package
) -> None:
    with token_server(tmp_path / "tokens") as tokens:
        auth = tokens.registry_auth()
        with docker_registry(tmp_path / "registry", auth) as host:
            name = f"{host}/me/model:v1"
            add_package(store, model, [name, f"{host}/me/other:v1"])
            with pytest.raises(Denied):
                push(store, name)
            tokens.asked.clear()
            push(store, name, credentials=ANN)
            assert push(store, f"{host}/me/other:v1", credentials=ANN).moved == 0
            assert pull(other, name).entry.id == model.manifest.id
    writing, mount = "repository:me/other:pull,push", "repository:me/model:pull"
    assert (USER, [writing]) in tokens.asked
    assert (USER, [writing, mount]) in tokens.asked
    assert tokens.asked[-1] == ("", [mount])
    assert len(tokens.asked) == 5


@pytest.mark.slow
def test_docker_s_own_login_is_used(
    tmp_path: Path, store: Store, model: Package
) -> None:
    folder, docker = tmp_path / "basic", tmp_path / "docker"
    with docker_registry(folder, basic_auth(folder)) as host:
        docker.mkdir()
        auth = ANN.basic.removeprefix("Basic ")
        config = json.dumps({"auths": {host: {"auth": auth}}})
        (docker / "config.json").write_text(config)
        name = f"{host}/me/model:v1"
        add_package(store, model, [name])
        assert push(store, name).entry.id == model.manifest.id


# A registry that lies


def test_an_honest_one_is_believed(shelf: tuple[Shelf, str], store: Store) -> None:
    made_up, name = shelf
    assert pull(store, name, patience=QUICK).entry.id == made_up.package.manifest.id
    assert harm(store) == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_that_passes_is_waited_for(
    shelf: tuple[Shelf, str], store: Store, status: int
) -> None:
    made_up, name = shelf
    failed: set[str] = set()

    def first_fails(request: Request) -> Reply | None:
        if request.path in failed:
            return None
        failed.add(request.path)
        return Reply(status, Retry_After="0")

    made_up.lies = first_fails
    pull(store, name, patience=QUICK)
    assert len(failed) == 4


def test_trouble_that_stays_is_told_in_the_registry_s_words(
    shelf: tuple[Shelf, str], store: Store
) -> None:
    made_up, name = shelf
    said = {"errors": [{"code": "TOOMANYREQUESTS", "message": "slow\x1b[2J down"}]}
    made_up.lies = lambda request: Reply(429, json.dumps(said).encode())
    with pytest.raises(Unreachable, match=r"429: TOOMANYREQUESTS slow .2J down"):
        pull(store, name, patience=QUICK)
    assert len(made_up.seen) == QUICK.attempts


def test_a_transfer_that_stalls_goes_on_from_where_it_was(
    shelf: tuple[Shelf, str], store: Store
) -> None:
    made_up, name = shelf
    data = made_up.blobs[weights_of(made_up.package)]

    def stalls(request: Request) -> Reply | None:
        weights = request.path.endswith(weights_of(made_up.package))
        if weights and not request.range:
            return Reply(200, data[:100], announced=len(data), stall=1.0)
        return None

    made_up.lies = stalls
    pull(store, name, patience=QUICK)
    assert [r.range for r in made_up.seen if r.range] == ["bytes=100-"]
    assert harm(store) == []


def test_a_registry_that_only_stalls_is_given_up(
    shelf: tuple[Shelf, str], store: Store
) -> None:
    made_up, name = shelf
    made_up.lies = lambda request: Reply(200, b"{", announced=500, stall=1.0)
    with pytest.raises(Unreachable, match="nothing happened for too long"):
        pull(store, name, patience=QUICK)
    assert entries(store) == ()


def test_a_registry_that_sends_single_bytes_is_given_up(
    shelf: tuple[Shelf, str], store: Store
) -> None:
    made_up, name = shelf
    digest = weights_of(made_up.package)

    def drips(request: Request) -> Reply | None:
        if request.path.endswith(digest):
            return Reply(200, made_up.blobs[digest], drip=0.05)
        return None

    made_up.lies = drips
    with pytest.raises(Unreachable, match="less than 16,384 bytes came"):
        pull(store, name, patience=QUICK)


def test_a_layer_that_the_registry_lacks_is_named(
    shelf: tuple[Shelf, str], store: Store
) -> None:
    made_up, name = shelf
    made_up.blobs.pop(weights_of(made_up.package))
    with pytest.raises(DataError, match="does not have a layer"):
        pull(store, name, patience=QUICK)


@pytest.mark.parametrize(
    "told",
    ["bytes 0-{last}/{size}", "bytes 99-{last}/{size}", "bytes 100-{last}/7", ""],
)
def test_a_range_that_is_not_the_one_asked_for_is_not_appended(
    shelf: tuple[Shelf, str], store: Store, told: str
) -> None:
    made_up, name = shelf
    digest = weights_of(made_up.package)
    data = made_up.blobs[digest]
    partial = blob_path(store.root, digest)
    partial.with_name(partial.name + ".incomplete").write_bytes(data[:100])

    def lies(request: Request) -> Reply | None:
        if not request.range:
            return None
        span = told.format(last=len(data) - 1, size=len(data))
        return Reply(206, data, Content_Range=span)

    made_up.lies = lies
    pull(store, name, patience=QUICK)
    assert harm(store) == []


def test_a_registry_without_ranges_is_asked_from_the_start(
    shelf: tuple[Shelf, str], store: Store
) -> None:
    made_up, name = shelf
    digest = weights_of(made_up.package)
    partial = blob_path(store.root, digest)
    partial.with_name(partial.name + ".incomplete").write_bytes(b"x" * 50)
    made_up.lies = lambda r: Reply(200, made_up.blobs[digest]) if r.range else None
    pull(store, name, patience=QUICK)
    assert harm(store) == []


def test_a_part_left_behind_that_was_wrong_is_fetched_again(
    shelf: tuple[Shelf, str], store: Store
) -> None:
    made_up, name = shelf
    partial = blob_path(store.root, weights_of(made_up.package))
    partial.with_name(partial.name + ".incomplete").write_bytes(b"x" * 50)
    pull(store, name, patience=QUICK)
    assert [r.range for r in made_up.seen if r.range] == ["bytes=50-"]
    assert harm(store) == []


@pytest.mark.parametrize(
    ("change", "announced"),
    [
        (lambda data: data[:-1], -1),
        (lambda data: data[:-1], None),
        (lambda data: data + b"x", -1),
        (lambda data: data + b"x", None),
        (lambda data: b"x" * len(data), -1),
        (lambda data: b"", None),
    ],
    ids=["short", "short unsaid", "long", "long unsaid", "other", "empty unsaid"],
)
def test_a_blob_that_is_not_what_the_manifest_says_is_refused(
    shelf: tuple[Shelf, str], store: Store, change: object, announced: int | None
) -> None:
    assert callable(change)
    made_up, name = shelf
    digest = weights_of(made_up.package)
    wrong = change(made_up.blobs[digest])

    def lies(request: Request) -> Reply | None:
        if request.path.endswith(digest):
            return Reply(200, wrong, announced=announced)
        return None

    made_up.lies = lies
    with pytest.raises(DataError):
        pull(store, name, patience=QUICK)
    assert entries(store) == ()
    assert digest not in blobs(store)


def test_another_config_is_refused(shelf: tuple[Shelf, str], store: Store) -> None:
    made_up, name = shelf
    config = made_up.package.manifest.config
    made_up.blobs[config.digest] = b"x" * config.size
    with pytest.raises(DataError, match="config that came has the digest"):
        pull(store, name, patience=QUICK)


def test_another_manifest_than_the_digest_asked_for_is_refused(
    shelf: tuple[Shelf, str], store: Store
) -> None:
    made_up, name = shelf
    wanted = digest_of(b"another")
    with pytest.raises(DataError, match="the manifest that came is not"):
        pull(store, f"{name.removesuffix(':v1')}@{wanted}", patience=QUICK)
    kind = "application/vnd.oci.image.manifest.v1+json"
    raw = made_up.package.manifest.raw
    made_up.lies = lambda request: Reply(
        200, raw, Content_Type=kind, Docker_Content_Digest=wanted
    )
    with pytest.raises(DataError, match="the manifest that came is not"):
        pull(store, name, patience=QUICK)


@pytest.mark.parametrize("announced", [-1, None])
def test_a_manifest_of_50_megabytes_is_not_read(
    shelf: tuple[Shelf, str], store: Store, announced: int | None
) -> None:
    made_up, name = shelf
    body = b" " * (50 << 20)
    made_up.lies = lambda request: Reply(200, body, announced=announced)
    with pytest.raises(DataError, match=f"{LARGEST_MANIFEST:,} is the most"):
        pull(store, name, patience=QUICK)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("text/html", "not a manifest"),
        ("application/vnd.oci.image.index.v1+json", "a list of several"),
    ],
)
def test_what_is_no_manifest_is_said_to_be_none(
    shelf: tuple[Shelf, str], store: Store, kind: str, said: str
) -> None:
    made_up, name = shelf
    made_up.lies = lambda request: Reply(200, b"{}", Content_Type=kind)
    with pytest.raises(Unsupported, match=said):
        pull(store, name, patience=QUICK)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"docker.ai.gguf.v3", b"docker.ai.safetensors", "no weights in GGUF"),
        (b"docker.ai.model.config.v0.1", b"other.config.v9", "not a model"),
        (b'"size":128', b'"size":1152921504606846976', "space left"),
    ],
)
def test_a_manifest_of_something_else_is_refused_before_a_layer_is_fetched(
    shelf: tuple[Shelf, str], store: Store, old: bytes, new: bytes, said: str
) -> None:
    made_up, name = shelf
    raw = made_up.package.manifest.raw.replace(old, new)
    kind = "application/vnd.oci.image.manifest.v1+json"
    made_up.lies = lambda request: (
        Reply(200, raw, Content_Type=kind) if "/manifests/" in request.path else None
    )
    with pytest.raises(SurveyError, match=said):
        pull(store, name, patience=QUICK)
    assert not any(r.path.endswith(weights_of(made_up.package)) for r in made_up.seen)


def asks_for_password(honest: Shelf) -> None:
    """Have a registry ask for basic auth on everything."""

    def lies(request: Request) -> Reply | None:
        if request.authorization:
            return None
        return Reply(401, WWW_Authenticate='Basic realm="x"')

    honest.lies = lies


def test_a_redirect_to_another_host_gets_the_range_but_no_password(
    shelf: tuple[Shelf, str], store: Store
) -> None:
    made_up, name = shelf
    digest = weights_of(made_up.package)
    partial = blob_path(store.root, digest)
    data = made_up.blobs[digest]
    partial.with_name(partial.name + ".incomplete").write_bytes(data[:10])
    elsewhere = Shelf(made_up.package)
    with serving(elsewhere.answer) as url:
        target = url.replace("127.0.0.1", "localhost")

        def leads_on(request: Request) -> Reply | None:
            if not request.authorization:
                return Reply(401, WWW_Authenticate='Basic realm="x"')
            if request.path.endswith(digest):
                return Reply(307, Location=f"{target}/blobs/{digest}?signed=1")
            return None

        made_up.lies = leads_on
        elsewhere.lies = lambda request: elsewhere.honest(stripped(request))
        pull(store, name, credentials=ANN, patience=QUICK)
    assert [r.range for r in elsewhere.seen] == ["bytes=10-"]
    assert [r.authorization for r in elsewhere.seen] == [""]
    assert all(r.authorization == ANN.basic for r in made_up.seen[1:])


def stripped(request: Request) -> Request:
    """The request without its query."""
    request.path = request.path.partition("?")[0]
    return request


def test_another_host_that_asks_for_a_password_gets_none(
    shelf: tuple[Shelf, str], store: Store
) -> None:
    made_up, name = shelf
    elsewhere = Shelf(made_up.package)
    asks_for_password(elsewhere)
    with serving(elsewhere.answer) as url:
        made_up.lies = lambda request: (
            Reply(302, Location=f"{url}/x") if "/blobs/" in request.path else None
        )
        with pytest.raises(Denied):
            pull(store, name, credentials=ANN, patience=QUICK)
    assert all(not request.authorization for request in elsewhere.seen)


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://example.com/x", "http://[x"],
)
def test_a_redirect_to_what_is_no_safe_address_is_refused(
    shelf: tuple[Shelf, str], store: Store, target: str
) -> None:
    made_up, name = shelf
    made_up.lies = lambda request: (
        Reply(307, Location=target) if "/blobs/" in request.path else None
    )
    with pytest.raises(DataError, match="which is refused"):
        pull(store, name, patience=QUICK)


def test_a_redirect_without_end_ends(shelf: tuple[Shelf, str], store: Store) -> None:
    made_up, name = shelf
    made_up.lies = lambda request: Reply(307, Location=request.path)
    with pytest.raises(DataError, match="more than 5 redirects"):
        pull(store, name, patience=QUICK)


def test_a_token_server_of_another_domain_gets_no_password(
    shelf: tuple[Shelf, str], store: Store
) -> None:
    made_up, name = shelf
    made_up.lies = lambda request: Reply(
        401, WWW_Authenticate='Bearer realm="http://tokens.example.com/t"'
    )
    with pytest.raises(DataError, match="plain http"):
        pull(store, name, credentials=ANN, patience=QUICK)


def test_a_token_for_the_registry_itself_is_shown_as_it_is(
    shelf: tuple[Shelf, str], store: Store
) -> None:
    made_up, name = shelf

    def lies(request: Request) -> Reply | None:
        if request.authorization == "Bearer mine":
            return None
        return Reply(401, WWW_Authenticate='Bearer realm="/token"')

    made_up.lies = lies
    mine = Credentials(registry_token="mine")
    assert pull(store, name, credentials=mine, patience=QUICK).moved


def test_an_identity_token_is_sent_to_the_token_server_only(
    shelf: tuple[Shelf, str], store: Store
) -> None:
    made_up, name = shelf

    def lies(request: Request) -> Reply | None:
        if request.path == "/token":
            assert b"refresh_token=identity" in request.body
            return Reply(200, b'{"access_token":"short"}')
        if request.authorization == "Bearer short":
            return None
        return Reply(401, WWW_Authenticate='Bearer realm="/token",service="s"')

    made_up.lies = lies
    identity = Credentials(identity_token="identity")
    assert pull(store, name, credentials=identity, patience=QUICK).moved
    asked = [r for r in made_up.seen if r.path == "/token"]
    assert [r.method for r in asked] == ["POST"]


def test_models_of_many_layers_come_with_all_of_them(
    tmp_path: Path, store: Store
) -> None:
    licences = [tmp_path / f"{number}.txt" for number in range(12)]
    for path in licences:
        path.write_text(path.name)
    many = package(weights(tmp_path), licenses=[*licences, licences[0]])
    made_up = Shelf(many)
    with serving(made_up.answer) as url:
        pull(store, f"{url.removeprefix('http://')}/me/many:v1", patience=QUICK)
    assert harm(store) == []
    paths = [request.path for request in made_up.seen]
    assert len(paths) == len(set(paths)) == 2 + 13


def test_a_push_that_fails_on_the_way_is_sent_in_chunks(
    model: Package, store: Store
) -> None:
    broken: list[str] = []
    chunks: dict[str, bytes] = {}

    def answer(request: Request) -> Reply:
        upload = request.path.partition("?")[0]
        if request.method == "HEAD":
            return Reply(404)
        if request.method == "POST":
            return Reply(202, Location=f"/up/{len(chunks)}?state=a")
        if request.method == "PATCH":
            chunks[upload] = chunks.get(upload, b"") + request.body
            return Reply(202, Location=f"{request.path}b")
        if "/manifests/" in request.path:
            return Reply(201)
        if request.body:
            broken.append(upload)
            return Reply(500)
        return Reply(201)

    with serving(answer) as url:
        name = f"{url.removeprefix('http://')}/me/model:v1"
        add_package(store, model, [name])
        push(store, name, patience=QUICK)
    assert len(broken) == 3
    sent = [b.size for b in (*model.manifest.layers, model.manifest.config)]
    assert sum(map(len, chunks.values())) == sum(sent)


def test_a_registry_that_keeps_another_manifest_is_told_of(
    model: Package, store: Store
) -> None:
    def answer(request: Request) -> Reply:
        digest = digest_of(b"another")
        sizes = {b.digest: b.size for b in model.manifest.layers}
        sizes[model.manifest.config.digest] = model.manifest.config.size
        size = sizes.get(request.path.rpartition("/")[2], 0)
        if request.method == "HEAD":
            return Reply(200, bytes(size))
        return Reply(201, Docker_Content_Digest=digest)

    with serving(answer) as url:
        name = f"{url.removeprefix('http://')}/me/model:v1"
        add_package(store, model, [name])
        with pytest.raises(DataError, match="keeps the manifest as"):
            push(store, name, patience=QUICK)


def test_a_registry_that_does_not_run_is_said_to_be_out_of_reach(store: Store) -> None:
    with serving(lambda request: Reply(200)) as url:
        gone = url.removeprefix("http://")
    with pytest.raises(Unreachable, match="the connection failed") as caught:
        pull(store, f"{gone}/me/model:v1", patience=QUICK)
    assert caught.value.status == 3


def test_a_registry_without_a_certificate_is_not_spoken_to_in_plain_http(
    shelf: tuple[Shelf, str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_up, name = shelf
    monkeypatch.setattr(origins, "is_here", lambda host: False)
    with pytest.raises(Unreachable, match="no secure connection"):
        pull(store, name, patience=QUICK)
    assert made_up.seen == []
    assert pull(store, name, insecure=True, patience=QUICK).moved


def test_an_id_is_no_place_to_pull_from(store: Store) -> None:
    with pytest.raises(InvalidName, match="does not say where"):
        pull(store, "1234567890ab")


def test_what_the_caller_raises_ends_the_pull(
    shelf: tuple[Shelf, str], store: Store
) -> None:
    _, name = shelf

    def enough(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(store, name, progress=enough, patience=QUICK)
    assert entries(store) == ()


def test_the_module_s_door_has_these_names() -> None:
    assert set(distribution.__all__) == {
        "Progress",
        "Remote",
        "Transfer",
        "pull",
        "push",
        "resolve",
    }
