"""References that are read from the code, so that they leave nothing out."""

from __future__ import annotations

import datetime as dt
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

import pipeline
from pipeline.analysis import Analysis
from pipeline.charts.brand import BrandFile
from pipeline.crosswalk import Crosswalk
from pipeline.definition import Survey
from pipeline.entities import Entities
from pipeline.outline import Outline

WIDEST = 80  # a call that stays on one line
PLAIN = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    dt.date: "date",
    type(None): "nothing",
}


def commands() -> Iterator[str]:
    """Every command with its arguments and options."""
    from typer.main import get_command

    from pipeline.cli import STATUS, app

    yield "# Commands\n"
    yield (
        "What `--help` says, of all commands. Data goes to stdout, talk to stderr, so"
        " that `--json` can be piped; progress moves on a terminal only. `stateof"
        " --install-completion` completes commands, options, and the ids of the"
        f" project's surveys, questions and reports. {STATUS}\n"
    )
    yield from _commands(get_command(app), "stateof")


def _commands(command: Any, name: str) -> Iterator[str]:
    children = getattr(command, "commands", {})
    if name != "stateof":
        yield f"{'##' if name.count(' ') == 1 else '###'} `{name}`\n"
        yield from _described(command, name)
    for child, each in children.items():
        yield from _commands(each, f"{name} {child}")


def _described(command: Any, name: str) -> Iterator[str]:
    said, _, example = inspect.cleandoc(command.help or "").partition("Example: ")
    yield f"{_escaped(said.strip())}\n"
    if command.epilog:
        yield f"{_escaped(command.epilog)}\n"
    if hasattr(command, "commands"):
        return
    yield f"```sh\n{example}\n```\n"
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    if arguments:
        yield "| argument | meaning |\n|---|---|"
        for one in arguments:
            yield f"| `{one.name}` | {_cell(one.help)}{_needed(one)} |"
        yield ""
    if options:
        yield "| option | meaning | default |\n|---|---|---|"
        for one in options:
            names = ", ".join(f"`{text}`" for text in (*one.opts, *one.secondary_opts))
            yield f"| {names} | {_cell(one.help)}{_needed(one)} | {_default(one)} |"
        yield ""


def _needed(parameter: Any) -> str:
    return " Needed." if parameter.required else ""


def _default(option: Any) -> str:
    given = option.default
    if given in (None, "", False) or callable(given):
        return ""
    if given is True:
        return f"`{option.opts[0]}`"
    return f"`{given}`"


def definition_keys() -> Iterator[str]:
    """The keys of survey.toml, and of the files that may lie beside it."""
    yield "# Keys of a survey's definition\n"
    yield (
        "Every key of `data/<survey>/survey.toml`, as the program reads it; [The"
        " survey's definition](survey-definition.md) explains them with examples. A key"
        " that is not listed is an error, with a suggestion.\n"
    )
    files = {
        "survey.toml": Survey,
        "crosswalk-<wave>.toml": Crosswalk,
        "entities-<list>.toml": Entities,
    }
    yield from _keys(files)


def report_keys() -> Iterator[str]:
    """The keys of a report's outline and of a brand."""
    yield "# Keys of reports and brands\n"
    yield (
        "Every key of `reports/<report>.toml` and of `brand.toml`;"
        " [Reports](reports.md) explains them with examples.\n"
    )
    yield from _keys({"reports/<report>.toml": Outline, "brand.toml": BrandFile})


def structs(root: Any) -> list[Any]:
    """A struct and all that its keys hold, in the order in which they are met."""
    found: list[Any] = []
    waiting = [root]
    while waiting:
        one = waiting.pop(0)
        if one in found:
            continue
        found.append(one)
        for hint in get_type_hints(one).values():
            waiting += _within(hint)
    return found


def _within(hint: Any) -> list[Any]:
    if inspect.isclass(hint) and issubclass(hint, msgspec.Struct):
        return [hint]
    return [one for part in get_args(hint) for one in _within(part)]


def _keys(files: dict[str, Any]) -> Iterator[str]:
    seen: list[Any] = []
    for file, root in files.items():
        for one in structs(root):
            if one in seen:
                continue
            seen.append(one)
            yield f"## `{file}`\n" if one is root else f"### {one.__name__}\n"
            yield f"{_prose(one)}\n"
            yield from _table(one)


