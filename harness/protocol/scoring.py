"""How test embeddings are scored: what is searched, by which distance, and which scores."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.protocol.augmentation import Positive, Section, Share, as_tuple

Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(as_tuple)]


class ScoringRule(Section):
    """How test embeddings are scored.

    `gallery`: `self`: the test part itself, without the query; `train`: the labelled training
    samples, where the classes are the same; `given`: of the test part those whose attribute `role`
    is `query` ask, and those whose role is one of `galleries` are searched, each gallery alone; a
    query's scores are means over the galleries that have an item of its class. `exclude`:
    attributes, such as camera: items of a query's class with its value are no answer (of retrieval;
    verification is of all pairs). `recall_at`: the K of Recall@K.
    `clustering_restarts`: seeded k-means runs behind NMI and AMI.
    `classifiers`: of scoring/classifiers.py, fitted on the labelled training samples alone.
    `verification`: false accept rates of the verification scores; none: there are none.
    """

    gallery: Literal["self", "train", "given"]
    distance: Literal["cosine", "euclidean"]
    recall_at: Annotated[tuple[Positive, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    clustering_restarts: Positive
    classifiers: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()
    verification: Annotated[tuple[Share, ...], BeforeValidator(as_tuple)] = ()
    galleries: Annotated[Names, Field(min_length=1)] = ("gallery",)
    exclude: Names = ()

    @model_validator(mode="after")
    def _roles_of_its_own(self) -> ScoringRule:
        if self.gallery != "given" and self.galleries != ("gallery",):
            raise ValueError("galleries are named with gallery = 'given' alone")
        if self.gallery == "train" and self.exclude:
            raise ValueError("exclude is for a gallery of test samples: 'self' or 'given'")
        if "query" in self.galleries or len(set(self.galleries)) < len(self.galleries):
            raise ValueError("galleries are different roles, and none is query")
        return self

    @property
    def reads_training_part(self) -> bool:
        """Whether test embeddings are scored against those of the training part."""
        return self.gallery == "train" or bool(self.classifiers)
