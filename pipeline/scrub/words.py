"""Words that look like part of a name, an address or a handle where they are none."""

from __future__ import annotations

import tomllib
from importlib.resources import files

WORDS = tomllib.loads((files("pipeline.scrub") / "words.toml").read_text("utf-8"))

BEFORE_AT = frozenset(WORDS["before_at"].split())
VERSIONED = frozenset(WORDS["versions"].split())
ANNOTATIONS = frozenset(WORDS["annotations"].split())
TITLES = frozenset(WORDS["titles"].split())
PARTICLES = frozenset(WORDS["particles"].split())
ROLES = frozenset(WORDS["roles"].split())
COMMON = frozenset(word for said in WORDS["common"].values() for word in said.split())
SENTENCES = frozenset(WORDS["common"]["sentences"].split())
