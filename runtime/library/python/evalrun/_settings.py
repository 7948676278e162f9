"""What holds for all runs of this process."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Sequence


@dataclass
class Settings:
    images: list[str] | None = None
    keys: dict[str, Any] = field(default_factory=dict)


settings = Settings()


def configure(
    *,
    images: Sequence[str | os.PathLike[str]] | None = None,
    keys: Mapping[str, Any] | None = None,
) -> None:
    """Says what holds for every later run of this process, whoever starts it. Call it before the first one.

    images: folders of images. Without it: $EVALRUN_IMAGES, then those that came with this package or with evalrun.
    keys: keys of every run's plan, as `keys` of run(). `{"require.landlock_net": "if-available"}` accepts a kernel
        that lacks a layer; without that, a run on such a kernel raises SandboxError.
    """
    if images is not None:
        settings.images = [os.fspath(folder) for folder in images]
    if keys is not None:
        settings.keys = dict(keys)


def image_folders() -> list[str] | None:
    """None: the library's own search."""
    if settings.images is not None:
        return settings.images
    if os.environ.get("EVALRUN_IMAGES"):
        return None
    shipped = Path(__file__).with_name("images")
    return [str(shipped)] if shipped.is_dir() else None


def cpu_count() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0))
