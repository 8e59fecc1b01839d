// One scatter plot: draws its points pixel by pixel, so that 100,000 of them stay smooth, and finds them again.
"use strict";
const NO_CODE = 65535;
const MARGIN = 9;
const REACH = 10;
const BINS = 64;
const OPACITY = 0.88;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const dark = matchMedia("(prefers-color-scheme: dark)");
let printing = false;

const channels = (hex) => [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
const pixelRatio = () => Math.max(window.devicePixelRatio || 1, printing ? 2 : 1);

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
    const isFront = this.frontTest(codes);
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
  frontTest(codes) {
    const { chosen } = this.points;
    if (!chosen) return (point) => codes[point] !== NO_CODE;
    const chosenCodes = this.points.codesOf(chosen.coloring, this.layout);
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
