// Interactive scatter plots: every panel draws all points pixel by pixel, so that 100,000 of them stay smooth.
"use strict";
(() => {
  const NO_CODE = 65535;
  const MARGIN = 9;
  const REACH = 10;
  const BINS = 64;
  const OPACITY = 0.88;
  const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const tooltip = document.querySelector(".tooltip");
  let printing = false;

  function decode(text, Type) {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new Type(bytes.buffer);
  }

  const channels = (hex) => [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
  const pixelRatio = () => Math.max(window.devicePixelRatio || 1, printing ? 2 : 1);

  /** A fixed shuffle, so that no batch covers another and every drawing is the same. */
  function shuffled(length) {
    const order = Uint32Array.from({ length }, (_, i) => i);
    let state = 1;
    for (let i = length - 1; i > 0; i--) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const j = Math.floor((state / 4294967296) * (i + 1));
      const swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }

  /** Offset and covered share of every pixel below a dot of this radius. */
  function stamp(radius) {
    const reach = Math.ceil(radius);
    const pixels = [];
    for (let y = -reach; y <= reach; y++) {
      for (let x = -reach; x <= reach; x++) {
        const share = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x, y)));
        if (share > 0) pixels.push({ x, y, opacity: share * OPACITY });
      }
    }
    return pixels;
  }

  /** Points that are shown in one or more panels, with what can be said and chosen about them. */
  class Points {
    constructor(script) {
      const content = JSON.parse(script.textContent);
      const own = (selector) => [...document.querySelectorAll(`${selector}[data-points="${script.id}"]`)];
      this.names = content.names;
      this.missing = content.missing;
      this.palettes = content.palettes;
      this.order = shuffled(this.names.length);
      const decodeAll = (texts) => Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, decode(text, Uint16Array)]));
      this.codes = decodeAll(content.codes);
      this.details = Object.entries(content.details).map(([name, { names, codes }]) => ({ name, names, codes: decode(codes, Uint16Array) }));
      this.layouts = {};
      for (const [name, layout] of Object.entries(content.layouts)) {
        this.layouts[name] = {
          xy: decode(layout.xy, Uint16Array),
          prediction: layout.prediction && decode(layout.prediction, Uint16Array),
          probability: layout.probability && decode(layout.probability, Float32Array),
        };
      }
      this.chosen = null; // {coloring, code} of the legend entry that is singled out
      this.panels = own(".panel").map((figure) => new Panel(figure, this));
      this.listenToChoice(own(".choice"), own(".legend-for"));
      this.listenToLegends(own(".legend").flatMap((legend) => [...legend.querySelectorAll("button")]));
      dark.addEventListener("change", () => this.redraw());
    }

    codesOf(coloring, layout) {
      return coloring === "prediction" ? this.layouts[layout].prediction : this.codes[coloring];
    }

    paletteOf(coloring) {
      return this.palettes[coloring === "prediction" ? "label" : coloring];
    }

    describe(point, layout) {
      const lines = [];
      for (const coloring of Object.keys(this.codes)) {
        const code = this.codes[coloring][point];
        lines.push(`${coloring}: ${code === NO_CODE ? "none" : this.palettes[coloring][code][0]}`);
      }
      for (const { name, names, codes } of this.details) {
        if (codes[point] !== NO_CODE) lines.push(`${name}: ${names[codes[point]].replaceAll(";", ", ").replaceAll("_", " ")}`);
      }
      const { prediction, probability } = this.layouts[layout];
      if (prediction && prediction[point] !== NO_CODE) {
        lines.push(`predicted with ${layout}: ${this.palettes.label[prediction[point]][0]}, probability ${probability[point].toFixed(2)}`);
      }
      return lines;
    }

    /** Mark a point in all panels and describe it beside (x, y) of the window; null ends it. */
    mark(point, panel, x, y) {
      for (const other of this.panels) other.mark(point);
      tooltip.hidden = point === null;
      if (point === null) return;
      const title = document.createElement("b");
      title.textContent = this.names[point];
      const lines = this.describe(point, panel.layout).map((text) => {
        const line = document.createElement("div");
        line.textContent = text;
        return line;
      });
      tooltip.replaceChildren(title, ...lines);
      const below = y + 18 + tooltip.offsetHeight < innerHeight;
      tooltip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - tooltip.offsetWidth - 8))}px`;
      tooltip.style.top = `${below ? y + 14 : y - tooltip.offsetHeight - 14}px`;
    }

    redraw() {
      for (const panel of this.panels) panel.request();
    }

    listenToChoice(choices, legends) {
      for (const input of choices.flatMap((choice) => [...choice.querySelectorAll("input")])) {
        const apply = () => {
          for (const legend of legends) legend.hidden = !legend.dataset.for.split(" ").includes(input.value);
          for (const panel of this.panels.filter((other) => "switched" in other.figure.dataset)) {
            panel.figure.dataset.coloring = input.value;
            panel.request();
          }
        };
        input.addEventListener("change", apply);
        if (input.checked) apply(); // browsers restore choices when a page is reloaded
      }
    }

    listenToLegends(buttons) {
      const press = (chosen) => {
        this.chosen = chosen;
        for (const button of buttons) {
          const same = chosen && button.closest(".legend").dataset.coloring === chosen.coloring && Number(button.dataset.code) === chosen.code;
          button.setAttribute("aria-pressed", String(Boolean(same)));
        }
        this.redraw();
      };
      for (const button of buttons) {
        const entry = { coloring: button.closest(".legend").dataset.coloring, code: Number(button.dataset.code) };
        button.addEventListener("click", () => press(button.getAttribute("aria-pressed") === "true" ? null : entry));
      }
      document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && this.chosen) press(null);
      });
    }
  }

  class Panel {
    constructor(figure, points) {
      this.figure = figure;
      this.points = points;
      this.layout = figure.dataset.layout;
      this.canvas = figure.querySelector("canvas");
      this.context = this.canvas.getContext("2d");
      this.marked = null;
      this.stale = true;
      this.near = false;
      new ResizeObserver(() => this.request()).observe(this.canvas);
      const nearing = ([entry]) => {
        this.near = entry.isIntersecting;
        if (this.near && this.stale) this.schedule();
      };
      new IntersectionObserver(nearing, { rootMargin: "300px" }).observe(this.canvas);
      for (const type of ["pointermove", "pointerdown"]) this.canvas.addEventListener(type, (event) => this.point(event));
      for (const type of ["pointerleave", "blur"]) this.canvas.addEventListener(type, () => points.mark(null));
      this.canvas.addEventListener("keydown", (event) => this.step(event));
    }

    /** Draw again when next in sight. */
    request() {
      this.stale = true;
      if (this.near) this.schedule();
    }

    schedule() {
      this.frame ??= requestAnimationFrame(() => this.draw());
    }

    draw() {
      cancelAnimationFrame(this.frame);
      this.frame = null;
      this.stale = false;
      const { points, canvas } = this;
      const side = Math.max(1, Math.round(canvas.clientWidth * pixelRatio()));
      canvas.width = canvas.height = side;
      this.place(side);
      const coloring = this.figure.dataset.coloring;
      const codes = points.codesOf(coloring, this.layout);
      const shade = dark.matches && !printing ? 2 : 1;
      const colors = points.paletteOf(coloring).map((entry) => channels(entry[shade]));
      const missing = channels(points.missing[shade - 1]);
      const isFront = this.frontTest(coloring, codes);
      this.image = this.context.createImageData(side, side);
      const { data } = this.image;
      const background = printing ? "rgb(255, 255, 255)" : getComputedStyle(canvas).backgroundColor;
      const [red, green, blue] = background.match(/\d+/g).map(Number);
      new Uint32Array(data.buffer).fill(((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0);
      const spacing = canvas.clientWidth / Math.sqrt(points.names.length);
      const dot = stamp(pixelRatio() * Math.min(2.6, Math.max(0.6, 0.26 * spacing)));
      for (const front of [false, true]) {
        for (const point of points.order) {
          if (isFront(point) !== front) continue;
          const color = front && codes[point] !== NO_CODE ? colors[codes[point]] : missing;
          const middle = Math.round(this.y[point]) * side + Math.round(this.x[point]);
          for (const pixel of dot) {
            const at = 4 * (middle + pixel.y * side + pixel.x);
            data[at] += (color[0] - data[at]) * pixel.opacity;
            data[at + 1] += (color[1] - data[at + 1]) * pixel.opacity;
            data[at + 2] += (color[2] - data[at + 2]) * pixel.opacity;
          }
        }
      }
      this.figure.dataset.drawn = coloring;
      this.show();
    }

    /** Points in front: those singled out, otherwise those that have a colour. */
    frontTest(coloring, codes) {
      const { chosen } = this.points;
      if (!chosen) return (point) => codes[point] !== NO_CODE;
      const byPrediction = coloring === "prediction" && chosen.coloring === "label";
      const chosenCodes = byPrediction ? codes : this.points.codes[chosen.coloring];
      return (point) => chosenCodes[point] === chosen.code;
    }

    /** Pixel coordinates of all points on a canvas of this side, and bins of them for the pointer. */
    place(side) {
      if (this.placedFor === side) return;
      this.placedFor = side;
      const { xy } = this.points.layouts[this.layout];
      const margin = MARGIN * pixelRatio();
      const scale = (side - 2 * margin) / NO_CODE;
      this.x = Float32Array.from({ length: xy.length / 2 }, (_, point) => margin + xy[2 * point] * scale);
      this.y = Float32Array.from({ length: xy.length / 2 }, (_, point) => side - margin - xy[2 * point + 1] * scale);
      this.bins = null;
    }

    bin(pixel) {
      return Math.min(BINS - 1, Math.max(0, Math.floor((pixel / this.placedFor) * BINS)));
    }

    fillBins() {
      this.bins = Array.from({ length: BINS * BINS }, () => []);
      for (let point = 0; point < this.x.length; point++) this.bins[this.bin(this.x[point]) + BINS * this.bin(this.y[point])].push(point);
    }

    show() {
      this.context.putImageData(this.image, 0, 0);
      if (this.marked === null) return;
      for (const [width, color] of [[4, "--panel"], [2, "--ink"]]) {
        this.context.beginPath();
        this.context.arc(this.x[this.marked], this.y[this.marked], 6 * pixelRatio(), 0, 2 * Math.PI);
        this.context.lineWidth = width * pixelRatio();
        this.context.strokeStyle = getComputedStyle(this.canvas).getPropertyValue(color);
        this.context.stroke();
      }
    }

    mark(point) {
      if (point === this.marked) return;
      this.marked = point;
      if (this.image && this.near) this.show();
      else this.stale = true;
    }

    point(event) {
      if (!this.image) return;
      const box = this.canvas.getBoundingClientRect();
      const scale = this.canvas.width / box.width;
      const found = this.nearest((event.clientX - box.left) * scale, (event.clientY - box.top) * scale, REACH * scale);
      this.points.mark(found, this, event.clientX, event.clientY);
    }

    nearest(x, y, reach) {
      if (!this.bins) this.fillBins();
      let best = null;
      let closest = reach;
      for (let row = this.bin(y - reach); row <= this.bin(y + reach); row++) {
        for (let column = this.bin(x - reach); column <= this.bin(x + reach); column++) {
          for (const point of this.bins[column + BINS * row]) {
            const distance = Math.hypot(this.x[point] - x, this.y[point] - y);
            if (distance < closest) [best, closest] = [point, distance];
          }
        }
      }
      return best;
    }

    /** Arrow keys go to the nearest point in their direction. */
    step(event) {
      const direction = KEYS[event.key];
      if (!direction || !this.image) return;
      event.preventDefault();
      const middle = this.canvas.width / 2;
      const [x, y] = this.marked === null ? [middle, middle] : [this.x[this.marked], this.y[this.marked]];
      let best = this.marked;
      let closest = Infinity;
      for (let point = 0; point < this.x.length; point++) {
        const [right, down] = [this.x[point] - x, this.y[point] - y];
        const ahead = right * direction[0] + down * direction[1];
        const aside = Math.abs(right * direction[1]) + Math.abs(down * direction[0]);
        if (ahead > 0.5 && aside <= ahead && ahead + aside < closest) [best, closest] = [point, ahead + aside];
      }
      if (best === null) return;
      const box = this.canvas.getBoundingClientRect();
      const scale = box.width / this.canvas.width;
      this.points.mark(best, this, box.left + this.x[best] * scale, box.top + this.y[best] * scale);
    }
  }

  const all = [...document.querySelectorAll("script.points")].map((script) => new Points(script));
  for (const [type, state] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(type, () => {
      printing = state;
      for (const panel of all.flatMap((points) => points.panels)) panel.draw();
    });
  }
})();
