"""The conformance suite: what every method must hold, one function a promise.

Each check takes a `Method`, raises AssertionError with one sentence if the promise is broken and
`NotApplicable` if the method does not make it. Whatever a plugin itself raises passes through.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from harness.method import Method
from harness.method.objective import Objective
from harness.method.space import Choice
from harness.testing.afresh import each_run_starts_afresh
from harness.testing.applicable import NotApplicable, needs_training
from harness.testing.coinciding import coinciding_embeddings_give_no_nan
from harness.testing.devices import WrongDevice, pretended_device, raised_at
from harness.testing.formula import evaluate
from harness.testing.held import an_optimizer_holds_its_parameters
from harness.testing.intact import it_changes_nothing_of_its_process, it_leaves_its_inputs_unchanged
from harness.testing.learning import it_beats_the_untrained_embedding, toy_record
from harness.testing.rows import the_order_of_rows_does_not_matter
from harness.testing.toys import ToyRun, gradients_of, toy_context, toy_label_sets
from harness.training import Tampered
from harness.training.optimizers import method_state

if TYPE_CHECKING:
    from harness.method.space import Value

Check = Callable[[Method], None]
STEPS = 4
_SIZES = "with 11 classes of 3 samples, 6 dimensions and 20 steps"


def it_says_what_it_is(method: Method) -> None:
    """Summary and reference are given: a leaderboard prints them."""
    assert method.summary.strip(), f"{method.name} has no summary"
    assert method.reference.strip(), f"{method.name} has no reference: a paper, or 'unpublished'"


def it_builds_at_its_defaults(method: Method) -> None:
    """The default point of the space gives an Objective."""
    needs_training(method)
    with method_state(0, method.name, fold=0) as generator:
        context = toy_context(generator=generator, label_sets=toy_label_sets(method))
        objective = method.objective(method.defaults(), context)
    assert isinstance(objective, Objective), (
        f"{method.name}: build returned {type(objective).__name__}, not a harness.Objective"
    )


def it_works_at_both_ends_of_every_range(method: Method) -> None:
    """Each bound and option, the others at their defaults, builds and gives a finite scalar."""
    needs_training(method)
    if not method.space:
        raise NotApplicable(f"{method.name} has no hyperparameters")
    for name, value in _ends(method):
        loss = ToyRun(method, {name: value}).loss()
        assert loss.ndim == 0, f"{method.name}: loss at {name}={value!r} is not a 0-dim tensor"
        assert torch.isfinite(loss), (
            f"{method.name}: the loss at {name}={value!r}, an end of its range, is {loss.item()} "
            "on a toy batch: a search may try it"
        )


def its_loss_is_a_finite_scalar(method: Method) -> None:
    """The loss of a few batches at the defaults is a finite 0-dim floating-point tensor."""
    needs_training(method)
    run = ToyRun(method)
    for step in range(STEPS):
        loss = run.loss(step)
        assert isinstance(loss, Tensor), f"{method.name}: the loss is a {type(loss).__name__}"
        shape = tuple(loss.shape)
        assert shape == (), f"{method.name}: the loss has shape {shape}, not ()"
        assert loss.is_floating_point(), f"{method.name}: the loss is {loss.dtype}, not a float"
        assert torch.isfinite(loss), f"{method.name}: the loss is {loss.item()} on a toy batch"


def it_fits_other_sizes(method: Method) -> None:
    """A run of other classes, samples, dimensions and steps has a finite loss at its last step.

    The usual toy has as many classes as dimensions, which no run has.
    """
    needs_training(method)
    try:
        run = _of_other_sizes(method)
        for epoch in range(1, run.context.steps // run.context.steps_per_epoch):
            run.begin_epoch(epoch)
        loss = run.loss(run.context.steps - 1)
    except Exception as error:
        raise AssertionError(
            f"{method.name}: {_SIZES}, it raises {type(error).__name__}: "
            f"{' '.join(str(error).split())} ({raised_at(error)}); take sizes from the context "
            "and the batch"
        ) from None
    assert torch.isfinite(loss), f"{method.name}: {_SIZES}, its loss is {loss.item()}"


def gradients_reach_the_backbone(method: Method) -> None:
    """Backward from the loss gives finite gradients, not all zero, to the backbone."""
    needs_training(method)
    run = ToyRun(method)
    _backward(run)
    gradients = gradients_of(run.embed.backbone)
    assert gradients, f"{method.name}: no gradient reaches the backbone"
    assert all(bool(torch.isfinite(gradient).all()) for gradient in gradients), (
        f"{method.name}: gradients of the backbone are not finite"
    )
    assert any(gradient.any() for gradient in gradients), (
        f"{method.name}: all gradients of the backbone are zero over {STEPS} toy batches"
    )


def gradients_reach_all_its_parameters(method: Method) -> None:
    """Each trainable parameter of the Objective gets a gradient in one of a few batches."""
    needs_training(method)
    run = ToyRun(method)
    own = {n: p for n, p in run.objective.named_parameters() if p.requires_grad}
    if not own:
        raise NotApplicable(f"{method.name} has no parameters of its own")
    _backward(run)
    idle = [name for name, p in own.items() if p.grad is None or not p.grad.any()]
    assert not idle, (
        f"{method.name}: no gradient reaches {', '.join(idle)} in {STEPS} toy batches "
        "(set requires_grad=False on what is not trained)"
    )


def it_has_the_parameters_it_declares(method: Method) -> None:
    """`Method.parameters`, a formula, gives the number of the Objective's trainable parameters."""
    needs_training(method)
    numbers = {name: v for name, v in method.defaults().items() if isinstance(v, int | float)}
    for run in (ToyRun(method), _of_other_sizes(method)):
        context = run.context
        known = {
            "C": context.classes,
            "d": context.embedding_size,
            "F": context.feature_size,
            "D": math.prod(context.input_shape),
            "V": sum(one.values for one in context.label_sets),
            "L": len(context.label_sets),
        }
        declared = evaluate(method.parameters, {**numbers, **known})
        counted = sum(p.numel() for p in run.objective.parameters() if p.requires_grad)
        assert counted == declared, (
            f"{method.name}: it declares parameters={method.parameters!r}, {declared:g} on the toy "
            f"with {context.classes} classes and {context.embedding_size} dimensions, and has "
            f"{counted}"
        )


