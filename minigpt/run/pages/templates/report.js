"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const on = (element, act) => ["pointerenter", "focus", "click"].forEach((type) => element.addEventListener(type, act));
  const percent = (share) => (share < 0.0005 ? "<0.1" : (100 * share).toFixed(share < 0.0995 ? 1 : 0)) + "%";

  // The curve: the report nearest to the pointer, and the latest sample before it.
  const number = (value, digits) => (value === null ? null : value.toLocaleString("en", { maximumFractionDigits: digits }));
  for (const [id, xs] of Object.entries(data.curve.places)) {
    const svg = document.getElementById(id);
    const line = svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "line"));
    const box = svg.viewBox.baseVal;
    line.setAttribute("class", "cursor");
    line.setAttribute("y2", box.height);
    line.style.visibility = "hidden";
    svg.addEventListener("pointermove", (event) => {
      const frame = svg.getBoundingClientRect();
      const x = ((event.clientX - frame.left) / frame.width) * box.width;
      let at = 0;
      xs.forEach((place, i) => { if (Math.abs(place - x) < Math.abs(xs[at] - x)) at = i; });
      const [step, trained, heldOut, rate, norm, speed] = data.curve.rows[at];
      line.setAttribute("x1", xs[at]);
      line.setAttribute("x2", xs[at]);
      line.style.visibility = "visible";
      const known = [["training loss", number(trained, 3)], ["held-out loss", number(heldOut, 3)],
        ["learning rate", rate === null ? null : rate.toPrecision(3)], ["gradient norm", number(norm, 2)], ["tokens/s", number(speed, 0)]];
      document.getElementById("curve-readout").textContent =
        "step " + number(step, 0) + known.filter((pair) => pair[1] !== null).map(([name, value]) => " · " + name + " " + value).join("");
      const before = data.curve.samples.filter((sample) => sample <= step).length;
      all(".over-time .card").forEach((card, i) => card.classList.toggle("now", i + 1 === before));
    });
  }

  // Attention: a head and a token that looks; the others are shaded by what it looks at.
  const looking = document.getElementById("attention");
  if (looking) {
    const tokens = all(".token", looking), heads = all(".head", looking), T = tokens.length;
    const weights = Uint8Array.from(atob(data.attention), (character) => character.charCodeAt(0));
    const row = (T * (T + 1)) / 2;
    let head = 0, token = T - 1, strongest = -1; // first shown: the strongest look at a token between the first and itself
    heads.forEach((_, h) => {
      for (let t = 2; t < T; t++) for (let i = 1; i < t; i++) {
        const weight = weights[h * row + (t * (t + 1)) / 2 + i];
        if (weight > strongest) [strongest, head, token] = [weight, h, t];
      }
    });
    const draw = () => {
      const start = head * row + (token * (token + 1)) / 2;
      const seen = tokens.map((_, i) => (i <= token ? weights[start + i] / 255 : 0));
      tokens.forEach((element, i) => {
        element.style.setProperty("--share", 0.85 * seen[i]);
        element.classList.toggle("now", i === token);
      });
      heads.forEach((element, i) => element.classList.toggle("now", i === head));
      const most = seen.indexOf(Math.max(...seen));
      document.getElementById("attention-readout").textContent = heads[head].getAttribute("aria-label") + ": “" +
        tokens[token].textContent.trim() + "” looks most at “" + tokens[most].textContent.trim() + "” (" + percent(seen[most]) + ")";
    };
    tokens.forEach((element, i) => on(element, () => { token = i; draw(); }));
    heads.forEach((element, i) => {
      on(element, () => { head = i; draw(); });
      element.addEventListener("pointermove", (event) => {
        const frame = element.getBoundingClientRect();
        token = Math.min(T - 1, Math.max(0, Math.floor(((event.clientY - frame.top) / frame.height) * T)));
        draw();
      });
    });
    draw();
  }

  // What the model expected in the place of a token.
  const expected = document.getElementById("expected");
  if (expected) {
    const tokens = all(".token", expected), panel = document.getElementById("likely");
    const show = (at) => {
      const { label, probability, rank, likeliest } = data.expected[at];
      tokens.forEach((element, i) => element.classList.toggle("now", i === at));
      const title = document.createElement("p");
      title.textContent = "“" + label.trim() + "” had a probability of " + percent(probability) + ", rank " + number(rank, 0) + ". The likeliest here:";
      panel.replaceChildren(title, ...likeliest.map(([name, share]) => {
        const line = document.createElement("div");
        const [word, bar, figure] = ["b", "i", "span"].map((tag) => line.appendChild(document.createElement(tag)));
        word.textContent = name.startsWith(" ") ? "␣" + name.slice(1) : name;
        bar.style.width = Math.max(1, 100 * share) + "%";
        figure.textContent = percent(share);
        return line;
      }));
    };
    tokens.forEach((element, i) => on(element, () => show(i)));
    show(Math.min(tokens.length - 1, 3));
  }

  // A bar leads to its text, which opens.
  const open = () => {
    const found = location.hash.startsWith("#text-") && document.getElementById(location.hash.slice(1));
    for (let element = found; element; element = element.parentElement.closest("details")) element.open = true;
    if (found) found.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();
})();
