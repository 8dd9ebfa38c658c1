"""What can be wrong with the calls of a network that is handed to a student's code.

The networks of the probes note it. Where a call can go on, the probe returns it as `note_calls`: an
int64 tensor of flags, 0 or 1, in the order of `WRONG_CALLS`. Where it cannot, the call raises a
`TypeError` whose whole text is one of these sentences; `wrong_call` recognises it.
"""

from __future__ import annotations

WRONG_CALLS = {
    "never": "`eps_model` was never called",
    "own-result": "`eps_model` was given its own earlier result in place of an image",
    "time": "`eps_model` was given a time or a noise level, but it takes only `(z, labels)`",
    "no-time": "`eps_model` was called without the times `t`",
    "keyword": "`eps_model` was called with a keyword that it does not have",
    "label-range": "`eps_model` was given a label that is not from 0 to 9; `labels=None` means no "
    "label",
    "no-labels": "labels were handed in, but `eps_model` was called without labels",
}


def wrong_call(text: str) -> str:
    """The key of the sentence that is the text of an exception, or an empty string."""
    return next((key for key, sentence in WRONG_CALLS.items() if sentence == text), "")