def its_readout_is_linear_and_no_wider(method: Method) -> None:
    """A method that declares a readout finishes with a finite matrix of the width allowed."""
    if not method.readout:
        raise NotApplicable(f"{method.name} ends in no readout")
    record = toy_record(method)
    reason = record.reason.message if record.reason else ""
    if record.state == "skipped":
        raise NotApplicable(f"{method.name} {reason}")
    assert record.state == "done", f"{method.name}: a run on the toy failed: {reason}"


def the_same_seed_gives_the_same_loss(method: Method) -> None:
    """Two runs of one seed give the same losses bit for bit, whatever was drawn in between."""
    needs_training(method)
    first = _losses(ToyRun(method, seed=3))
    torch.rand(7)
    second = _losses(ToyRun(method, seed=3))
    assert first == second, (
        f"{method.name}: two runs of one seed give the losses {first} and {second}: draw from "
        "context.generator or the global generators, and from nothing seeded elsewhere"
    )


def it_works_without_labels(method: Method) -> None:
    """A method that declares labels='none' trains on batches and a view without labels."""
    needs_training(method)
    if method.labels != "none":
        raise NotApplicable(f"{method.name} uses labels")
    loss = ToyRun(method).loss()
    assert torch.isfinite(loss), f"{method.name}: the loss without labels is {loss.item()}"


def it_leaves_the_backbone_alone(method: Method) -> None:
    """Preparing and the loss change no weight and leave no gradient there: the core trains."""
    needs_training(method)
    run = ToyRun(method)
    try:
        for step in range(STEPS):
            run.loss(step)
            run.guard.check_no_gradient()
            run.guard.check()
    except Tampered as error:
        raise AssertionError(f"{method.name}: {error}") from None
    weights = run.embed.backbone.named_parameters()
    frozen = [name for name, weight in weights if not weight.requires_grad]
    assert not frozen, f"{method.name}: it froze the backbone's {', '.join(frozen)}"


