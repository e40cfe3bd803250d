"""Build the site; prints where it begins."""

from __future__ import annotations

import sys

from tools.docs.pages import ROOT
from tools.docs.site import BrokenLinks, build

if __name__ == "__main__":
    target = ROOT / "build" / "docs"
    try:
        print(build(target))
    except BrokenLinks as error:
        sys.exit(f"docs: {error}")