def _table(one: Any) -> Iterator[str]:
    hints = get_type_hints(one)
    yield "| key | what it holds | default |\n|---|---|---|"
    for field in msgspec.structs.fields(one):
        hint = hints[field.name]
        key = _key(field.encode_name, hint)
        yield f"| {key} | {_said(hint)} | {_without(field)} |"
    yield ""


def _key(name: str, hint: Any) -> str:
    """As it is written: `[[wave]]` for a list of tables, `[about]` for a table."""
    tables = bool(_within(hint))
    if tables and get_origin(hint) is tuple and name.islower():
        return f"`[[{name}]]`"
    return f"`{name}`"


def _without(field: Any) -> str:
    """What holds if a key is left out."""
    if field.required:
        return "needed"
    value = field.default
    if value is msgspec.NODEFAULT or value in ("", (), None):
        return ""
    if isinstance(value, msgspec.Struct):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _said(hint: Any) -> str:
    """A type in words."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if origin is Literal:
        return " or ".join(f"`{one}`" if one else "nothing" for one in inner)
    if origin is tuple:
        many = "list" if inner[-1] is Ellipsis else "pair"
        return f"{many} of {_said(inner[0])}".replace("list of pair", "list of pairs")
    if origin is dict:
        return f"table of {_said(inner[1])}"
    if origin is Union or inner:
        parts = [_said(part) for part in inner if part is not type(None)]
        return " or ".join(parts)
    if inspect.isclass(hint) and issubclass(hint, msgspec.Struct):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    raise TypeError(f"no words for {hint}")


def _methods() -> list[tuple[str, Callable[..., Any]]]:
    own = vars(Analysis).items()
    return [(n, f) for n, f in own if inspect.isfunction(f) and not n.startswith("_")]


def calls() -> Iterator[str]:
    """The public names of `pipeline`, and every call of an analysis."""
    yield "# Calls\n"
    names = ", ".join(f"`{name}`" for name in sorted(pipeline.__all__))
    yield (
        f"What a notebook can call. `pipeline` has these names: {names}; all else may"
        " change from one version to the next. [In a notebook](analysis.md) shows them"
        " at work.\n"
    )
    for name in sorted(pipeline.__all__):
        one = getattr(pipeline, name)
        kind = "()" if inspect.isfunction(one) else ""
        yield f"## `{name}{kind}`\n"
        if inspect.isfunction(one):
            yield f"```python\n{_signature(name, one)}\n```\n"
        yield f"{_prose(one)}\n"
        if one is Analysis:
            for method, function in _methods():
                yield f"### `{method}()`\n"
                yield f"```python\n{_signature(f'survey.{method}', function)}\n```\n"
                yield f"{_prose(function)}\n"


def _signature(name: str, function: Callable[..., Any]) -> str:
    """A call with its arguments and defaults, over lines where it is long."""
    found = inspect.signature(function)
    given = [p for key, p in found.parameters.items() if key != "self"]
    parts = [_parameter(one) for one in given]
    kinds = [one.kind for one in given]
    only = inspect.Parameter.KEYWORD_ONLY
    if only in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        parts.insert(kinds.index(only), "*")
    line = f"{name}({', '.join(parts)}) -> {found.return_annotation}"
    if len(line) <= WIDEST:
        return line
    lines = "".join(f"    {part},\n" for part in parts)
    return f"{name}(\n{lines}) -> {found.return_annotation}"


def _parameter(one: inspect.Parameter) -> str:
    star = "*" if one.kind is inspect.Parameter.VAR_POSITIONAL else ""
    text = f"{star}{one.name}: {one.annotation}"
    if one.default is inspect.Parameter.empty:
        return text
    default = one.default
    shown = f'"{default}"' if isinstance(default, str) else repr(default)
    return f"{text} = {shown}"


def _prose(one: Any) -> str:
    """A docstring as Markdown: what is indented stays as it is set."""
    return _escaped(inspect.cleandoc(one.__doc__ or ""))


def _escaped(text: str) -> str:
    """Text of ours, in which only backticks are markup."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if i % 2 else re.sub(r"([*_<>\[\]])", r"\\\1", part)
        for i, part in enumerate(parts)
    )


def _cell(text: str | None) -> str:
    return _escaped(" ".join((text or "").split())).replace("|", "\\|")
