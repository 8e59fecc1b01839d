"""Figure of the losses over the epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt

from scbraid.plots.style import save

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

PANELS = {
    "loss": "loss",
    "reconstruction": "reconstruction",
    "kl": "KL divergence",
    "classification": "label cross-entropy",
    "mmd": "discrepancy of batches",
}


def plot_losses(history: pd.DataFrame, path: str | Path) -> None:
    """Draw each part of the loss over the epochs, with its validation value where there is one.

    Parameters
    ----------
    history
        As of :class:`~scbraid.cvae.api.CVAE`.
    path
        File to write; its suffix gives the format.
    """
    shown = [name for name in PANELS if name in history]
    figure, panels = plt.subplots(1, len(shown), figsize=(3 * len(shown), 2.4), squeeze=False, layout="constrained")
    for panel, name in zip(panels[0], shown):
        panel.plot(history["epoch"], history[name], label="training")
        if f"validation_{name}" in history:
            panel.plot(history["epoch"], history[f"validation_{name}"], label="validation")
            panel.legend()
        panel.set(title=PANELS[name], xlabel="epoch", ylabel="mean per cell" if name == "mmd" else "nats per cell")
    save(figure, path)
