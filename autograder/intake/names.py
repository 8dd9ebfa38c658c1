"""File names of submissions: which expected file a name stands for, and how to show it safely.

A student's `q0_toy.py` comes back as `q0_toy (1).py` from a browser, as `Copy of q0_toy.py` from a
drive, as `smith_123_456_q0_toy.py` from a course site. Names are the student's: they are put into
messages, Markdown and folder names only through `shown` and `safe`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from autograder.intake.sites import label

# How near a name is to the expected one: lower wins. The last has a person's name beside it.
EXACT, CASE, RENAMED, PREFIXED, NAMED = range(5)

ARCHIVES = (".tar.gz", ".tar.xz", ".tar.bz2", ".zip", ".rar", ".7z", ".tgz", ".tar")
_LONGEST = 255  # characters; what a disk allows, and it bounds the work of the patterns
_LONGEST_SAFE = 100  # characters of a folder's name
_CODE = re.compile(r"(.+?)\.py(?:\.txt|\.py)? *", re.DOTALL | re.IGNORECASE)
_COPY = re.compile(r"(?: ?\(\d{1,3}\)|[-_ ]\d{1,2}|(?: -)?[ _-]copy(?: ?\(?\d{1,3}\)?)?){0,2} *")
_WORD = re.compile(r"[^\W_]+")
_OF_VERSIONS = re.compile(
    r"v?\d{1,2}|v|version|ver|rev|copy|of|final|finale|finished|last|latest|new|newest|newer|fixed"
    r"|fix|done|complete|completed|corrected|updated|update|edited|solution|solutions|solved|sol"
    r"|submission|submit|submitted|resubmission|resubmit|handin|my|me|ok|good|working|correct|attempt|try"
)
# Files beside the expected ones, which no student means to hand in in their place.
_OF_OTHERS = re.compile(
    r"tests?|old|older|backup|bak|orig|original|originals|stub|stubs|template|empty|draft|drafts"
    r"|utils?|helpers?|plots?|plotting|check|checks|debug|scratch|tmp|temp|config|main|run|demo"
    r"|example|wrong|broken|unused|notebook|checkpoint|experiments?|playground"
    r"|starter|skeleton|handout|released?|provided"
)
# Names that Windows keeps for itself, and those of the files beside the folders of submissions.
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?|grades\.csv|timings\.csv|manifest\.json"
    r"|sentences\.toml",
    re.IGNORECASE,
)
_USUAL, _USUAL_SAFE = (re.compile(rf"[\w.{more}-]*", re.ASCII) for more in (" (),/+", ""))
# What systems and tools leave behind, and what holds no work of the student's.
_JUNK = frozenset(("__macosx", "__pycache__", "node_modules", "site-packages", "venv", "env"))
# Folders of one person's work, not people.
_PARTS = re.compile(
    r"student[-_ ]?src|src|source|code|py|python|homework|hw\d{0,2}|assignments?[-_ ]?\d{0,2}"
    r"|test_resources|notebooks?|data|figures?|images?|img|pictures?|plots?|models?|checkpoints?"
    r"|runs|results?|outputs?|work|project|docs?|reports?|parts?[-_ ]?\d{1,2}|q\d{1,2}"
    r"|submission[-_ ][a-z]+|questions?[-_ ]?\d{1,2}|tasks?[-_ ]?\d{1,2}|\d\d_[a-z]+"
)

_TOPICS = frozenset(
    "training trainer autoencoder variational autoencoders denoising classifier free guidance"
    " generative model models diffusion vaes and deep learning ml dl a the".split()
)


@dataclass(frozen=True)
class Match:
    """Which file a name stands for.

    Attributes:
        expected: that file.
        rank: how near the name is; one of the constants of this module.
        student: whose it is: the key of a course site's label, or the name beside the file's.
        copy: True if it only has a number or "copy" besides, as browsers and drives add.
        own: True if the student gave it another name than the expected one, not a site alone.
    """

    expected: str
    rank: int
    student: str = ""
    copy: bool = False
    own: bool = False


def match(name: str, expected: Sequence[str]) -> Match | None:
    """Which of the `expected` files a file called `name` stands for, if any."""
    if name in expected:
        return Match(name, EXACT)
    if len(name) > _LONGEST or ".py" not in name.casefold():
        return None
    return _match(name, tuple(expected))


@lru_cache(maxsize=1 << 14)  # names are asked for when a class is planned, looked at and graded
def _match(name: str, expected: tuple[str, ...]) -> Match | None:
    of = label(name)
    if of is None:
        return _by_student(name, expected)
    found = _by_student(of.file, expected) if of.file else None
    return found and Match(found.expected, PREFIXED, of.key, own=found.rank != EXACT)


def _by_student(name: str, expected: tuple[str, ...]) -> Match | None:
    if name in expected:
        return Match(name, EXACT)
    code = _CODE.fullmatch(name.casefold().strip())
    if not code:
        return None
    for wanted, pattern in _patterns(expected):
        places = list(pattern.finditer(code[1]))
        if places:
            before, after = code[1][: places[-1].start()], code[1][places[-1].end() :]
            return _renamed(name, wanted, before, after)
    return None


@lru_cache(maxsize=8)
def _patterns(expected: tuple[str, ...]) -> list[tuple[str, re.Pattern[str]]]:
    """For each expected file, longest first, what finds its name whatever separates its words."""
    found = []
    for wanted in sorted(expected, key=len, reverse=True):
        words = map(re.escape, wanted.casefold().removesuffix(".py").split("_"))
        pattern = rf"(?:^|(?<=[-_ ])){'[-_ .]?'.join(words)}(?=$|[-_ (.])"
        found.append((wanted, re.compile(pattern)))
    return found


def _renamed(name: str, wanted: str, before: str, after: str) -> Match | None:
    while before.startswith("copy of "):
        before = before.removeprefix("copy of ")
    if not before and _COPY.fullmatch(after):
        rank = CASE if name.casefold() == wanted.casefold() else RENAMED
        copy = bool(after) or "copy of" in name.casefold()
        return Match(wanted, rank, copy=copy, own=True)
    words = _WORD.findall(f"{before} {_uncopied(after)}")
    if any(map(_is_of_others, words)):
        return None
    people = [word for word in words if not _is_of_versions(word)]
    if not people:
        return Match(wanted, RENAMED, own=True)
    by_site = name.endswith(f" - {wanted}")  # as Google Classroom puts the name in front
    return Match(wanted, NAMED, " ".join(people), own=not by_site)


def person(name: str) -> str:
    """A name as `Match.student` has it."""
    return " ".join(_WORD.findall(name.casefold()))


@lru_cache(maxsize=1 << 12)
def _is_of_others(word: str) -> bool:
    return bool(_OF_OTHERS.fullmatch(word))


@lru_cache(maxsize=1 << 12)
def _is_of_versions(word: str) -> bool:
    return bool(_OF_VERSIONS.fullmatch(word))


def _uncopied(after: str) -> str:
    return re.sub(r"\(\d{1,3}\)", " ", after)


def is_archive(name: str) -> bool:
    return name.casefold().endswith(ARCHIVES)


def is_notebook(name: str) -> bool:
    return name.casefold().endswith(".ipynb")


def stem(name: str) -> str:
    """The name without the ending of an archive or of Python."""
    ending = next((e for e in (".py", *ARCHIVES) if name.casefold().endswith(e)), "")
    return name[: len(name) - len(ending)] or name


@lru_cache(maxsize=1 << 12)
def is_junk(part: str) -> bool:
    """True for folders and files that systems and tools leave behind: hidden ones, caches."""
    return part.startswith(".") or part.casefold() in _JUNK


def is_part(folder: str, expected: Sequence[str]) -> bool:
    """True if a folder's name is of a part or a version of somebody's work, and nobody's name."""
    name = stem(folder).casefold().strip()
    if _PARTS.fullmatch(name):
        return True
    if any(file.casefold().removesuffix(".py").startswith(name) for file in expected if name):
        return True  # q0, q0_toy
    return is_version(name)


