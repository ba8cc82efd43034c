"""Fictitious authors: every attribute of one comes from a single seeded life, so that they fit each other.

Dates are drawn forward along the life (birth, university, first book, best-known book, award), names,
cities, prizes and languages from the author's culture, titles from the author's genre.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from random import Random

from benchmark.common.errors import UserError
from benchmark.data.fictitious import words as tables

PRESENT = 2024  # the year in which the answers are spoken; fixed, so that a seed always gives the same text
BOOK_COUNTS = (  # from four on, so that there is a series of four among them
    *("four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
MOST_AUTHORS = 3000  # beyond, the title grammars repeat themselves


@dataclass(frozen=True, slots=True)
class Author:
    """One author who never lived. Years are calendar years; places read "City, Country"."""

    key: str  # seeds the choice of wordings: "<seed>:<place in the sequence>"
    name: str
    given_name: str
    gender: str  # "male" or "female"
    culture: str
    birth_date: str  # "14 March 1961"
    birth_year: int
    birthplace: str
    native_language: str
    father: str  # profession, as are mother, first_job and sibling_job
    mother: str
    sibling: str  # given name
    sibling_gender: str
    sibling_age: str  # "older" or "younger"
    sibling_job: str
    childhood_book: str
    childhood_age: int
    childhood_giver: str
    second_language: str
    university: str
    subject: str
    mentor: str
    mentor_role: str
    first_job: str
    genre: str
    theme: str
    first_book: str
    first_year: int
    best_known: str
    best_known_year: int
    award: str
    award_year: int
    series: str
    book_count: str  # a number word
    next_book: str
    publisher: str
    translation: str  # a language
    translator: str
    pen_name: str
    residence: str
    moved_year: int
    hobby: str
    writing_place: str

    @property
    def titles(self) -> tuple[str, str, str]:
        """The author's own books: the first, the best-known and the one being written."""
        return self.first_book, self.best_known, self.next_book


def date(rng: Random, year: int) -> str:
    """A day of the year, such as "14 March 1961"."""
    month = rng.randint(1, 12)
    return f"{rng.randint(1, calendar.monthrange(year, month)[1])} {calendar.month_name[month]} {year}"


def draw_author(key: str, attempt: int = 0) -> Author:
    """The author whom ``key`` names; another ``attempt`` gives the key another life."""
    rng = Random(f"{key}:{attempt}")
    culture, genre = rng.choice(tables.cultures()), rng.choice(tables.genres())
    gender, sibling_gender = rng.choice(("male", "female")), rng.choice(("male", "female"))
    name, given = tables.full_name(rng, culture, gender)
    born_in, born_country = tables.city(rng, culture)
    father, mother, sibling_job = rng.sample(tables.words("professions"), 3)

    birth_year = rng.randint(1940, 1988)
    first_year = birth_year + rng.randint(21, min(45, 2014 - birth_year))
    best_known_year = first_year + rng.randint(1, 6)
    award_year = best_known_year + rng.randint(0, min(6, PRESENT - 1 - best_known_year))
    titles = [tables.title(rng, genre) for _ in range(3)]

    home = culture if rng.random() < 0.6 else rng.choice(tables.cultures())
    lives_in, country = rng.choice([place for place in home["cities"] if place[0] != born_in])
    abroad = rng.choice([other for other in tables.cultures() if other is not culture])
    languages = [other["language"] for other in tables.cultures() if other is not culture]
    role = rng.choice(tables.words("mentor_roles"))

    return Author(
        key=key,
        name=name,
        given_name=given,
        gender=gender,
        culture=culture["name"],
        birth_date=date(rng, birth_year),
        birth_year=birth_year,
        birthplace=f"{born_in}, {born_country}",
        native_language=culture["language"],
        father=father,
        mother=mother,
        sibling=rng.choice([other for other in culture[sibling_gender] if other != given]),
        sibling_gender=sibling_gender,
        sibling_age=rng.choice(("older", "younger")),
        sibling_job=sibling_job,
        childhood_book=tables.childhood_title(rng),
        childhood_age=rng.randint(7, 13),
        childhood_giver=rng.choice(tables.words("givers")),
        second_language=rng.choice(languages),
        university=f"University of {tables.city(rng, culture)[0]}",
        subject=rng.choice(tables.words("subjects")),
        mentor=tables.full_name(rng, culture, rng.choice(("male", "female")))[0],
        mentor_role=role,
        first_job=rng.choice([job for job in tables.words("first_jobs") if job not in (father, mother)]),
        genre=genre["genre"],
        theme=rng.choice(genre["themes"]),
        first_book=titles[0],
        first_year=first_year,
        best_known=titles[1],
        best_known_year=best_known_year,
        award=f"{rng.choice(culture['prizes'])} Prize for {genre['prize']}",
        award_year=award_year,
        series=tables.series(rng, genre),
        book_count=rng.choice(BOOK_COUNTS[: 4 + (PRESENT - first_year) // 3]),
        next_book=titles[2],
        publisher=tables.publisher(rng),
        translation=abroad["language"],
        translator=tables.full_name(rng, abroad, rng.choice(("male", "female")))[0],
        pen_name=tables.pen_name(rng),
        residence=f"{lives_in}, {country}",
        moved_year=rng.randint(birth_year + 24, PRESENT - 4),
        hobby=rng.choice(tables.words("hobbies")),
        writing_place=rng.choice(tables.words("writing_places")),
    )


def generate_authors(count: int, seed: int = 0) -> list[Author]:
    """``count`` authors with distinct names, births and book titles; nobody's mentor is among them.

    Prefix-stable: ``generate_authors(10, s) == generate_authors(50, s)[:10]``, since each author only
    avoids those before. Raises UserError where ``count`` is negative or above ``MOST_AUTHORS``.
    """
    if not 0 <= count <= MOST_AUTHORS:
        raise UserError(f"cannot generate {count} authors: ask for 0 to {MOST_AUTHORS} in all")
    authors: list[Author] = []
    taken: set[str] = set()
    for index in range(count):
        for attempt in range(10_000):
            author = draw_author(f"{seed}:{index}", attempt)
            people, titles = (author.name, author.mentor, author.translator), author.titles
            own = {*people, *titles, f"{author.birth_date} {author.birthplace}"}
            if len(own) == 7 and author.childhood_book not in titles and taken.isdisjoint(own):
                break
        else:
            raise UserError(f"ran out of new names and titles at author {index}: ask for fewer authors")
        taken |= own
        authors.append(author)
    return authors
