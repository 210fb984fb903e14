"""Turns of correcting and learning: what is the same for all, and what is scored."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from harness import Benchmark, Method, Objective, load_board
from harness.cli import correct as command
from harness.cli import main
from harness.correcting import (
    CONTROLS,
    Corrected,
    User,
    correct,
    correcting_document,
    correcting_table,
    read_corrected,
)
from harness.correcting.curves import draw_curves
from harness.correcting.experiment import Course, Turn, by_method, scores_of
from harness.correcting.heads import embedded_after, validation_part
from harness.correcting.results import area
from harness.correcting.verify import verify_corrected
from harness.data.dataset import Dataset
from harness.errors import NotComparable, UserError
from harness.execution.executor import Bench
from harness.execution.plan import Entrant
from harness.protocol import Protocol, load_protocol, protocol_path
from harness.protocol.rules import CorrectingRule
from harness.registry import load_registry
from harness.rescoring.datasets import Datasets, NotAtHand
from harness.rescoring.rescore import RuleBook
from harness.training import Unsupported

TERMS = CorrectingRule(turns=2, clusters=4, members=12, rule="largest", withheld=0.2)
Enter = Callable[[Method], Entrant]


class Raising(Objective):
    def forward(self, batch: Any, embed: Any) -> Any:
        raise RuntimeError("no loss today")


@pytest.fixture
def methods(spread: Method, make_method: Callable[..., Method], entrant: Enter) -> list[Entrant]:
    return [entrant(spread), entrant(make_method(Raising, "broken"))]


def with_terms(bench: Bench, terms: CorrectingRule | None) -> Bench:
    return replace(bench, protocol=bench.protocol.model_copy(update={"correcting": terms}))


def whole(bench: Bench, entrants: list[Entrant], terms: CorrectingRule) -> Corrected:
    *_, found = correct(with_terms(bench, terms), entrants, seeds=1)
    return found


def test_every_method_has_the_same_corrections_and_one_that_fails_is_a_row(
    bench: Bench, methods: list[Entrant]
) -> None:
    *early, found = correct(with_terms(bench, TERMS), methods, seeds=2)
    assert [len(one.courses) for one in early] == list(range(1, len(found.courses)))
    assert all(one.courses == found.courses[: len(one.courses)] for one in early)
    courses = by_method(found.courses)
    assert list(courses) == [*CONTROLS, "spread", "broken"]
    for seed in (0, 1):
        counts = {name: own[seed].corrections for name, own in courses.items()}
        assert len({counts[name] for name in (*CONTROLS, "spread")}) == 1
        assert counts["spread"][0] == 0 < counts["spread"][1] < counts["spread"][2]
        firsts = {own[seed].turns[0]["ami"] for own in courses.values() if len(own[seed].turns) > 1}
        assert len(firsts) == 1  # turn 0 is the encoder's, and the texts scored are the same
    plain = courses["no-learning"][0]
    assert plain.turns[0] == plain.turns[1] == plain.turns[2]
    assert courses["spread"][0].turns[2] != plain.turns[2]
    assert courses["spread"][0].turns[2]["step"] in (0, 10, 20)
    assert "step" not in plain.turns[2]
    broken = courses["broken"][0]
    assert len(broken.turns) == 1
    assert "no loss today" in broken.reason
    assert found.notes[0].startswith("broken: seed 0, turn 1: ")
    document = json.loads(json.dumps(correcting_document(found), allow_nan=False))
    areas = {(one["method"], one["score"]): one for one in document["areas"]}
    assert areas["no-learning", "ami"]["less_no_learning"]["mean"] == 0.0
    assert areas["spread", "unseen_map_at_r"]["area"]["n"] == 2
    assert ("broken", "ami") not in areas
    assert ("cop-k-means", "map_at_r") not in areas  # it embeds nothing
    rows = {row["method"]: row for row in correcting_table(found).rows}
    assert rows["broken"]["turn 2"] is None
    assert rows["spread"]["worth"] is not None


def test_the_same_seed_gives_the_same_scores(bench: Bench, methods: list[Entrant]) -> None:
    short = TERMS.model_copy(update={"turns": 1})
    first, again = (whole(bench, methods[:1], short).courses for _ in range(2))
    assert [one.turns for one in first] == [one.turns for one in again]


def test_adaptive_users_see_each_methods_own_clusters_under_another_name(
    bench: Bench, methods: list[Entrant]
) -> None:
    common = by_method(whole(bench, methods[:1], TERMS).courses)
    own = by_method(whole(bench, methods[:1], TERMS.model_copy(update={"adaptive": True})).courses)
    assert list(own) == [*CONTROLS, "spread (adaptive)"]
    # The first turn shows the encoder's clusters to all.
    firsts = common["spread"][0], own["spread (adaptive)"][0]
    assert firsts[0].corrections[1] == firsts[1].corrections[1]
    assert firsts[0].turns[2] != firsts[1].turns[2]


def test_a_method_is_given_what_was_corrected_and_nothing_else(
    bench: Bench, make_method: Callable[..., Method], spread_objective: Any, entrant: Enter,
    notes: Any,
) -> None:  # fmt: skip
    class Noting(spread_objective):  # type: ignore[misc]
        def prepare(self, view: Any, embed: Any) -> None:
            notes((len(view), None if view.labels is None else view.labels.tolist()))

    told = np.arange(0, 240, 3)
    validation = validation_part(bench.dataset.labels, told, 0.25, seed=0, turn=1)
    embeddings, step = embedded_after(
        entrant(make_method(Noting)), bench, told, validating=0.25, seed=0, turn=1
    )
    assert embeddings.shape == (240, 16)
    assert step in (0, 10, 20)
    ((count, labels),) = notes.read()
    assert count == len(told) - len(validation) == 60
    assert labels == bench.dataset.labels[np.setdiff1d(told, validation)].tolist()


def test_validation_takes_two_of_a_class_at_least_and_leaves_two() -> None:
    labels = np.repeat(np.arange(4), [3, 4, 8, 40])
    part = validation_part(labels, np.arange(55), 0.25, seed=0, turn=1)
    assert np.bincount(labels[part], minlength=4).tolist() == [0, 2, 2, 10]
    other = validation_part(labels, np.arange(55), 0.25, seed=0, turn=2)
    assert part.tolist() != other.tolist()
    with pytest.raises(Unsupported, match="7 corrections make 1"):
        validation_part(labels, np.arange(7), 0.25, seed=0, turn=1)


def test_only_texts_that_are_left_are_scored_and_classes_apart() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1, 2, 2, 3, 3])
    assigned = np.array([0, 0, 9, 1, 1, 9, 2, 3, 2, 3])
    left = np.array([0, 1, 3, 4, 6, 7, 8, 9])
    met = labels[left] < 2
    found = scores_of(Turn(assigned), labels, left, met)
    assert found["seen_ami"] == pytest.approx(1.0)  # the wrong ones are corrected
    assert found["unseen_ami"] < 0.1
    assert 0.0 < found["ami"] < 1.0
    assert "map_at_r" not in found
    alone = scores_of(Turn(assigned), labels, left, labels[left] < 1)
    assert "seen_ami" not in alone  # one class has nothing to be told from


def test_map_at_r_is_of_each_text_among_all_that_are_left() -> None:
    labels = np.array([0, 0, 1, 1, 2, 2])
    rows = np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 2, 2]]
    rows[5] = [0.9, 0.0, 0.1]
    found = scores_of(Turn(labels, rows), labels, np.arange(6), labels < 2)
    # The fifth has nothing nearer than the sixth, which is nearer to the first two.
    assert found["seen_map_at_r"] == 1.0
    assert found["unseen_map_at_r"] == 0.5
    assert found["map_at_r"] == pytest.approx(5 / 6)


def test_the_area_is_the_mean_height_of_the_curve_over_corrections() -> None:
    turns = tuple({"ami": value} for value in (0.2, 0.4, 0.4))
    course = Course(method="m", seed=0, corrections=(0, 100, 400), turns=turns)
    assert area(course, "ami") == pytest.approx((0.3 * 100 + 0.4 * 300) / 400)
    assert area(course, "nmi") is None
    assert area(replace(course, turns=turns[:2]), "ami") is None


def corrected(courses: list[Course]) -> Corrected:
    return Corrected(
        protocol="p", protocol_digest="0", entered=(), environment={},
        overrides=(), dataset="d", dataset_digest="0", texts=9, classes=3,
        terms=TERMS, courses=courses, notes=(),
    )  # fmt: skip


def test_curves_have_a_line_for_each_method_that_has_the_score() -> None:
    turns = tuple({"ami": value, "map_at_r": value} for value in (0.2, 0.4))
    clusters = tuple({"ami": value} for value in (0.2, 0.3))
    courses = [
        Course(method="no-learning", seed=0, corrections=(0, 10), turns=turns),
        Course(method="cop-k-means", seed=0, corrections=(0, 10), turns=clusters),
        Course(method="mine", seed=0, corrections=(0, 10), turns=turns),
        Course(method="mine", seed=1, corrections=(0, 20), turns=turns),
    ]
    (axes,) = draw_curves(corrected(courses), "map_at_r").axes
    named = {line.get_label(): line for line in axes.lines if line.get_label()[0] != "_"}
    assert set(named) == {"no-learning", "mine"}
    assert named["mine"].get_xdata().tolist() == [0, 15]


def test_curves_of_all_controls_and_more_methods_than_colours_can_be_told_apart() -> None:
    turns = tuple({"ami": value} for value in (0.2, 0.4))
    names = (*CONTROLS, *(f"method-{number}" for number in range(12)))
    courses = [Course(method=name, seed=0, corrections=(0, 10), turns=turns) for name in names]
    (axes,) = draw_curves(corrected(courses), "ami").axes
    named = {line.get_label(): line for line in axes.lines if line.get_label()[0] != "_"}
    assert set(named) == set(names)
    dashes = {str(named[name]._dash_pattern) for name in CONTROLS}  # its public name is rounded
    assert len(dashes) == len(CONTROLS)


def refused(said: str) -> Any:
    return pytest.raises(UserError, match=said)


def test_what_cannot_be_corrected_is_refused_in_a_line(
    bench: Bench, tiny_dataset: Dataset, spread: Method, entrant: Enter
) -> None:
    with refused("dataset tiny: holds images"):
        whole(replace(bench, dataset=tiny_dataset), [], TERMS)
    with refused("protocol 'smoke': its split is class-disjoint"):
        whole(replace(bench, protocol=load_protocol("smoke")), [], TERMS)
    with refused(
        r"protocol 'user-corrected': does not say what a user corrects \(\[correcting\]\)"
    ):
        list(correct(with_terms(bench, None), [], seeds=1))
    with refused("cop-k-means is the name of a control"):
        whole(bench, [entrant(replace(spread, name="cop-k-means"))], TERMS)


def test_turns_without_corrections_are_refused(bench: Bench) -> None:
    terms = CorrectingRule(turns=1, clusters=1, members=1, rule="largest", withheld=0.8)
    labels = bench.dataset.labels
    empty = [seed for seed in range(20) if not len(User(labels, terms, seed=seed).look(labels, 1))]
    assert empty  # with clusters that are the classes; those of the encoder are near
    with refused("turn 1 has no corrections"):
        list(correct(with_terms(bench, terms), [], seeds=20))


APP = typer.Typer()
APP.command()(command.correct)

PLUGIN = """
import numpy as np
from harness import Dataset, DatasetSource, hookimpl