def is_topic(folder: str, expected: Sequence[str]) -> bool:
    """True if a folder's name tells what is in it, if perhaps with a version: `toy`, `Toy 2`."""
    own = {word for file in expected for word in _words(stem(file))}
    rest = [word for word in _words(stem(folder)) if word not in own | _TOPICS]
    return not rest or is_version(" ".join(rest))


def about(names: Iterable[str], expected: Sequence[str]) -> list[str]:
    """The expected files of the assignments that `names` name; all of them if they name none.

    An assignment is named by a word that all of its files have and no other's: `toy`.
    """
    sets: dict[str, list[str]] = {}
    for file in expected:
        sets.setdefault(assignment(file), []).append(file)
    words = {a: set.intersection(*(_words(stem(f)) for f in files)) for a, files in sets.items()}
    told = set().union(*(_words(stem(name)) for name in names))
    found = [
        file
        for a, files in sets.items()
        if told & words[a].difference(*(other for b, other in words.items() if b != a))
        for file in files
    ]
    return found or list(expected)


def assignment(file: str) -> str:
    return file.partition("_")[0]


def _words(name: str) -> set[str]:
    return set(_WORD.findall(name.casefold()))


def is_version(folder: str) -> bool:
    """True if a folder's name tells a version of somebody's work: `final`, `backup 2`."""
    words = _WORD.findall(folder.casefold())
    return bool(words) and all(
        _is_of_versions(word) or _is_of_others(word) or _PARTS.fullmatch(word) for word in words
    )


def _is_plain(c: str) -> bool:
    return unicodedata.category(c)[0] in "LNM"


def shown(name: str, longest: int = 80) -> str:
    """`name` for a message: no control characters, no markup, not long."""
    text = name[: 4 * longest]
    if not _USUAL.fullmatch(text):
        text = unicodedata.normalize("NFC", text)
        text = "".join(c if _is_plain(c) or c in " ._-(),/+" else "?" for c in text)
    return _cut(text, longest, "...")


def listed(names: Sequence[str], most: int = 4) -> str:
    """`a, b and 7 more`."""
    text = ", ".join(shown(name) for name in names[:most])
    return text + (f" and {len(names) - most} more" if len(names) > most else "")


def safe(name: str) -> str:
    """`name` as the name of a file or folder on any system; of a long one the middle is cut."""
    text = name
    if not _USUAL_SAFE.fullmatch(text):
        text = unicodedata.normalize("NFC", text)
        text = "".join(c if _is_plain(c) or c in "._-" else "_" for c in text)
    text = text.strip("._-") or "submission"
    if len(text) > _LONGEST_SAFE or len(text.encode()) > 2 * _LONGEST_SAFE:
        most = min(_LONGEST_SAFE, 2 * _LONGEST_SAFE * len(text) // len(text.encode())) - 9
        text = f"{_cut(text, most, '..')}-{mark(name)}"
    return text + "_" if _RESERVED.fullmatch(text) else text


def mark(name: str) -> str:
    """A few letters that tell names apart which look alike once they are `safe`."""
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:6]


def _cut(text: str, longest: int, gap: str) -> str:
    """Without its middle, if it is too long: names differ at their ends."""
    if len(text) <= longest:
        return text
    head = (longest - len(gap)) // 3
    return text[:head] + gap + text[len(text) - (longest - len(gap) - head) :]
