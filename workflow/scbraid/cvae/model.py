"""The conditional variational autoencoder: networks, prior and likelihood put together.

Following Lopez et al. (2018), Nature Methods 15:1053: counts x of a cell with batch s are encoded as a normal posterior
of z, and decoded as p(x | z, s) with mean library size x softmax(decoder(z, s)).
"""

from __future__ import annotations

import itertools
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from scbraid.cvae import likelihoods
from scbraid.cvae.mmd import batch_discrepancy
from scbraid.cvae.networks import Block, Conditions, EncoderInput
from scbraid.cvae.normals import Normals
from scbraid.cvae.priors import make_prior

if TYPE_CHECKING:
    from scbraid.cvae.data import Covariates, Minibatch
    from scbraid.cvae.dimensions import Dimensions
    from scbraid.cvae.parameters import Parameters

SMALLEST_VARIANCE = 1e-4


class Losses(NamedTuple):
    """Parts of the loss, each of shape (cells,), in nats except `mmd`; None where the model has no such part."""

    reconstruction: Tensor
    kl: Tensor
    classification: Tensor | None = None
    mmd: Tensor | None = None

    @classmethod
    def of_all(cls, losses: list[Losses]) -> Losses:
        """Concatenate the losses of several minibatches."""
        return cls._make(None if parts[0] is None else torch.cat(parts) for parts in zip(*losses))

    def weighted(self, kl_weight: float, settings: Parameters) -> Tensor:
        """Weighted sum of the parts, shape (cells,)."""
        weighted = torch.add(self.reconstruction, self.kl, alpha=kl_weight)
        if self.classification is not None:
            weighted = torch.add(weighted, self.classification, alpha=settings.classification_ratio)
        if self.mmd is not None:
            weighted = torch.add(weighted, self.mmd, alpha=settings.mmd_weight)
        return weighted

    def detached(self) -> Losses:
        """Return the values alone."""
        return Losses._make(None if part is None else part.detach() for part in self)


