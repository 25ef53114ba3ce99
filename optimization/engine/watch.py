"""When to stop: a clock, an interrupt, or both. Parts of the engine ask; nothing is killed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Watch:
    """Asked between steps. Once it has said stop, the plan is not repeatable (`has_struck`)."""

    seconds: float = float("inf")
    is_interrupted: Callable[[], bool] = lambda: False
    started: float = field(default_factory=time.monotonic)
    has_struck: bool = False

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started

    @property
    def left(self) -> float:
        """Seconds left, at least 0."""
        return max(self.seconds - self.elapsed, 0.0)

    def is_over(self) -> bool:
        if self.elapsed >= self.seconds or self.is_interrupted():
            self.has_struck = True
        return self.has_struck
