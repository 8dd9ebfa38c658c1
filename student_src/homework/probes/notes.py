"""What probes saw a student's code do, in words from one list.

A note explains a wrong result better than its values do: that the network was never called, or was
called with the wrong things. `note` is called in probes and in the networks they hand over;
`homework.probing` collects what was noted while a probe ran.
"""

from __future__ import annotations

NOTES = {
    "never called": "your code never calls `eps_model`; the predicted noise comes from it",
    "not needed": "your code calls `eps_model`, which this task does not need: what it predicts "
    "has been handed in already",
    "keywords": "your code passes a keyword that `eps_model` does not have; pass its arguments by "
    "position, the images first",
    "arguments": "your code calls `eps_model` with the wrong number of arguments",
    "time for labels": "your code passes a time or a noise level to `eps_model` where it takes the "
    "labels; this network takes no time",
    "shape of time": "`eps_model` takes one time per image, a tensor of shape (batch,)",
    "shape of labels": "`eps_model` takes one label per image, a tensor of shape (batch,), or None",
    "range of labels": "`eps_model` takes integer labels from 0 to 9, or None for no label",
    "shape of images": "`eps_model` takes images of shape (batch, channels, height, width)",
    "no draws": "your code draws no random numbers, but this estimate is made from samples",
}
_noted: list[str] = []


def note(key: str) -> None:
    """Note one of `NOTES`."""
    if key not in _noted:
        _noted.append(key)


def take() -> tuple[str, ...]:
    """What was noted since the last call."""
    noted = tuple(_noted)
    _noted.clear()
    return noted
