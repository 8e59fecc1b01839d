// Interactive UMAPs: every panel draws all cells pixel by pixel, so that 100,000 cells stay smooth.
"use strict";
(() => {
  const NO_CODE = 65535;
  const MARGIN = 8;
  const REACH = 10;
  const BINS = 64;
  const OPACITY = 0.88;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const tooltip = document.querySelector(".tooltip");

  function decode(text, Type) {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new Type(bytes.buffer);
  }

  const channels = (hex) => [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));

  /** A fixed shuffle, so that no batch covers another and every drawing is the same. */
  function shuffled(length) {
    const order = Uint32Array.from({ length }, (_, i) => i);
    let state = 1;
    for (let i = length - 1; i > 0; i--) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const j = Math.floor((state / 4294967296) * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** Share of each pixel that a dot of this radius covers. */
  function stamp(radius) {
    const reach = Math.ceil(radius);
    const pixels = [];
    for (let y = -reach; y <= reach; y++) {
      for (let x = -reach; x <= reach; x++) {
        const share = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x, y)));
        if (share > 0) pixels.push([x, y, share]);
      }
    }
    return pixels;
  }

  class Dataset {
    constructor(article) {
      const payload = JSON.parse(article.querySelector("script.cells").textContent);
      this.cells = payload.cells;
      this.missing = payload.missing;
      this.palettes = payload.palettes;
      this.order = shuffled(this.cells.length);
      this.codes = {};
      for (const [name, text] of Object.entries(payload.codes)) this.codes[name] = decode(text, Uint16Array);
      this.runs = {};
      for (const [name, run] of Object.entries(payload.runs)) {
        this.runs[name] = {
          xy: decode(run.xy, Uint16Array),
          prediction: run.prediction && decode(run.prediction, Uint16Array),
          probability: run.probability && decode(run.probability, Float32Array),
        };
      }
      this.chosen = null; // {coloring, code} of the legend entry that is singled out
      this.panels = [...article.querySelectorAll(".panel")].map((figure) => new Panel(figure, this));
      this.listen(article);
    }

    codesOf(coloring, run) {
      return coloring === "prediction" ? this.runs[run].prediction : this.codes[coloring];
    }

    paletteOf(coloring) {
      return this.palettes[coloring === "prediction" ? "label" : coloring];
    }

    describe(cell, run) {
      const lines = [];
      const name = (coloring, code) => (code === NO_CODE ? "none" : this.paletteOf(coloring)[code][0]);
      for (const coloring of Object.keys(this.codes)) lines.push(`${coloring}: ${name(coloring, this.codes[coloring][cell])}`);
      const { prediction, probability } = this.runs[run];
      if (prediction && prediction[cell] !== NO_CODE) {
        lines.push(`prediction (${run}): ${name("prediction", prediction[cell])}, probability ${probability[cell].toFixed(2)}`);
      }
      return lines;
    }

    mark(cell, panel, x, y) {
      for (const other of this.panels) other.mark(cell);
      tooltip.hidden = cell === null;
      if (cell === null) return;
      const title = document.createElement("b");
      title.textContent = this.cells[cell];
      const lines = this.describe(cell, panel.run).map((text) => {
        const line = document.createElement("div");
        line.textContent = text;
        return line;
      });
      tooltip.replaceChildren(title, ...lines);
      const left = Math.min(x + 14, innerWidth - tooltip.offsetWidth - 8);
      const below = y + 18 + tooltip.offsetHeight < innerHeight;
      tooltip.style.left = `${Math.max(8, left)}px`;
      tooltip.style.top = `${below ? y + 14 : y - tooltip.offsetHeight - 14}px`;
    }

    recolor(coloring, panels) {
      for (const panel of panels) {
        panel.figure.dataset.coloring = coloring;
        panel.request();
      }
    }

    choose(chosen) {
      this.chosen = chosen;
      for (const panel of this.panels) panel.request();
    }

    listen(article) {
      const explorer = article.querySelector(".explorer");
      const switched = this.panels.filter((panel) => explorer.contains(panel.figure));
      for (const input of explorer.querySelectorAll(".choice input")) {
        input.addEventListener("change", () => {
          for (const part of explorer.querySelectorAll(".switched")) part.hidden = !part.dataset.for.split(" ").includes(input.value);
          this.recolor(input.value, switched);
        });
      }
      const buttons = [...article.querySelectorAll(".legend button")];
      const press = (chosen) => {
        for (const button of buttons) {
          const coloring = button.closest(".legend").dataset.coloring;
          const pressed = chosen !== null && coloring === chosen.coloring && Number(button.dataset.code) === chosen.code;
          button.setAttribute("aria-pressed", String(pressed));
        }
        this.choose(chosen);
      };
      for (const button of buttons) {
        const chosen = { coloring: button.closest(".legend").dataset.coloring, code: Number(button.dataset.code) };
        button.addEventListener("click", () => press(button.getAttribute("aria-pressed") === "true" ? null : chosen));
      }
      article.addEventListener("keydown", (event) => event.key === "Escape" && press(null));
      dark.addEventListener("change", () => this.choose(this.chosen));
    }
  }

  class Panel {
    constructor(figure, dataset) {
      this.figure = figure;
      this.dataset = dataset;
      this.run = figure.dataset.run;
      this.canvas = figure.querySelector("canvas");
      this.context = this.canvas.getContext("2d");
      this.marked = null;
      this.requested = false;
      this.visible = false;
      new ResizeObserver(() => this.request()).observe(this.canvas);
      new IntersectionObserver(([entry]) => {
        this.visible = entry.isIntersecting;
        if (this.visible && this.requested) this.schedule();
      }, { rootMargin: "400px" }).observe(this.canvas);
      this.canvas.addEventListener("pointermove", (event) => this.point(event));
      this.canvas.addEventListener("pointerdown", (event) => this.point(event));
      this.canvas.addEventListener("pointerleave", () => this.dataset.mark(null));
      this.canvas.addEventListener("blur", () => this.dataset.mark(null));
      this.canvas.addEventListener("keydown", (event) => this.step(event));
    }

    request() {
      this.requested = true;
      if (this.visible) this.schedule();
    }

    schedule() {
      if (this.frame) return;
      this.frame = requestAnimationFrame(() => {
        this.frame = null;
        this.requested = false;
        this.draw();
      });
    }

    /** Position of a cell in pixels of the canvas. */
    place(cell) {
      const { xy } = this.dataset.runs[this.run];
      const side = this.canvas.width - 2 * this.margin;
      return [this.margin + (xy[2 * cell] / NO_CODE) * side, this.margin + (1 - xy[2 * cell + 1] / NO_CODE) * side];
    }

    draw() {
      const ratio = devicePixelRatio || 1;
      const side = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
      this.canvas.width = this.canvas.height = side;
      this.margin = MARGIN * ratio;
      const { dataset } = this;
      const coloring = this.figure.dataset.coloring;
      const codes = dataset.codesOf(coloring, this.run);
      const shade = dark.matches ? 1 : 0;
      const colors = dataset.paletteOf(coloring).map((entry) => channels(entry[1 + shade]));
      const missing = channels(dataset.missing[shade]);
      const background = getComputedStyle(this.canvas).backgroundColor.match(/\d+/g).map(Number);
      this.image = new ImageData(side, side);
      new Uint32Array(this.image.data.buffer).fill(
        (255 << 24) | (background[2] << 16) | (background[1] << 8) | background[0],
      );
      const radius = ratio * Math.min(3, Math.max(0.6, (0.3 * this.canvas.clientWidth) / Math.sqrt(dataset.cells.length)));
      const dot = stamp(radius);
      const { chosen } = dataset;
      const chosenCodes = chosen && dataset.codesOf(chosen.coloring === "label" && coloring === "prediction" ? "prediction" : chosen.coloring, this.run);
      const isFront = (cell) => (chosen ? chosenCodes[cell] === chosen.code : codes[cell] !== NO_CODE);
      for (const front of [false, true]) {
        for (const cell of dataset.order) {
          if (isFront(cell) !== front) continue;
          const color = front && codes[cell] !== NO_CODE ? colors[codes[cell]] : missing;
          this.stampAt(cell, dot, color, side);
        }
      }
      this.figure.dataset.drawn = coloring;
      this.show();
    }

    stampAt(cell, dot, color, side) {
      const { data } = this.image;
      const [x, y] = this.place(cell).map(Math.round);
      for (const [dx, dy, share] of dot) {
        const at = 4 * ((y + dy) * side + x + dx);
        const opacity = OPACITY * share;
        for (let channel = 0; channel < 3; channel++) {
          data[at + channel] += (color[channel] - data[at + channel]) * opacity;
        }
      }
    }

    show() {
      this.context.putImageData(this.image, 0, 0);
      if (this.marked === null) return;
      const ratio = devicePixelRatio || 1;
      const [x, y] = this.place(this.marked);
      for (const [width, color] of [[4, "--panel"], [2, "--ink"]]) {
        this.context.beginPath();
        this.context.arc(x, y, 6 * ratio, 0, 2 * Math.PI);
        this.context.lineWidth = width * ratio;
        this.context.strokeStyle = getComputedStyle(this.canvas).getPropertyValue(color);
        this.context.stroke();
      }
    }

    mark(cell) {
      if (cell === this.marked) return;
      this.marked = cell;
      if (this.image && this.visible) this.show();
    }

    /** Cells by square of a grid over the layout, built when a pointer first asks. */
    get grid() {
      if (this.bins) return this.bins;
      const { xy } = this.dataset.runs[this.run];
      this.bins = Array.from({ length: BINS * BINS }, () => []);
      for (let cell = 0; cell < this.dataset.cells.length; cell++) this.bins[this.bin(xy[2 * cell]) + BINS * this.bin(xy[2 * cell + 1])].push(cell);
      return this.bins;
    }

    bin(value) {
      return Math.min(BINS - 1, Math.max(0, Math.floor((value / (NO_CODE + 1)) * BINS)));
    }

    point(event) {
      const box = this.canvas.getBoundingClientRect();
      const ratio = this.canvas.width / box.width;
      const [x, y] = [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
      this.dataset.mark(this.nearest(x, y, REACH * ratio), this, event.clientX, event.clientY);
    }

    nearest(x, y, reach) {
      const side = this.canvas.width - 2 * this.margin;
      const unit = (pixel) => ((pixel - this.margin) / side) * NO_CODE;
      const [left, right] = [this.bin(unit(x - reach)), this.bin(unit(x + reach))];
      const [low, high] = [this.bin(NO_CODE - unit(y + reach)), this.bin(NO_CODE - unit(y - reach))];
      let best = null;
      let closest = reach;
      for (let row = low; row <= high; row++) {
        for (let column = left; column <= right; column++) {
          for (const cell of this.grid[column + BINS * row]) {
            const [cx, cy] = this.place(cell);
            const distance = Math.hypot(cx - x, cy - y);
            if (distance < closest) [best, closest] = [cell, distance];
          }
        }
      }
      return best;
    }

    /** Arrow keys go to the nearest cell in their direction. */
    step(event) {
      const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!direction || !this.image) return;
      event.preventDefault();
      const from = this.marked === null ? [this.canvas.width / 2, this.canvas.height / 2] : this.place(this.marked);
      let best = this.marked;
      let closest = Infinity;
      for (let cell = 0; cell < this.dataset.cells.length; cell++) {
        const [x, y] = this.place(cell);
        const ahead = (x - from[0]) * direction[0] + (y - from[1]) * direction[1];
        const aside = Math.abs((x - from[0]) * direction[1]) + Math.abs((y - from[1]) * direction[0]);
        if (ahead > 0.5 && aside <= ahead && ahead + aside < closest) [best, closest] = [cell, ahead + aside];
      }
      if (best === null) return;
      const box = this.canvas.getBoundingClientRect();
      const [x, y] = this.place(best).map((pixel) => (pixel * box.width) / this.canvas.width);
      this.dataset.mark(best, this, box.left + x, box.top + y);
    }
  }

  for (const article of document.querySelectorAll(".dataset")) new Dataset(article);
})();
