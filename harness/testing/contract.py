"""`MethodContract`: the conformance suite for the plugin author's pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.testing import checks
from harness.testing.afresh import each_run_starts_afresh
from harness.testing.coinciding import coinciding_embeddings_give_no_nan
from harness.testing.held import an_optimizer_holds_its_parameters
from harness.testing.intact import it_changes_nothing_of_its_process, it_leaves_its_inputs_unchanged
from harness.testing.learning import it_beats_the_untrained_embedding
from harness.testing.rows import the_order_of_rows_does_not_matter

if TYPE_CHECKING:
    from harness.method import Method


class MethodContract:
    """Subclass this, give one fixture `method` that returns your `Method`; pytest does the rest.

    A promise that your method does not make (a method without parameters of its own has none to
    train) is reported as skipped.
    """

    def test_it_says_what_it_is(self, method: Method) -> None:
        """Summary and reference are given."""
        checks.it_says_what_it_is(method)

    def test_it_builds_at_its_defaults(self, method: Method) -> None:
        """The default point of the space gives an Objective."""
        checks.it_builds_at_its_defaults(method)

    def test_each_run_starts_afresh(self, method: Method) -> None:
        """Nothing of a run is there in the next."""
        each_run_starts_afresh(method)

    def test_it_works_at_both_ends_of_every_range(self, method: Method) -> None:
        """Each bound and option of the space builds and gives a finite scalar loss."""
        checks.it_works_at_both_ends_of_every_range(method)

    def test_it_fits_other_sizes(self, method: Method) -> None:
        """A run of other classes, samples, dimensions and steps has a finite loss."""
        checks.it_fits_other_sizes(method)

    def test_its_loss_is_a_finite_scalar(self, method: Method) -> None:
        """The loss at the defaults is a finite 0-dim tensor."""
        checks.its_loss_is_a_finite_scalar(method)

    def test_gradients_reach_the_backbone(self, method: Method) -> None:
        """The backbone gets finite gradients that are not all zero."""
        checks.gradients_reach_the_backbone(method)

    def test_an_optimizer_holds_its_parameters(self, method: Method) -> None:
        """All that can be trained is a parameter of the Objective once it is prepared."""
        an_optimizer_holds_its_parameters(method)

    def test_gradients_reach_all_its_parameters(self, method: Method) -> None:
        """Each trainable parameter of the Objective gets a gradient."""
        checks.gradients_reach_all_its_parameters(method)

    def test_it_has_the_parameters_it_declares(self, method: Method) -> None:
        """The declared formula gives the number of the Objective's trainable parameters."""
        checks.it_has_the_parameters_it_declares(method)

    def test_its_readout_is_linear_and_no_wider(self, method: Method) -> None:
        """A readout is a finite linear map, no wider than the embedding."""
        checks.its_readout_is_linear_and_no_wider(method)

    def test_the_same_seed_gives_the_same_loss(self, method: Method) -> None:
        """Two runs of one seed agree bit for bit."""
        checks.the_same_seed_gives_the_same_loss(method)

    def test_coinciding_embeddings_give_no_nan(self, method: Method) -> None:
        """Loss and gradients stay finite where embeddings coincide."""
        coinciding_embeddings_give_no_nan(method)

    def test_it_works_without_labels(self, method: Method) -> None:
        """A method that declares no labels needs none."""
        checks.it_works_without_labels(method)

    def test_it_leaves_its_inputs_unchanged(self, method: Method) -> None:
        """No tensor of the batch and no embedding is changed in place."""
        it_leaves_its_inputs_unchanged(method)

    def test_it_changes_nothing_of_its_process(self, method: Method) -> None:
        """No switch that counts for all is left changed."""
        it_changes_nothing_of_its_process(method)

    def test_the_order_of_rows_does_not_matter(self, method: Method) -> None:
        """The rows of a batch may stand in any order."""
        the_order_of_rows_does_not_matter(method)

    def test_it_leaves_the_backbone_alone(self, method: Method) -> None:
        """The loss changes no weight of the backbone and leaves no gradient there."""
        checks.it_leaves_the_backbone_alone(method)

    def test_it_stays_on_one_device(self, method: Method) -> None:
        """No operation mixes tensors of two devices."""
        checks.it_stays_on_one_device(method)

    def test_it_beats_the_untrained_embedding(self, method: Method) -> None:
        """A short run of the core's own doubles MAP@R on toy classes not trained on."""
        it_beats_the_untrained_embedding(method)
