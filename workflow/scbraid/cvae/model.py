"""The conditional variational autoencoder: networks, priors and likelihood put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from scbraid.cvae import likelihoods
from scbraid.cvae.networks import Block, Conditions
from scbraid.cvae.priors import make_prior

if TYPE_CHECKING:
    from scbraid.cvae.data import Covariates, Minibatch, SparseValues
    from scbraid.cvae.parameters import Parameters


class Dimensions(NamedTuple):
    """Sizes that the data give to the model."""

    n_genes: int
    n_batches: int
    n_categories: tuple[int, ...] = ()
    n_continuous: int = 0
    n_labels: int = 0
    median_library: float = 1.0


class Losses(NamedTuple):
    """Parts of the loss, one value a cell."""

    reconstruction: Tensor
    kl: Tensor
    classification: Tensor

    def total(self, kl_weight: float, classification_ratio: float) -> Tensor:
        """Mean over the cells of the weighted sum."""
        return (self.reconstruction + kl_weight * self.kl + classification_ratio * self.classification).mean()


class VAE(nn.Module):
    """Encoder, decoder, prior and, where labels are given, a label head.

    Parameters
    ----------
    parameters
        Checked parameters.
    dimensions
        Sizes of the data.
    """

    def __init__(self, parameters: Parameters, dimensions: Dimensions) -> None:
        super().__init__()
        self.parameters_ = parameters
        self.dimensions = dimensions
        p, d = parameters, dimensions
        embedding_dim = p.embedding_dim if p.batch_representation == "embedding" else None
        self.conditions = (
            Conditions((d.n_batches, *d.n_categories), d.n_continuous, embedding_dim=embedding_dim)
            if p.conditional
            else None
        )
        self.encoder = self._hidden_layers("encoder", d.n_genes)
        self.latent = nn.Linear(p.n_hidden, 2 * p.n_latent)
        self.decoder = self._hidden_layers("decoder", p.n_latent)
        self.output = nn.Linear(p.n_hidden, d.n_genes)
        if self.conditions is not None and p.condition_output:
            self.output_shift = nn.Parameter(torch.zeros(self.conditions.n_features, d.n_genes))
        if p.likelihood == "zinb":
            self.gate = nn.Linear(p.n_hidden, d.n_genes)
        if p.likelihood != "poisson":
            shape = (d.n_genes,) if p.dispersion == "gene" else (d.n_batches, d.n_genes)
            self.log_theta = nn.Parameter(torch.zeros(shape))
        self.prior = make_prior(parameters, dimensions)
        if d.n_labels:
            self.label_head = nn.Linear(p.n_latent, d.n_labels)

    def _hidden_layers(self, side: str, n_in: int) -> nn.ModuleList:
        p = self.parameters_
        sees = self.conditions is not None and (side == "decoder" or p.encode_covariates)
        return nn.ModuleList(
            Block(
                n_in if i == 0 else p.n_hidden,
                p.n_hidden,
                n_conditions=self.conditions.n_features if sees and (i == 0 or p.deeply_inject_covariates) else 0,
                batch_norm=p.use_batch_norm in ("both", side),
                layer_norm=p.use_layer_norm in ("both", side),
                activation=p.activation,
                dropout_rate=p.dropout_rate if side == "encoder" else 0.0,
                sparse=side == "encoder" and i == 0,
            )
            for i in range(p.n_layers)
        )

    def condition(self, covariates: Covariates) -> Tensor | None:
        """Condition vectors of some cells, cells x features; None for a plain VAE."""
        if self.conditions is None:
            return None
        return self.conditions(covariates.codes, covariates.continuous)

    def encode(self, minibatch: Minibatch, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Mean and variance of the approximate posterior, each cells x n_latent."""
        counts = minibatch.counts
        values = counts._replace(values=self._transform(counts.values, minibatch.cells, minibatch))
        by_gene = None
        if self.training:
            counts = minibatch.counts_by_gene()
            by_gene = counts._replace(values=self._transform(counts.values, counts.columns, minibatch))
        return self.posterior((values, by_gene), self.condition(minibatch.covariates), generator)

    def _transform(self, counts: Tensor, cells: Tensor, minibatch: Minibatch) -> Tensor:
        """What the encoder sees of non-zero counts in the given cells of a minibatch."""
        if self.parameters_.input_transform == "log1p_normalized":
            counts = counts * (self.dimensions.median_library / minibatch.library)[cells]
        return torch.log1p(counts)

    def posterior(
        self,
        hidden: Tensor | tuple[SparseValues, SparseValues | None],
        conditions: Tensor | None,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Posterior from the encoder's input, dense or sparse."""
        for block in self.encoder:
            hidden = block(hidden, conditions, generator)
        mean, log_variance = self.latent(hidden).chunk(2, 1)
        return mean, log_variance.exp() + 1e-4

    def decode(self, z: Tensor, covariates: Covariates) -> tuple[Tensor, Tensor]:
        """Logits of the mean (cells x genes) and the last hidden layer for latent positions."""
        conditions = self.condition(covariates)
        hidden = z
        for block in self.decoder:
            hidden = block(hidden, conditions, None)
        logits = self.output(hidden)
        if conditions is not None and self.parameters_.condition_output:
            logits = logits.addmm(conditions, self.output_shift)
        return logits, hidden

    def forward(self, minibatch: Minibatch, generator: torch.Generator | None = None) -> Losses:
        """Losses of each cell at one sample of its posterior."""
        mean, variance = self.encode(minibatch, generator)
        noise = torch.empty_like(mean).normal_(generator=generator)
        z = torch.addcmul(mean, variance.sqrt(), noise)
        logits, hidden = self.decode(z, minibatch.covariates)
        return Losses(
            self._reconstruction(logits, hidden, minibatch),
            self.prior.kl(mean, variance, z, minibatch.covariates.batch, self),
            self._classification(z, minibatch.covariates.label),
        )

    def _reconstruction(self, logits: Tensor, hidden: Tensor, minibatch: Minibatch) -> Tensor:
        likelihood = self.parameters_.likelihood
        if likelihood == "poisson":
            return likelihoods.poisson_loss(logits, minibatch)
        log_theta = self.log_theta if self.log_theta.dim() == 1 else self.log_theta[minibatch.covariates.batch]
        if likelihood == "nb":
            return likelihoods.negative_binomial_loss(logits, log_theta, minibatch)
        return likelihoods.zero_inflated_negative_binomial_loss(logits, log_theta, self.gate(hidden), minibatch)

    def _classification(self, z: Tensor, label: Tensor) -> Tensor:
        """Cross-entropy of the label head, 0 for cells of unknown label."""
        if not self.dimensions.n_labels:
            return z.new_zeros(len(z))
        return F.cross_entropy(self.label_head(z), label, ignore_index=-1, reduction="none")
