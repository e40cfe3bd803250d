"""What the worker has done, as Prometheus reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Counts:
    """Sums since the start; written by one thread each."""

    requests: int = 0
    stopped: int = 0
    prompt_tokens: int = 0
    written_tokens: int = 0
    seconds: float = 0.0
    waiting: int = 0
    running: int = 0

    def text(self) -> str:
        """In Prometheus' text format."""
        rows = (
            ("requests_total", "counter", "Requests worked on.", self.requests),
            ("stopped_total", "counter", "Left by their client.", self.stopped),
            ("prompt_tokens_total", "counter", "Tokens read.", self.prompt_tokens),
            (
                "generated_tokens_total",
                "counter",
                "Tokens written.",
                self.written_tokens,
            ),
            ("busy_seconds_total", "counter", "Time at work.", round(self.seconds, 6)),
            ("requests_waiting", "gauge", "Requests in line.", self.waiting),
            ("requests_running", "gauge", "Requests at work.", self.running),
        )
        return "".join(
            f"# HELP engine_{name} {text}\n# TYPE engine_{name} {kind}\n"
            f"engine_{name} {value}\n"
            for name, kind, text, value in rows
        )
