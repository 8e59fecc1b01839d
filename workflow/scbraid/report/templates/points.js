// Points that several panels show: decoded, described, recoloured and singled out together.
"use strict";
const REJECTED = 32768;
const STEPS = 254;
const NO_SHARE = 255;
const tooltip = document.querySelector(".tooltip");

function decode(text, Type) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return new Type(bytes.buffer);
}

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
    this.none = new Uint16Array(this.names.length).fill(NO_CODE);
    this.layouts = {};
    for (const [name, layout] of Object.entries(content.layouts)) {
      const predictions = Object.entries(layout.predictions ?? {}).map(([classifier, found]) => [classifier, this.predictions(found)]);
      this.layouts[name] = { xy: decode(layout.xy, Uint16Array), predictions: Object.fromEntries(predictions) };
    }
    this.classifier = null; // whose predictions are shown
    this.chosen = null; // {coloring, code} of the legend entry that is singled out
    this.panels = own(".panel").map((figure) => new Panel(figure, this));
    this.listenToChoice(own(".choice"), own(".legend-for"));
    this.listenToLegends(own(".legend").flatMap((legend) => [...legend.querySelectorAll("button")]));
    dark.addEventListener("change", () => this.redraw());
  }

  /** Decode predictions: the label, what the cell is called (last of the palette if unknown), and two shares. */
  predictions(found) {
    const codes = decode(found.codes, Uint16Array);
    const unknown = this.palettes.prediction.length - 1;
    return {
      label: codes.map((code) => (code === NO_CODE ? code : code & ~REJECTED)),
      prediction: codes.map((code) => (code !== NO_CODE && code & REJECTED ? unknown : code)),
      probability: decode(found.probability, Uint8Array),
      uncertainty: Uint16Array.from(decode(found.uncertainty, Uint8Array), (share) => (share === NO_SHARE ? NO_CODE : share)),
    };
  }

  codesOf(coloring, layout) {
    if (coloring in this.codes) return this.codes[coloring];
    return this.layouts[layout].predictions[this.classifier]?.[coloring] ?? this.none;
  }

  paletteOf(coloring) {
    return this.palettes[coloring];
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
    const found = this.layouts[layout].predictions[this.classifier];
    if (found && found.label[point] !== NO_CODE) {
      const label = this.palettes.label[found.label[point]][0];
      const called = found.prediction[point] === found.label[point] ? label : `unknown, most probably ${label}`;
      const share = (code) => (code >= NO_SHARE ? "none" : (code / STEPS).toFixed(2));
      lines.push(`${this.classifier} with ${layout}: ${called}`);
      lines.push(`probability ${share(found.probability[point])}, uncertainty ${share(found.uncertainty[point])}`);
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
    const actions = {
      coloring: (value) => {
        for (const legend of legends) legend.hidden = !legend.dataset.for.split(" ").includes(value);
        for (const panel of this.switched()) panel.figure.dataset.coloring = value;
      },
      classifier: (value) => {
        this.classifier = value;
      },
    };
    for (const input of choices.flatMap((choice) => [...choice.querySelectorAll("input")])) {
      const apply = () => {
        actions[input.closest(".choice").dataset.chooses](input.value);
        for (const panel of this.switched()) panel.figure.classList.toggle("lacks", this.lacks(panel));
        this.redraw();
      };
      input.addEventListener("change", apply);
      if (input.checked) apply(); // browsers restore choices when a page is reloaded
    }
  }

  switched() {
    return this.panels.filter((panel) => "switched" in panel.figure.dataset);
  }

  /** Whether a panel shows predictions that its method does not have from this classifier. */
  lacks(panel) {
    return !(panel.figure.dataset.coloring in this.codes) && !this.layouts[panel.layout].predictions[this.classifier];
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

const all = [...document.querySelectorAll("script.points")].map((script) => new Points(script));
for (const [type, state] of [["beforeprint", true], ["afterprint", false]]) {
  addEventListener(type, () => {
    printing = state;
    for (const panel of all.flatMap((points) => points.panels)) panel.draw();
  });
}
