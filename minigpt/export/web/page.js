// The page: buttons, settings and the text as it comes. The network is in the script above.
"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const [prompt, go, stop, copy, status, text] = ["prompt", "write", "stop", "copy", "status", "text"].map(at);
  let model = null, stopped = true;

  const say = (words) => { status.textContent = words; };
  /** Let the page draw and listen; whether to go on. A message comes back sooner than a timer. */
  const pause = () => new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => { port1.close(); resolve(!stopped); };
    port2.postMessage(null);
  });
  const setting = (id) => (at(id).validity.valid && at(id).value !== "" ? at(id).valueAsNumber : NaN);

  /** The settings; null, with a word beside the first that is wrong. */
  function settings() {
    if (at("seed").value === "" && at("seed").validity.valid) at("seed").placeholder = String(crypto.getRandomValues(new Uint32Array(1))[0]);
    const found = {};
    for (const id of ["temperature", "topK", "topP", "penalty", "length"]) found[id] = setting(id);
    found.seed = at("seed").value === "" && at("seed").validity.valid ? Number(at("seed").placeholder) : setting("seed");
    const wrong = Object.keys(found).find((id) => Number.isNaN(found[id]));
    if (wrong === undefined) return found;
    at("settings").open = true;
    if (!at(wrong).reportValidity()) return null;
    at(wrong).focus();
    say("A number is missing.");
    return null;
  }

  async function run() {
    const options = model && stopped ? settings() : null;
    if (!options) return;
    stopped = false;
    go.disabled = copy.disabled = true;
    stop.disabled = false;
    const beginning = document.createElement("b"), rest = document.createTextNode("");
    beginning.textContent = prompt.value;
    text.replaceChildren(beginning, rest);
    text.hidden = false;
    say("Reading …");
    let count = 0, began = 0, left = false;
    for await (const { text: piece } of write(model, prompt.value, options, pause)) {
      if (count++ === 0) began = performance.now(); // what came before was reading
      rest.appendData(piece);
      const speed = count > 1 ? `, ${((count - 1) / ((performance.now() - began) / 1000)).toFixed(0)} tokens/s` : "";
      say(`${count} ${count === 1 ? "token" : "tokens"}${speed}, seed ${options.seed}`);
    }
    left = stopped;
    if (!left && count < options.length) say(count ? `${status.textContent}; the text ends here` : "The text ends at once: nothing comes after this beginning.");
    if (left) say(count ? `${status.textContent}; stopped` : "Stopped.");
    stopped = true;
    go.disabled = copy.disabled = false;
    stop.disabled = true;
  }

  const halt = () => { stopped = true; };
  /** To the clipboard or, where a browser does not allow that, marked to be copied by hand. */
  async function copyText() {
    try {
      await navigator.clipboard.writeText(text.textContent);
      say("Copied.");
    } catch {
      getSelection().selectAllChildren(text);
      say("The text is marked: copy it with Ctrl+C.");
    }
  }

  async function start() {
    try {
      const about = JSON.parse(at("about").textContent), packed = at("weights");
      model = readModel(about, await unpack(packed.textContent, about.size));
      packed.remove();
    } catch {
      say("The model cannot be read: the file is damaged, or this browser is older than 2023.");
      return;
    }
    go.disabled = false;
    say("Ready.");
  }

  go.addEventListener("click", run);
  stop.addEventListener("click", halt);
  copy.addEventListener("click", copyText);
  for (const example of document.querySelectorAll(".example")) {
    example.addEventListener("click", () => {
      prompt.value = example.textContent;
      prompt.focus();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
    if (event.key === "Escape") halt();
  });
  document.addEventListener("DOMContentLoaded", () => setTimeout(start, 0)); // the weights, at the end of the file, are there by then
})();