class VAE(nn.Module):
    """Encoder, decoder, prior and, where labels are given, a label head.

    Parameters
    ----------
    settings
        Checked parameters.
    dimensions
        Sizes that the data give.
    """

    def __init__(self, settings: Parameters, dimensions: Dimensions) -> None:
        super().__init__()
        self.settings = settings
        self.dimensions = dimensions
        self.mixed_precision = False
        n_latent, widths = settings.n_latent, settings.widths
        self.conditions = None
        if settings.conditional:
            embedding_dim = settings.embedding_dim if settings.batch_representation == "embedding" else None
            n_categories = (dimensions.n_batches, *dimensions.n_categories)
            self.conditions = Conditions(n_categories, dimensions.n_continuous, embedding_dim=embedding_dim)
        self.encoder = self._blocks("encoder", [dimensions.n_genes, *widths])
        self.latent = nn.Linear(widths[-1], 2 * n_latent)
        self.decoder = self._blocks("decoder", [n_latent, *reversed(widths)])
        self.output = nn.Linear(widths[0], dimensions.n_genes)
        self.output_shift = None
        if self.conditions is not None and settings.condition_output:
            self.output_shift = nn.Parameter(torch.zeros(self.conditions.n_features, dimensions.n_genes))
        self.gate = nn.Linear(widths[0], dimensions.n_genes) if settings.likelihood == "zinb" else None
        self.log_theta = None
        if settings.likelihood != "poisson":
            n_rows = dimensions.n_batches if settings.dispersion == "gene-batch" else 1
            self.log_theta = nn.Parameter(torch.zeros(n_rows, dimensions.n_genes))
        self.prior = make_prior(settings, dimensions)
        self.label_head = nn.Linear(n_latent, dimensions.n_labels) if dimensions.n_labels else None

    def _blocks(self, side: str, widths: list[int]) -> nn.ModuleList:
        settings = self.settings
        n_conditions = 0
        if self.conditions is not None and (side == "decoder" or settings.encode_covariates):
            n_conditions = self.conditions.n_features
        return nn.ModuleList(
            Block(
                n_in,
                n_out,
                n_conditions=n_conditions if i == 0 or settings.deeply_inject_covariates else 0,
                batch_norm=settings.use_batch_norm in ("both", side),
                layer_norm=settings.use_layer_norm in ("both", side),
                activation=settings.activation,
                dropout_rate=settings.dropout_rate if side == "encoder" else 0.0,
            )
            for i, (n_in, n_out) in enumerate(itertools.pairwise(widths))
        )

    def forward(self, minibatch: Minibatch, generator: torch.Generator | None = None) -> Losses:
        """Losses of each cell at one sample of its posterior."""
        device_type = minibatch.library.device.type
        with torch.autocast(device_type, torch.bfloat16) if self.mixed_precision else nullcontext():
            conditions = self.condition(minibatch.covariates)
            posterior = self.encode(minibatch, conditions, generator)
            noise = torch.empty_like(posterior.mean).normal_(generator=generator)
            z = torch.addcmul(posterior.mean, posterior.variance.sqrt(), noise)
            hidden, logits = self.decode(z, conditions)
            gate_logits = None if self.gate is None else self.gate(hidden).float()
        return Losses(
            self._reconstruction(logits, gate_logits, minibatch),
            self.prior.kl(posterior, z, minibatch.covariates, self.posterior_of_dense),
            self._classification(z, minibatch.covariates.label),
            self._mmd(z, minibatch.covariates.batch),
        )

    def condition(self, covariates: Covariates) -> Tensor | None:
        """Condition vectors of some cells, cells x features; None for a plain VAE."""
        return None if self.conditions is None else self.conditions(covariates.codes, covariates.continuous)

    def encode(
        self, minibatch: Minibatch, conditions: Tensor | None, generator: torch.Generator | None = None
    ) -> Normals:
        """Approximate posterior of each cell, cells x n_latent."""

        def transform(counts: Tensor, cells: Tensor) -> Tensor:
            if self.settings.input_transform == "log1p_normalized":
                counts = counts * (self.dimensions.median_library / minibatch.library).index_select(0, cells)
            return torch.log1p(counts)

        first, *others = self.encoder
        hidden = first(EncoderInput(minibatch, transform), conditions, generator)
        for block in others:
            hidden = block(hidden, conditions, generator)
        return self._posterior(hidden)

    def posterior_of_dense(self, inputs: Tensor) -> Normals:
        """Posterior of transformed profiles, profiles x genes, that belong to no batch."""
        conditions = None if self.conditions is None else inputs.new_zeros(len(inputs), self.conditions.n_features)
        training = self.encoder.training
        # these profiles must not enter the running statistics of the cells
        self.encoder.eval()
        hidden = inputs
        for block in self.encoder:
            hidden = block(hidden, conditions, None)
        self.encoder.train(training)
        return self._posterior(hidden)

    def decode(self, z: Tensor, conditions: Tensor | None) -> tuple[Tensor, Tensor]:
        """Last hidden layer (cells x width) and logits of the mean (cells x genes) at latent positions."""
        hidden = z
        for block in self.decoder:
            hidden = block(hidden, conditions, None)
        logits = self.output(hidden)
        if self.output_shift is not None:
            logits = logits.addmm(conditions, self.output_shift)
        return hidden, logits.float() if self.mixed_precision else logits

    def classify(self, z: Tensor) -> Tensor:
        """Probability of each label, cells x labels; of models with a label head."""
        assert self.label_head is not None
        return torch.softmax(self.label_head(z), 1)

    def _posterior(self, hidden: Tensor) -> Normals:
        mean, log_variance = self.latent(hidden).to(self.latent.weight.dtype).chunk(2, 1)
        return Normals(mean, log_variance.exp() + SMALLEST_VARIANCE)

    def _reconstruction(self, logits: Tensor, gate_logits: Tensor | None, minibatch: Minibatch) -> Tensor:
        if self.log_theta is None:
            return likelihoods.poisson_loss(logits, minibatch)
        if len(self.log_theta) == 1:
            log_theta = self.log_theta.view(-1)
        else:
            log_theta = F.one_hot(minibatch.covariates.batch, len(self.log_theta)).to(self.log_theta) @ self.log_theta
        if gate_logits is None:
            return likelihoods.negative_binomial_loss(logits, log_theta, minibatch)
        return likelihoods.zero_inflated_negative_binomial_loss(logits, log_theta, gate_logits, minibatch)

    def _classification(self, z: Tensor, label: Tensor) -> Tensor | None:
        """Cross-entropy of the label head, 0 for cells of unknown label; None where there is no head."""
        if self.label_head is None:
            return None
        return F.cross_entropy(self.label_head(z), label, ignore_index=-1, reduction="none")

    def _mmd(self, z: Tensor, batch: Tensor) -> Tensor | None:
        """Discrepancy of the batches in the latent space; None where it has no weight or there is one batch."""
        if not self.settings.mmd_weight or self.dimensions.n_batches == 1:
            return None
        return batch_discrepancy(z, F.one_hot(batch, self.dimensions.n_batches).to(z))
