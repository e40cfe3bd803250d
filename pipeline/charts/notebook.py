"""Charts as a notebook shows them: drawn here, since nothing may be fetched for it."""

from __future__ import annotations

from typing import Any

import altair


class Chart(altair.LayerChart):
    """An Altair chart, to be changed as any other, that shows itself as SVG.

    Altair's own renderers load Vega from the network. Front ends that have Vega on
    board are given the specification, too.
    """

    def _repr_mimebundle_(self, *_: object, **__: object) -> dict[str, Any]:
        import vl_convert

        spec = self.to_dict()
        major = altair.VEGALITE_VERSION.split(".")[0]
        return {
            "image/svg+xml": vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]),
            f"application/vnd.vegalite.v{major}+json": spec,
            "text/plain": repr(self),
        }
