"""Every method cites one paper, as a BibTeX entry that BibTeX can read."""

import re
from collections import defaultdict

import pytest
from bench_methods import METHODS

CONTAINER = {
    "article": "journal",
    "inproceedings": "booktitle",
    "incollection": "booktitle",
    "techreport": "institution",
    "phdthesis": "school",
    "misc": None,
    "book": "publisher",
}
FIELD = re.compile(r"\s*([a-z]+)\s*=\s*")


def parse(text):
    """Kind, key and fields of one BibTeX entry; ValueError if there is anything else."""
    head = re.match(r"@([a-z]+)\{([A-Za-z0-9:_+-]+),", text)
    if head is None or not text.endswith("}"):
        raise ValueError("no entry")
    kind, key = head.groups()
    place, end, fields = head.end(), len(text) - 1, {}
    while text[place:end].strip():
        name = FIELD.match(text, place)
        if name is None:
            raise ValueError(f"no field at {text[place : place + 30]!r}")
        place = name.end()
        closing = end_of_value(text, place)
        if name[1] in fields:
            raise ValueError(f"two fields {name[1]}")
        value = text[place:closing]
        fields[name[1]] = " ".join((value[1:-1] if value.startswith("{") else value).split())
        rest = text[closing:end].lstrip()
        if rest and not rest.startswith(","):
            raise ValueError(f"no comma after {name[1]}")
        place = end - len(rest) + 1 if rest else end
    return kind, key, fields


def end_of_value(text, start):
    """Where a value in braces, or a number, ends."""
    number = re.compile(r"\d+").match(text, start)
    if number:
        return number.end()
    depth = 0
    for place in range(start, len(text) - 1):
        escaped = text[place - 1] == "\\"
        if text[place] == "{" and not escaped:
            depth += 1
        elif text[place] == "}" and not escaped:
            depth -= 1
        if depth == 0:
            if place == start:
                break
            return place + 1
    raise ValueError(f"no value in braces at {text[start : start + 30]!r}")


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_citation_is_one_entry_with_author_title_year_and_where(method):
    kind, _, fields = parse(method.citation.strip())
    where = CONTAINER[kind]
    missing = {"author", "title", "year", *([where] if where else [])} - set(fields)
    assert not missing
    assert all(fields.values())


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_citation_is_of_a_paper_that_the_reference_names(method):
    _, _, fields = parse(method.citation.strip())
    assert re.fullmatch(r"(19|20)\d\d", fields["year"])
    assert fields["year"] in method.reference


def test_one_key_is_one_entry():
    entries = defaultdict(set)
    for method in METHODS:
        entries[parse(method.citation.strip())[1]].add(" ".join(method.citation.split()))
    assert {key: texts for key, texts in entries.items() if len(texts) > 1} == {}


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "@article{a, title = {x}",
        "@article{a, title = {x}} @article{b, title = {y}}",
        "@article{a, title = {x{}, year = {2000}}",
        "@article{a, title = {x} year = {2000}}",
        "@article{a, title = x, year = {2000}}",
        "@article{a, title = {x}, title = {y}}",
    ],
)
def test_what_is_no_entry_is_told(broken):
    with pytest.raises(ValueError, match=r"no |two "):
        parse(broken)


def test_an_entry_is_read_with_nested_braces_and_bare_numbers():
    text = "@article{a1,\n  title = {On {X} and {\\'e}},\n  year = 2000,\n}"
    assert parse(text) == ("article", "a1", {"title": "On {X} and {\\'e}", "year": "2000"})
