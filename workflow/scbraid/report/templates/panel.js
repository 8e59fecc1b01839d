// One scatter plot: draws its points pixel by pixel, so that 100,000 of them stay smooth, and finds them again.
"use strict";
const NO_CODE = 65535;
const MARGIN = 9;
const REACH = 10;
const BINS = 64;
const OPACITY = 0.88;
const WHOLE = 256;
const OPAQUE = 0xff000000;
const RED_BLUE = 0xff00ff;
const GREEN = 0xff00;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const dark = matchMedia("(prefers-color-scheme: dark)");
let printing = false;

/** A colour as one pixel of a canvas holds it: alpha, blue, green, red. */
const packed = ([red, green, blue]) => OPAQUE | (blue << 16) | (green << 8) | red;
const fromHex = (hex) => packed([1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16)));
const pixelRatio = () => Math.max(window.devicePixelRatio || 1, printing ? 2 : 1);

/** Pixels below a dot of this radius on a canvas of this side: offsets, and how much of 256 parts they take on. */
function stamp(radius, side) {
  const reach = Math.ceil(radius);
  const offsets = [];
  const weights = [];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const share = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x, y)));
      if (share === 0) continue;
      offsets.push(y * side + x);
      weights.push(Math.round(WHOLE * OPACITY * share));
    }
  }
  return { offsets: Int32Array.from(offsets), weights: Int32Array.from(weights) };
}

/** What a dot adds to its pixels in every colour, red with blue and green apart, so that two channels are mixed at once. */
function products(colors, weights) {
  const of = (mask) => Int32Array.from(colors.flatMap((color) => [...weights].map((weight) => Math.imul(color & mask, weight))));
  return [of(RED_BLUE), of(GREEN)];
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
    const colors = [...points.paletteOf(coloring).map((entry) => entry[shade]), points.missing[shade - 1]].map(fromHex);
    const background = printing ? "rgb(255, 255, 255)" : getComputedStyle(canvas).backgroundColor;
    this.image = this.context.createImageData(side, side);
    const pixels = new Int32Array(this.image.data.buffer).fill(packed(background.match(/\d+/g)));
    const spacing = canvas.clientWidth / Math.sqrt(points.names.length);
    const { offsets, weights } = stamp(pixelRatio() * Math.min(2.6, Math.max(0.6, 0.26 * spacing)), side);
    const [redBlue, green] = products(colors, weights);
    const isFront = this.frontTest(codes);
    const { order } = points;
    const { middles } = this;
    for (const front of [false, true]) {
      for (let i = 0; i < order.length; i++) {
        const point = order[i];
        if (isFront(point) !== front) continue;
        const color = front && codes[point] !== NO_CODE ? codes[point] : colors.length - 1;
        for (let k = 0, product = color * offsets.length; k < offsets.length; k++, product++) {
          const at = middles[i] + offsets[k];
          const kept = WHOLE - weights[k];
          pixels[at] =
            OPAQUE |
            (((Math.imul(pixels[at] & RED_BLUE, kept) + redBlue[product]) >>> 8) & RED_BLUE) |
            (((Math.imul(pixels[at] & GREEN, kept) + green[product]) >>> 8) & GREEN);
        }
      }
    }
    this.figure.dataset.drawn = coloring;
    this.show();
  }

  /** Points in front: those singled out, otherwise those that have a colour. */
  frontTest(codes) {
    const { chosen } = this.points;
    if (!chosen) return (point) => codes[point] !== NO_CODE;
    const chosenCodes = this.points.codesOf(chosen.coloring, this.layout);
    return (point) => chosenCodes[point] === chosen.code;
  }

  /** Pixel coordinates of all points on a canvas of this side, and the pixels of their middles in drawing order. */
  place(side) {
    if (this.placedFor === side) return;
    this.placedFor = side;
    const { xy } = this.points.layouts[this.layout];
    const { order } = this.points;
    const margin = MARGIN * pixelRatio();
    const scale = (side - 2 * margin) / NO_CODE;
    this.x = new Float32Array(order.length);
    this.y = new Float32Array(order.length);
    for (let point = 0; point < order.length; point++) {
      this.x[point] = margin + xy[2 * point] * scale;
      this.y[point] = side - margin - xy[2 * point + 1] * scale;
    }
    this.middles = order.map((point) => Math.round(this.y[point]) * side + Math.round(this.x[point]));
    this.members = null;
  }

  bin(pixel) {
    return Math.min(BINS - 1, Math.max(0, Math.floor((pixel / this.placedFor) * BINS)));
  }

  /** Sort points into square bins for the pointer: those of a bin are members from its start to the next one's. */
  fillBins() {
    const binOf = new Uint16Array(this.x.length).map((_, point) => this.bin(this.x[point]) + BINS * this.bin(this.y[point]));
    this.starts = new Uint32Array(BINS * BINS + 1);
    for (let point = 0; point < binOf.length; point++) this.starts[binOf[point] + 1]++;
    for (let bin = 0; bin < BINS * BINS; bin++) this.starts[bin + 1] += this.starts[bin];
    const next = this.starts.slice();
    this.members = new Uint32Array(binOf.length);
    for (let point = 0; point < binOf.length; point++) this.members[next[binOf[point]]++] = point;
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
    const scale = this.canvas.width / this.canvas.clientWidth;
    const found = this.nearest(event.offsetX * scale, event.offsetY * scale, REACH * scale);
    this.points.mark(found, this, event.clientX, event.clientY);
  }

  nearest(x, y, reach) {
    if (!this.members) this.fillBins();
    let best = null;
    let closest = reach;
    for (let row = this.bin(y - reach); row <= this.bin(y + reach); row++) {
      const first = this.starts[this.bin(x - reach) + BINS * row];
      const last = this.starts[this.bin(x + reach) + BINS * row + 1];
      for (const point of this.members.subarray(first, last)) {
        const distance = Math.hypot(this.x[point] - x, this.y[point] - y);
        if (distance < closest) [best, closest] = [point, distance];
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
    const { left, top } = this.canvas.getBoundingClientRect();
    const scale = this.canvas.clientWidth / this.canvas.width;
    this.points.mark(best, this, left + this.x[best] * scale, top + this.y[best] * scale);
  }
}
