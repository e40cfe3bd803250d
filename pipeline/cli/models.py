"""`stateof model`: models as files are handled, pulled, pushed, packaged and named.

What concerns the store works on the store; what runs models is asked of the service
(see served).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pipeline.cli import served, upkeep
from pipeline.cli.columns import aligned, size, span
from pipeline.cli.names import models
from pipeline.cli.upkeep import opened
from pipeline.errors import NotFound

WHERE = (
    "Models are kept in $MODELS_PATH, else in ~/.local/share/stateof/models, in Docker"
    " Model Runner's layout. The service is asked at $MODEL_RUNNER_HOST, else at"
    " http://127.0.0.1:12434, with the key in $STATEOF_API_KEY."
)
HEAD = (
    "MODEL NAME",
    "PARAMETERS",
    "QUANTIZATION",
    "ARCHITECTURE",
    "MODEL ID",
    "CREATED",
    "CONTEXT",
    "SIZE",
)

app = typer.Typer(
    help="Local models: pull, push, package, run.",
    epilog=WHERE,
    no_args_is_help=True,
    rich_markup_mode=None,
)

NameArgument = Annotated[
    str,
    typer.Argument(
        help="The model: a name, a tag or an ID.",
        autocompletion=models,
        show_default=False,
    ),
]
FileOption = Annotated[
    list[Path], typer.Option("--gguf", help="The weights; any shard, and only one.")
]
LicenseOption = Annotated[
    list[Path] | None, typer.Option("--license", "-l", help="A licence's text.")
]
TemplateOption = Annotated[Path | None, typer.Option(help="A Jinja chat template.")]
CreatedOption = Annotated[
    str | None, typer.Option(help="A time, for the same ID every time.")
]
FormOption = Annotated[
    Literal["v0.1", "v0.2", "cncf"],
    typer.Option("--format", help="Docker's v0.1 or v0.2, or CNCF ModelPack."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command()
def pull(name: NameArgument) -> None:
    """Bring a model from its registry; prints its ID.

    Example: stateof model pull registry.example.com/team/model:v2
    """
    from pipeline.cli.bars import Bars
    from pipeline.serving import distribution
    from pipeline.serving.places import insecure

    with Bars() as bars:
        done = distribution.pull(opened(), name, progress=bars, insecure=insecure())
    print(done.entry.id)


@app.command()
def push(name: NameArgument) -> None:
    """Bring a model to the registry in its name; prints its ID.

    Example: stateof model push registry.example.com/team/model:v2
    """
    from pipeline.cli.bars import Bars
    from pipeline.serving import distribution
    from pipeline.serving.places import insecure

    with Bars() as bars:
        done = distribution.push(opened(), name, progress=bars, insecure=insecure())
    print(done.entry.id)


@app.command()
def package(
    gguf: FileOption,
    name: NameArgument,
    license: LicenseOption = None,
    chat_template: TemplateOption = None,
    mmproj: Annotated[Path | None, typer.Option(help="A projector.")] = None,
    lora: Annotated[list[Path] | None, typer.Option(help="A LoRA adapter.")] = None,
    context_size: Annotated[int | None, typer.Option(help="In tokens.")] = None,
    created: CreatedOption = None,
    form: FormOption = "v0.1",
    and_push: Annotated[bool, typer.Option("--push", help="Push it, too.")] = False,
) -> None:
    """Make a model of a GGUF file; prints its ID.

    Example: stateof model package --gguf model.gguf -l LICENSE team/model:v2
    """
    from pipeline.serving import store as stores
    from pipeline.serving.artifact.package import package
    from pipeline.serving.artifact.reference import parse

    if len(gguf) > 1:
        remedy = "Name one file: the other shards of its model are found beside it."
        raise NotFound("--gguf is given more than once", remedy=remedy)
    full = parse(name).full
    made = package(
        gguf[0],
        licenses=license or (),
        template=chat_template,
        projector=mmproj,
        adapters=lora or (),
        context_size=context_size,
        created=created,
        form=form,
    )
    entry = stores.add_package(opened(), made, [full])
    if and_push:
        push(name)
    else:
        print(entry.id)


@app.command()
def tag(
    source: NameArgument,
    target: Annotated[str, typer.Argument(help="One more name for it.")],
) -> None:
    """Give a model one more name.

    Example: stateof model tag team/model:v2 registry.example.com/team/model:v2
    """
    from pipeline.serving import store as stores

    print(stores.tag(opened(), source, target).id)


@app.command("list")
def list_models(
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only IDs.")] = False,
) -> None:
    """The models that are here.

    Example: stateof model list
    """
    from pipeline.serving.artifact.reference import short_id
    from pipeline.serving.shapes import listed

    models = listed(opened())
    if as_json:
        _print_json(models)
    elif quiet:
        print("".join(f"{short_id(m['id'])}\n" for m in models), end="")
    else:
        print(aligned(HEAD, [row for model in models for row in _rows(model)]))


@app.command()
def inspect(
    name: NameArgument,
    remote: Annotated[bool, typer.Option(help="As its registry has it.")] = False,
) -> None:
    """What a model is, with its licences, as JSON.

    Example: stateof model inspect team/model:v2
    """
    from pipeline.serving import distribution
    from pipeline.serving import store as stores
    from pipeline.serving.places import insecure
    from pipeline.serving.shapes import described, shown
    from pipeline.serving.store.index import Entry

    if remote:
        found = distribution.resolve(name, insecure=insecure())
        entry = Entry(found.manifest.id, (found.reference.full,), ())
        _print_json(described(entry, found.config))
        return
    store = opened()
    model = stores.load(store, stores.find(store, name))
    _print_json(shown(model) | {"licenses": list(stores.licenses(store, model))})


@app.command()
def rm(
    names: Annotated[
        list[str], typer.Argument(help="Names, tags or IDs.", autocompletion=models)
    ],
    force: Annotated[
        bool, typer.Option("--force", "-f", help="An ID with all its names.")
    ] = False,
) -> None:
    """Take away a name, and with its last name the model.

    Example: stateof model rm team/model:v2
    """
    from pipeline.serving.artifact.reference import parse
    from pipeline.serving.store.remove import remove

    store = opened()
    for name in names:
        gone = remove(store, name, force=force)
        for full in gone.untagged:
            print(f"Untagged: {parse(full).short}")
        if gone.deleted:
            print(f"Deleted: {gone.deleted}")


@app.command()
def df(as_json: JsonOption = False) -> None:
    """Bytes on disk.

    Example: stateof model df
    """
    from pipeline.serving import store as stores
    from pipeline.serving.places import engine_size

    taken = {"Models": stores.disk_usage(opened()), "Inference engine": engine_size()}
    if as_json:
        _print_json(taken)
    else:
        rows = [(kind, size(count)) for kind, count in taken.items()]
        print(aligned(("TYPE", "SIZE"), rows))


@app.command()
def doctor() -> None:
    """Which build of the engine is here, and how to get a faster one.

    Example: stateof model doctor
    """
    from pipeline.serving.runner.doctor import build, gpus, told

    print("\n".join(told(build(), gpus())))


def register(root: typer.Typer) -> None:
    """Add `model` and `serve` to the command line."""
    upkeep.register(app)
    served.register(app)
    root.add_typer(app, name="model")
    root.command()(served.serve)


def _rows(model: dict[str, Any]) -> list[tuple[str, ...]]:
    """A line for each of a model's names."""
    config = model["config"]
    age = f"{span(time.time() - model['created'])} ago" if model["created"] else ""
    facts = [config.get(key, "") for key in ("parameters", "quantization")]
    facts += [config.get("architecture", ""), model["id"].partition(":")[2][:12], age]
    facts += [str(config.get("context_size") or ""), config.get("size", "")]
    return [(_plain(name), *facts) for name in model["tags"] or ["<none>"]]


def _plain(name: str) -> str:
    """A name without what is understood: `ai/` and `:latest`."""
    return name.removeprefix("ai/").removesuffix(":latest")


def _print_json(value: Any) -> None:
    import json

    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    print()