def load():
    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(6), 20)
    rows = draw.normal(size=(6, 8))[labels] + 0.5 * draw.normal(size=(120, 8))
    return Dataset(name="toy-texts", inputs=rows.astype(np.float32), labels=labels,
                   class_names=tuple("abcdef"), source="tests", licence="MIT")

@hookimpl
def bench_datasets():
    return [DatasetSource(name="toy-texts", load=load, summary="toy")]
"""


def ran(*arguments: object) -> Any:
    return CliRunner().invoke(APP, [str(a) for a in arguments], catch_exceptions=False)


def test_the_command_writes_a_table_and_everything_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("bench_methods")
    plugin = tmp_path / "toy.py"
    plugin.write_text(PLUGIN)
    rules = protocol_path("user-corrected").read_text()
    own = tmp_path / "own.toml"
    own.write_text(f"{rules.partition('[datasets.')[0]}[datasets.toy-texts]\n")
    asked = (
        "--protocol", own, "--plugin", plugin, "--seeds", 1,
        "--turns", 1, "--clusters", 3, "--members", 15, "--set", "training.steps=10",
        "--set", "training.steps_per_epoch=10",
        "--set", "backbone.embedding_size=8", "--set", "selection.every=10",
        "--out", tmp_path / "out.json", "--metric", "map_at_r", "--format", "md",
    )  # fmt: skip
    done = ran("--methods", "triplet", *asked, "--figure", tmp_path / "curves.svg")
    assert done.exit_code == 0, done.output
    picture = (tmp_path / "curves.svg").read_text()
    assert picture.startswith("<?xml")
    assert "| triplet | 0." in done.stdout
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["terms"]["members"] == 15
    assert document["format"] == 1
    assert "correcting.members=15" in document["overrides"]
    assert [one["method"] for one in document["entered"]] == [
        "triplet",
        "frozen-features",
        "pca-whitening",
        "random-labels",
    ]
    learnt = ["triplet", *load_protocol("user-corrected").controls]
    assert [one["method"] for one in document["courses"]] == [*CONTROLS, *learnt]
    assert not any(one["reason"] for one in document["courses"])
    assert ran("--methods", "softmax", *asked).exit_code == 0
    more = json.loads((tmp_path / "out.json").read_text())
    assert [one["method"] for one in more["courses"]] == [*CONTROLS, *learnt, "softmax"]
    assert more["courses"][:-1] == document["courses"]
    with monkeypatch.context() as unread:
        unread.setattr("harness.data.loading.load_dataset", None)  # it is said before
        made = "made before is of another protocol (user-corrected with correcting.turns=1,"
        with pytest.raises(NotComparable, match=re.escape(made)):
            ran("--methods", "softmax", *asked, "--turns", 2)
    checked = CliRunner().invoke(
        main.app,
        [
            "verify",
            str(tmp_path / "out.json"),
            "--protocol-file",
            str(own),
            "--plugin",
            str(plugin),
        ],
    )
    assert checked.exit_code == 0
    assert checked.output.endswith("16 looked at, 16 hold, 0 do not\n"), checked.output


def test_data_of_ones_own_are_corrected(tmp_path: Path) -> None:
    pytest.importorskip("bench_methods")
    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 15)
    rows = draw.normal(size=(4, 6))[labels] + 0.3 * draw.normal(size=(60, 6))
    lines = [f"{','.join(f'{one:.3f}' for one in row)},c{label}" for row, label in
             zip(rows, labels, strict=True)]  # fmt: skip
    own = tmp_path / "mine.csv"
    own.write_text("\n".join(["d0,d1,d2,d3,d4,d5,label", *lines]) + "\n")
    done = ran(
        "--methods", "triplet", "--data", own, "--seeds", 1, "--turns", 1, "--clusters", 2,
        "--members", 10, "--set", "training.steps=4", "--out", tmp_path / "out.json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["dataset"] == "mine.csv"
    assert document["overrides"][0] == "data=mine.csv:closed-set"
    assert not any(one["reason"] for one in document["courses"])


def test_wrong_options_are_a_line(tmp_path: Path) -> None:
    with refused("unknown metric 'amy'"):
        ran("--methods", "triplet", "--metric", "amy")
    with refused(r"--figure curves.gif: unknown format 'gif'"):
        ran("--methods", "triplet", "--figure", "curves.gif")
    for option, value, said in (
        ("--rule", "biggest", "'biggest' is not allowed; did you mean 'largest'?"),
        ("--turns", 0, "Input should be greater than 0"),
        ("--clusters", -1, "Input should be greater than 0"),
        ("--members", 0, "Input should be greater than 0"),
        ("--withheld", 2, "Input should be less than 1"),
        ("--withheld", "nan", "Input should be a valid number"),
    ):
        with refused(re.escape(f"{option}: {said}")):
            ran("--methods", "triplet", option, value)
    with refused("--set correcting.rule=x: correcting.rule: 'x' is not allowed"):
        ran("--methods", "triplet", "--set", "correcting.rule=x")
    with refused("give --methods, or --read FILE"):
        ran("--metric", "ami")
    with refused(
        "protocol 'frozen-text': does not say what a user corrects .*; user-corrected does"
    ):
        ran("--methods", "triplet", "--protocol", "frozen-text", "--turns", 2)
    with refused(r"--out .*nowhere/x.json: there is no folder"):
        ran("--methods", "triplet", "--out", tmp_path / "nowhere" / "x.json")


@pytest.mark.methods
@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--device", "gpu", "--device gpu: not a device"), ("--with", "triplet.x=1", "'x'")],
)
def test_what_is_misspelt_is_said_before_texts_are_embedded(
    monkeypatch: pytest.MonkeyPatch, option: str, value: str, said: str
) -> None:
    monkeypatch.setattr("harness.data.loading.load_dataset", None)
    with refused(said):
        ran("--methods", "triplet", option, value)


@pytest.mark.methods
def test_more_seeds_than_the_protocol_has_are_a_line() -> None:
    with refused("--seeds 6: protocol 'user-corrected' has 5 replicates"):
        ran("--methods", "triplet", "--seeds", 6)


def test_what_was_written_is_read_back_and_an_edited_file_is_refused(
    bench: Bench, methods: list[Entrant], tmp_path: Path
) -> None:
    found = whole(bench, methods, TERMS)
    path = tmp_path / "corrected.json"
    document = correcting_document(found)
    path.write_text(json.dumps(document))
    again = read_corrected(path)
    assert correcting_document(again) == document
    assert [one.method for one in again.entered] == ["spread", "broken"]
    shown = ran("--read", path, "--format", "md")
    assert shown.exit_code == 0
    assert "| spread | 0." in shown.stdout
    document["courses"][0]["turns"][0]["ami"] += 0.1
    path.write_text(json.dumps(document))
    with pytest.raises(NotComparable, match="was changed after it was written"):
        read_corrected(path)
    path.write_text(json.dumps({**document, "format": 2}))
    with refused("has format 2, this version reads 1"):
        read_corrected(path)
    path.write_text("{}")
    with refused("is no file of `bench correct --out`"):
        read_corrected(path)


def test_what_is_held_is_kept_and_the_rest_is_as_if_made_at_once(
    bench: Bench, methods: list[Entrant]
) -> None:
    short = with_terms(bench, TERMS.model_copy(update={"turns": 1}))
    *_, at_once = correct(short, methods, seeds=2)
    stopped = next(one for one in correct(short, methods, seeds=2) if len(one.courses) == 6)
    *_, found = correct(short, methods, seeds=2, held=stopped)
    assert correcting_document(found) == correcting_document(at_once)
    assert all(map(operator.is_, found.courses, stopped.courses))
    (again,) = correct(short, methods, seeds=2, held=found)
    assert again.courses == found.courses
    elsewhere = replace(stopped, environment={**stopped.environment, "torch": "1.0"})
    *_, mixed = correct(short, methods, seeds=1, held=elsewhere)
    assert mixed.environment["torch"] == f"1.0 / {found.environment['torch']}"


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("protocol", {"protocol_digest": "0"}),
        ("dataset", {"dataset_digest": "0"}),
        ("version of spread", {"entered": ()}),
    ],
)
def test_courses_that_were_made_otherwise_are_not_gone_on_with(
    bench: Bench, methods: list[Entrant], what: str, change: dict[str, Any]
) -> None:
    short = with_terms(bench, TERMS.model_copy(update={"turns": 1}))
    held = next(correct(short, methods, seeds=1))
    if "entered" in change:
        other = [one.model_copy(update={"source": "of other code"}) for one in held.entered]
        change = {"entered": other}
    with pytest.raises(NotComparable, match=f"made before is of another {what}"):
        next(correct(short, methods, seeds=1, held=replace(held, **change)))


@pytest.fixture
def verified(bench: Bench, methods: list[Entrant], texts: Dataset) -> Callable[..., list[str]]:
    """The problems that verification finds in a file, and what it could not look at."""
    made = whole(bench, methods, TERMS)
    rules = with_terms(bench, TERMS).protocol
    found = replace(made, protocol_digest=rules.digest)

    class Rules(RuleBook):
        def find(self, *_: object, **__: object) -> Protocol:
            return rules

    def of(
        change: Callable[[Corrected], Corrected] = lambda made: made,
        edit: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> list[str]:
        changed = change(found)
        document = correcting_document(changed)
        edit(document)
        checked = list(verify_corrected(document, changed, Rules(), Datasets((), [texts])))
        assert len({one.what for one in checked}) == len(checked) > len(CONTROLS)
        return [f"{one.what}: {told}" for one in checked for told in (*one.problems, one.unseen)
                if told]  # fmt: skip

    return of


def with_course(found: Corrected, place: int, **change: Any) -> Corrected:
    courses = list(found.courses)
    courses[place] = replace(courses[place], **change)
    return replace(found, courses=tuple(courses))


def test_a_file_is_verified_by_its_turns_and_by_the_data(
    verified: Callable[..., list[str]],
) -> None:
    assert verified() == []

    def better(found: Corrected) -> Corrected:
        turns = [dict(turn) for turn in found.courses[1].turns]
        turns[2]["ami"] = 0.99
        return with_course(found, 1, turns=tuple(turns))

    def impossible(found: Corrected) -> Corrected:
        place = len(CONTROLS)
        turns = [dict(turn) for turn in found.courses[place].turns]
        turns[1]["map_at_r"] = 1.5
        return with_course(found, place, turns=tuple(turns))

    def more_told(found: Corrected) -> Corrected:
        (none, first, last) = found.courses[len(CONTROLS)].corrections
        return with_course(found, len(CONTROLS), corrections=(none, first, last + 5))

    assert any("turn 2: ami is 0.990000, computed again" in told for told in verified(better))
    assert any("turn 1: map_at_r is 1.5, outside 0 to 1" in told for told in verified(impossible))
    assert any("those of no-learning are" in told for told in verified(more_told))
    edited = verified(edit=lambda document: document["areas"][0].update(area=0.5))
    assert edited == ["areas: differ from those of the turns"]
    other = verified(lambda found: replace(found, dataset_digest="0" * 64))
    assert len(other) == 1
    assert "is another version here" in other[0]


def test_bench_run_names_the_command_that_goes_through_turns() -> None:
    asked = Benchmark(protocol="user-corrected", methods=list(load_registry().methods)[:1] or "all")
    with refused("`bench correct --protocol user-corrected` goes through them"):
        asked.plan()


def test_the_published_file_holds_and_is_no_board() -> None:
    path = Path(__file__).parents[2] / "results" / "user-corrected" / "debian-packages-small.json"

    class Elsewhere(Datasets):  # going through all controls again takes minutes
        def version(self, name: str, digest: str) -> Dataset:
            raise NotAtHand(f"{name} of digest {digest[:12]} is not at hand")

    document, found = json.loads(path.read_text()), read_corrected(path)
    checked = list(verify_corrected(document, found, RuleBook(), Elsewhere((), [])))
    assert [one.problems for one in checked] == [()] * len(checked)
    assert {one.seed for one in found.courses} == set(range(5))
    with pytest.raises(
        UserError, match=r"no published leaderboard \(`bench correct --read .*json`"
    ):
        load_board(path)
