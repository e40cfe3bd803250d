"""Why a request is not answered, in OpenAI's shape of an error."""

from __future__ import annotations

from typing import Any

from pipeline.errors import SurveyError


class Refused(SurveyError):
    """A request that cannot be answered: a status, and the field that is at fault."""

    def __init__(
        self, what: str, *, param: str = "", code: str = "", http: int = 400
    ) -> None:
        super().__init__(what)
        self.param, self.code, self.http = param, code, http

    def body(self) -> dict[str, Any]:
        """The answer's body."""
        kind = "server_error" if self.http >= 500 else "invalid_request_error"
        return {
            "error": {
                "message": self.what,
                "type": kind,
                "param": self.param or None,
                "code": self.code or None,
            }
        }


def too_long(tokens: int, context: int) -> Refused:
    """A prompt that leaves no room for an answer, or has none itself."""
    what = (
        f"The prompt has {tokens} tokens and the model's context {context}: make the "
        "prompt shorter or configure a larger context."
    )
    return Refused(what, code="context_length_exceeded")
