"""All pages written to a folder, with every link followed and a list to search in."""

from __future__ import annotations

import json
import posixpath
import shutil
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import jinja2

from tools.docs import markup
from tools.docs.markup import Rendered
from tools.docs.pages import ROOT, Page, pages

HERE = Path(__file__).parent
ASSETS = ("site.css", "search.js")
PICTURES = (".png", ".svg")
LANGUAGES = {".py": "python", ".toml": "toml", ".json": "json", ".yaml": "yaml"}


class BrokenLinks(Exception):
    """Links that lead nowhere, each with its page."""


def build(target: Path, wanted: Sequence[Page] | None = None) -> Path:
    """Write the site to a folder that is emptied before; returns its first page.

    Raises `BrokenLinks`; the folder is left as it was then.
    """
    listed = list(wanted or pages())
    site = _Site(listed)
    rendered = [site.rendered(page) for page in listed]
    site.check(rendered)
    shutil.rmtree(target, ignore_errors=True)
    for page, body in zip(listed, rendered, strict=True):
        _write(target / page.address, _html(listed, page, body))
    for name in sorted(site.files):
        _show(target, name, listed)
    for name in ASSETS:
        shutil.copyfile(HERE / name, target / name)
    _write(target / "sections.js", _sections(listed, rendered))
    return target / listed[0].address


class _Site:
    """The addresses of a site: of its pages, and of files that pages name."""

    def __init__(self, listed: Sequence[Page]) -> None:
        self.addresses = {page.path: page.address for page in listed}
        self.links: list[tuple[str, str, str]] = []  # page, address, anchor
        self.files: set[str] = set()  # relative to the project
        self.broken: list[str] = []

    def rendered(self, page: Page) -> Rendered:
        return markup.render(page.text, lambda link: self._follow(page, link))

    def _follow(self, page: Page, link: str) -> str:
        """The address in the site of what a page links to."""
        if urlsplit(link).scheme:
            return link
        path, anchor = urldefrag(link)
        if not path:
            self.links.append((page.path, page.address, anchor))
            return link
        folder = posixpath.join("docs", posixpath.dirname(page.path))
        name = posixpath.normpath(posixpath.join(folder, path))
        here = posixpath.dirname(page.address) or "."
        address = self.addresses.get(name.removeprefix("docs/"))
        if address:
            self.links.append((page.path, address, anchor))
            found = posixpath.relpath(address, here)
            return f"{found}#{anchor}" if anchor else found
        file = ROOT / name
        if name.startswith("..") or not file.exists():
            self.broken.append(f"{page.path}: {link}")
            return link
        if file.is_dir():
            self.files |= {_name(each) for each in sorted(file.glob("*.py"))}
            listing = f"files/{name}/index.html"
            self.files.add(name)
            return posixpath.relpath(listing, here)
        self.files.add(name)
        return posixpath.relpath(_address(name), here)

    def check(self, rendered: Sequence[Rendered]) -> None:
        """Raise `BrokenLinks` unless all links lead to a page and a heading of it."""
        anchors = {
            address: {heading.anchor for heading in body.headings}
            for address, body in zip(self.addresses.values(), rendered, strict=True)
        }
        broken = list(self.broken)
        for path, address, anchor in self.links:
            if anchor and anchor not in anchors[address]:
                broken.append(f"{path}: {address}#{anchor}")
        if broken:
            raise BrokenLinks("links that lead nowhere:\n  " + "\n  ".join(broken))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _address(name: str) -> str:
    """Where a file of the project is in the site: pictures as they are, text a page."""
    if name.endswith(PICTURES):
        return f"files/{name}"
    return f"files/{name}.html"


def _show(target: Path, name: str, listed: Sequence[Page]) -> None:
    """A file of the project: a picture, a folder's list, or its text as a page."""
    file, place = ROOT / name, target / _address(name)
    if name.endswith(PICTURES):
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
        return
    if file.is_dir():
        names = [each.name for each in sorted(file.glob("*.py"))]
        links = "\n".join(f"* [{each}]({each}.html)" for each in names)
        page = Page(f"files/{name}/README.md", "", f"# {name}\n\n{links}\n")
        body = markup.render(page.text, str)
    else:
        page = Page(f"files/{name}.md", "", f"# {name}\n")
        body = markup.render(page.text, str)
        text = markup.code(file.read_text("utf-8"), LANGUAGES.get(file.suffix, ""))
        html = f'{body.html}<pre tabindex="0"><code>{text}</code></pre>'
        body = Rendered(html, body.headings, body.texts)
    _write(target / page.address, _html(listed, page, body))


def _html(listed: Sequence[Page], page: Page, body: Rendered) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True
    )
    here = posixpath.dirname(page.address) or "."
    groups = [
        (
            group,
            [(p.title, posixpath.relpath(p.address, here), p is page) for p in each],
        )
        for group, each in groupby(listed[1:], key=lambda p: p.group)
    ]
    return environment.get_template("page.html.j2").render(
        page=page,
        body=body,
        groups=groups,
        up=posixpath.relpath(".", here),
        contents=[h for h in body.headings if h.depth == 2],
    )


def _sections(listed: Sequence[Page], rendered: Sequence[Rendered]) -> str:
    """What is searched in: each heading with its page, address and text."""
    found = [
        {
            "page": page.title,
            "title": heading.text,
            "to": f"{page.address}#{heading.anchor}" if i else page.address,
            "text": text,
        }
        for page, body in zip(listed, rendered, strict=True)
        for i, (heading, text) in enumerate(zip(body.headings, body.texts, strict=True))
    ]
    return f"const SECTIONS = {json.dumps(found, ensure_ascii=False, indent=0)};\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
