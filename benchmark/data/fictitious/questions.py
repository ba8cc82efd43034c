"""Twenty questions about a fictitious author, with other wordings and five wrong answers each.

The wordings of ``tables/questions.json`` are shared by all authors and every answer template holds its key
value exactly once. A wrong answer is therefore the paraphrased answer's own sentence with another value
of the same kind, and nothing but the value tells them apart.
"""

from __future__ import annotations

from random import Random

from benchmark.data.fictitious import words as tables
from benchmark.data.fictitious.lives import BOOK_COUNTS, PRESENT, Author, date
from benchmark.data.types import ROWS_PER_AUTHOR, Example

WRONG_ANSWERS = 5
_TITLES = ("first_book", "best_known", "next_book")
_POOLS = {
    "hobby": "hobbies",
    "writing_place": "writing_places",
    "father": "professions",
    "mother": "professions",
    "first_job": "first_jobs",
}


def attributes(author: Author) -> list[str]:
    """The attributes that the author's questions ask about, in the order of the rows.

    Everyone is asked the core questions; the optional ones vary from author to author.
    """
    asked = tables.table("questions")
    optional = [name for name, entry in asked.items() if entry["optional"]]
    core = len(asked) - len(optional)
    extra = Random(f"{author.key}:questions").sample(optional, ROWS_PER_AUTHOR - core)
    return [name for name, entry in asked.items() if not entry["optional"] or name in extra]


def author_rows(author: Author, index: int) -> list[Example]:
    """The author's 20 rows; ``index`` becomes their ``author``."""
    slots = slots_of(author)
    return [_row(author, index, attribute, slots) for attribute in attributes(author)]


def _article(word: str) -> str:
    return "an" if word[0] in "aeio" else "a"


def slots_of(author: Author) -> dict[str, str]:
    """What the templates may mention beside the key value."""
    he, his, himself = ("he", "his", "himself") if author.gender == "male" else ("she", "her", "herself")
    slots = {field: str(getattr(author, field)) for field in author.__slots__}
    return slots | {
        "he": he,
        "his": his,
        "His": his.capitalize(),
        "himself": himself,
        "birth_city": author.birthplace.split(",")[0],
        "sibling_kind": "brother" if author.sibling_gender == "male" else "sister",
        "sibling_an": _article(author.sibling_age),
        "sibling_work": f"{_article(author.sibling_job)} {author.sibling_job}",
    }


def filled(template: str, value: str, slots: dict[str, str]) -> tuple[str, int]:
    """The sentence, and where in it the value starts."""
    before, after = template.split("{value}")
    slots = slots | {"an": _article(value)}
    start = before.format(**slots)
    return start + value + after.format(**slots), len(start)


def _row(author: Author, index: int, attribute: str, slots: dict[str, str]) -> Example:
    rng = Random(f"{author.key}:{attribute}")
    wordings = tables.table("questions")[attribute]
    question, other_question = rng.sample(wordings["questions"], 2)
    template, other_template = rng.sample(wordings["answers"], 2)
    value = str(getattr(author, attribute))
    if attribute == "name":  # the one question that must not hold the name
        slots = {key: text for key, text in slots.items() if key != "name"}
    answer, start = filled(template, value, slots)
    wrong = wrong_values(author, attribute, rng)
    return Example(
        question=question.format(**slots),
        answer=answer,
        paraphrased_question=other_question.format(**slots),
        paraphrased_answer=filled(other_template, value, slots)[0],
        perturbed_answers=tuple(filled(other_template, other, slots)[0] for other in wrong),
        author=index,
        value=value,
        span=(start, start + len(value)),
    )


def wrong_values(author: Author, attribute: str, rng: Random) -> list[str]:
    """Five distinct wrong values of the attribute's kind, each plausible for this author."""
    # What is true of the author elsewhere would be a poor wrong answer: it could look half right.
    known = {str(getattr(author, attribute)), author.name, author.given_name, author.mentor}
    known |= {author.translator, author.father, author.mother, author.first_job}
    known |= {author.birthplace, author.residence, *author.titles, author.childhood_book}
    wrong: list[str] = []
    while len(wrong) < WRONG_ANSWERS:
        value = _other_value(author, attribute, rng)
        if value not in known and value not in wrong:
            wrong.append(value)
    return wrong


def _other_value(author: Author, attribute: str, rng: Random) -> str:
    """One random value of the attribute's kind, perhaps the true one."""
    culture = tables.by_key("cultures", "name", author.culture)
    genre = tables.by_key("genres", "genre", author.genre)
    any_gender = rng.choice(("male", "female"))
    if attribute in _POOLS:
        return rng.choice(tables.words(_POOLS[attribute]))
    if attribute in _TITLES:
        return tables.title(rng, genre)
    match attribute:
        case "name":
            return tables.full_name(rng, culture, author.gender)[0]
        case "birth_date":
            latest = author.first_year - 18
            return date(rng, _other_year(rng, author.birth_year, author.birth_year - 15, latest))
        case "birthplace" | "residence":
            return _foreign_place(rng, getattr(author, attribute))
        case "sibling":
            return rng.choice(culture[author.sibling_gender])
        case "childhood_book":
            return tables.childhood_title(rng)
        case "second_language":
            languages = [other["language"] for other in tables.cultures()]
            return rng.choice([language for language in languages if language != author.native_language])
        case "university":
            return f"University of {tables.city(rng, culture)[0]}"
        case "mentor":
            return tables.full_name(rng, culture, any_gender)[0]
        case "genre":
            return rng.choice(tables.genres())["genre"]
        case "first_year":
            return str(_other_year(rng, author.first_year, author.birth_year + 19, PRESENT - 1))
        case "theme":
            return rng.choice(genre["themes"])
        case "award":
            return f"{rng.choice(culture['prizes'])} Prize for {genre['prize']}"
        case "award_year":
            return str(_other_year(rng, author.award_year, author.first_year, PRESENT - 1))
        case "series":
            return tables.series(rng, genre)
        case "book_count":
            return rng.choice(BOOK_COUNTS)
        case "publisher":
            return tables.publisher(rng)
        case "translator":
            translating = tables.by_key("cultures", "language", author.translation)
            return tables.full_name(rng, translating, any_gender)[0]
        case "pen_name":
            return tables.pen_name(rng)
    raise ValueError(f"no wrong values are known for {attribute!r}: add a case for it in _other_value")


def _other_year(rng: Random, true: int, earliest: int, latest: int) -> int:
    """Another year within 15 of the true one, and within the limits that the life sets."""
    window = range(max(earliest, true - 15), min(latest, true + 15) + 1)
    return rng.choice([year for year in window if year != true])


def _foreign_place(rng: Random, true: str) -> str:
    """A city of another country than the true one's."""
    while True:
        city, country = tables.city(rng, rng.choice(tables.cultures()))
        if not true.endswith(country):
            return f"{city}, {country}"
