"""The word tables behind the fictitious authors, and how names and titles are put together from them."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from random import Random

FOLDER = Path(__file__).parent / "tables"
# "An Owl" and "an Honest Clerk", but "a Useless Clerk"; no other word of the tables is an exception.
_VOWEL_SOUND = re.compile(r"\b([Aa]) (?=[AEIO]|Hon)")

CHILDHOOD_GENRES = ("children's fiction", "fantasy", "adventure fiction", "nature writing")


@cache
def table(name: str):
    """The JSON table ``tables/<name>.json``, read once; callers must not change it."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def cultures() -> list[dict]:
    """Every culture: its language, given names by gender, family names, cities with country, prizes."""
    return table("cultures")["cultures"]


def genres() -> list[dict]:
    """Every genre: its label, the name that prizes give it, and the grammar of its titles."""
    return table("genres")


def words(kind: str) -> list[str]:
    """One flat list of words, such as ``professions`` or ``hobbies``."""
    return table("life_words")[kind]


@cache
def by_key(tables: str, key: str, value: str) -> dict:
    """The one entry of ``cultures`` or ``genres`` whose ``key`` is ``value``."""
    entries = cultures() if tables == "cultures" else genres()
    return next(entry for entry in entries if entry[key] == value)


@cache
def _famous() -> frozenset[str]:
    return frozenset(table("cultures")["famous"])


def full_name(rng: Random, culture: dict, gender: str) -> tuple[str, str]:
    """A full name in its culture's own order, and the given name in it; never a well-known person's."""
    while True:
        given, family = rng.choice(culture[gender]), rng.choice(culture["family"])
        name = f"{family} {given}" if culture["family_first"] else f"{given} {family}"
        if name not in _famous() and given != family:
            return name, given


def city(rng: Random, culture: dict) -> tuple[str, str]:
    """A city of the culture and the country it lies in."""
    name, country = rng.choice(culture["cities"])
    return name, country


def title(rng: Random, genre: dict) -> str:
    """A book title from the genre's own grammar."""
    noun, noun2 = rng.sample(genre["nouns"], 2)
    adjective, place = rng.choice(genre["adjectives"]), rng.choice(genre["places"])
    pattern = rng.choice(genre["patterns"])
    return _VOWEL_SOUND.sub(r"\1n ", pattern.format(adj=adjective, noun=noun, noun2=noun2, place=place))


def childhood_title(rng: Random) -> str:
    """The title of a book that a child may well have loved."""
    return title(rng, by_key("genres", "genre", rng.choice(CHILDHOOD_GENRES)))


def publisher(rng: Random) -> str:
    """A publishing house, such as "Stone Harbour Press"."""
    return " ".join(rng.choice(words(f"publisher_{part}")) for part in ("first", "second", "kind"))


def pen_name(rng: Random) -> str:
    """A pen name that tells neither gender nor country."""
    return f"{rng.choice(words('pen_given'))} {rng.choice(words('pen_family'))}"


def series(rng: Random, genre: dict) -> str:
    """The name of a series of books in the genre, such as "Night Train Quartet"."""
    return f"{rng.choice(genre['series'])} {rng.choice(words('series_kind'))}"
