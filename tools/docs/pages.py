"""What the site has, in the order of its navigation.

A page is Markdown with an address. Those under docs/ are as they are read there; the
references and the page for analysts are made here, from the code and the notebooks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tools.docs import reference

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"

# Pages that no group names come last in "Explanation".
GROUPS: dict[str, tuple[str, ...]] = {
    "Tutorial": ("tutorial.md",),
    "How to": (
        "bring-your-own-survey.md",
        "reports.md",
        "charts.md",
        "analysis.md",
        "scale.md",
    ),
    "Serve models": ("serving/README.md",),
    "Reference": (
        "commands.md",
        "survey-definition.md",
        "definition-keys.md",
        "report-keys.md",
        "calls.md",
    ),
    "Explanation": ("how-it-works.md", "narrative.md", "reports-compared.md"),
    "Methods": ("methods.md",),
}
LAST = "Explanation"
HOME = "README.md"
# In the order in which somebody new would read them.
NOTEBOOKS = (
    "adoption", "dependence", "ownership", "trend", "statistics", "real_surveys",
    "your_own_survey",
)  # fmt: skip
MADE = {
    "commands.md": reference.commands,
    "definition-keys.md": reference.definition_keys,
    "report-keys.md": reference.report_keys,
    "calls.md": reference.calls,
}


class Page(msgspec.Struct, frozen=True):
    """One page: where it is, relative to docs/, the group it is in, its text."""

    path: str
    group: str
    text: str

    @property
    def address(self) -> str:
        """Its file in the site: a README is the index of its folder."""
        stem = self.path.removesuffix(".md")
        return re.sub(r"(^|/)README$", r"\1index", stem) + ".html"

    @property
    def title(self) -> str:
        """Its first heading."""
        found = re.search(r"^# (.+)$", self.text, re.MULTILINE)
        assert found, f"{self.path} has no heading"
        return found[1].replace("`", "")


def pages() -> list[Page]:
    """Every page; the home page first."""
    named = [name for names in GROUPS.values() for name in names]
    found = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    more = sorted(found - {*named, HOME})
    listed = [Page(HOME, "", _text(HOME))]
    for group, names in GROUPS.items():
        rest = more if group == LAST else []
        listed += [Page(name, group, _text(name)) for name in (*names, *rest)]
    return listed


def _text(name: str) -> str:
    if name == "analysis.md":
        return "\n".join(analysis())
    if name in MADE:
        return "\n".join(MADE[name]())
    return (DOCS / name).read_text(encoding="utf-8")


def analysis() -> Iterator[str]:
    """The notebooks as one page, word by word."""
    yield "# In a notebook\n"
    yield (
        "These are the notebooks under `notebooks/`, in percent format: Jupyter and VS"
        " Code open them as notebooks, and the tests run them as they stand."
        " [Every call](calls.md) has a page of its own.\n"
    )
    for name in NOTEBOOKS:
        text = (ROOT / "notebooks" / f"{name}.py").read_text(encoding="utf-8")
        for kind, body in cells(text):
            if kind == "code":
                yield f"```python\n{body}\n```\n"
            else:
                yield re.sub(r"^#", "##", body, flags=re.MULTILINE) + "\n"
        yield f"The notebook: [{name}.py](../notebooks/{name}.py).\n"


def cells(text: str) -> Iterator[tuple[str, str]]:
    """The cells of a notebook in percent format: `markdown` or `code`, and the text."""
    for part in re.split(r"^# %%", text, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        if "[markdown]" in head:
            lines = body.strip().splitlines()
            yield "markdown", "\n".join(re.sub(r"^# ?", "", line) for line in lines)
        elif body.strip():
            yield "code", body.strip()