def it_stays_on_one_device(method: Method) -> None:
    """Building, preparing, the loss and its gradients mix no tensors of two devices.

    Tried on a device that is only pretended, so that no accelerator is needed.
    """
    needs_training(method)
    with pretended_device() as pretended:
        try:
            run = ToyRun(method, device=pretended.device)
            for step in range(2):
                run.loss(step).backward()  # type: ignore[no-untyped-call]
        except WrongDevice as error:
            raise AssertionError(
                f"{method.name}: {error} ({raised_at(error)}); make tensors on context.device, or "
                "on the device of what they meet"
            ) from None
    where = {str(weight.device) for weight in run.objective.parameters()}
    assert where <= {str(pretended.device)}, f"{method.name}: parameters are left on the CPU"


_INTACT = ("it_changes_nothing_of_its_process",)
_BUILT = (*_INTACT, "it_builds_at_its_defaults")
_A_LOSS = (*_BUILT, "its_loss_is_a_finite_scalar")
_HELD = (*_A_LOSS, "an_optimizer_holds_its_parameters")
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "it_says_what_it_is": (),
    "it_changes_nothing_of_its_process": (),
    "it_builds_at_its_defaults": _INTACT,
    "its_readout_is_linear_and_no_wider": _INTACT,
    "each_run_starts_afresh": _BUILT,
    "its_loss_is_a_finite_scalar": _BUILT,
    "gradients_reach_the_backbone": (*_A_LOSS, "coinciding_embeddings_give_no_nan"),
    "gradients_reach_all_its_parameters": (*_HELD, "gradients_reach_the_backbone"),
    "it_has_the_parameters_it_declares": (*_HELD, "it_fits_other_sizes"),
    "it_stays_on_one_device": _HELD,
    "the_same_seed_gives_the_same_loss": (*_A_LOSS, "each_run_starts_afresh"),
    "the_order_of_rows_does_not_matter": (*_A_LOSS, "the_same_seed_gives_the_same_loss"),
    "it_beats_the_untrained_embedding": (
        *_HELD,
        "each_run_starts_afresh",
        "coinciding_embeddings_give_no_nan",
        "gradients_reach_the_backbone",
        "it_leaves_its_inputs_unchanged",
        "it_leaves_the_backbone_alone",
        "the_order_of_rows_does_not_matter",
    ),
}


def needs_of(check: Check) -> tuple[str, ...]:
    """The checks without which this one would say again what they say; most need a loss."""
    return _NEEDS.get(check.__name__, _A_LOSS)


CHECKS: tuple[Check, ...] = (
    it_says_what_it_is,
    it_changes_nothing_of_its_process,
    it_builds_at_its_defaults,
    each_run_starts_afresh,
    its_loss_is_a_finite_scalar,
    coinciding_embeddings_give_no_nan,
    it_works_at_both_ends_of_every_range,
    it_fits_other_sizes,
    gradients_reach_the_backbone,
    an_optimizer_holds_its_parameters,
    gradients_reach_all_its_parameters,
    it_has_the_parameters_it_declares,
    its_readout_is_linear_and_no_wider,
    the_same_seed_gives_the_same_loss,
    it_works_without_labels,
    it_leaves_its_inputs_unchanged,
    it_leaves_the_backbone_alone,
    the_order_of_rows_does_not_matter,
    it_stays_on_one_device,
    it_beats_the_untrained_embedding,
)


def _of_other_sizes(method: Method) -> ToyRun:
    """No two sizes alike, and no number of rows that the usual toy's would divide."""
    classes = 12 if method.batch == "pairs" else 11  # pairs come from four classes at a time
    return ToyRun(method, classes=classes, each=3, embedding_size=6, steps=20)


def _ends(method: Method) -> Iterator[tuple[str, Value]]:
    for name, bounds in method.space.items():
        ends = bounds.options if isinstance(bounds, Choice) else (bounds.low, bounds.high)
        for value in ends:
            yield name, value


def _losses(run: ToyRun) -> list[float]:
    return [run.loss(step).item() for step in range(STEPS)]


def _backward(run: ToyRun) -> None:
    """Backward from a few batches, half of them in the second of the toy's two epochs."""
    for step in range(STEPS):
        if step == STEPS // 2:
            run.begin_epoch(1)
        loss = run.loss(step)
        assert loss.requires_grad, f"{run.method.name}: the loss has no gradient"
        loss.backward()  # type: ignore[no-untyped-call]
