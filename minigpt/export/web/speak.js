// A GPT that writes, in plain JavaScript: text -> tokens -> scores of the next token -> one token, again and again.
//
// T positions, C width, H heads of size D = C / H, V tokens. Vectors are Float32Arrays. The whole network reads one token at a time: what
// it needs of earlier ones, their keys and values, is kept. minigpt's plain.py is the same in Python, with the way back, by which it learned.
"use strict";

// ---- The file: bytes -> a model -------------------------------------------------------------------------------------------------------

/** A text of characters from U+5000 on, each of which holds 15 bits, -> the bytes of a deflated file, and from them those of the file. */
async function unpack(text, size) {
  const packed = new Uint8Array(size);
  let held = 0, count = 0; // bits that wait for the rest of their byte
  for (let i = 0, n = 0; i < text.length; i++) {
    held = (held << 15) | (text.charCodeAt(i) - 0x5000);
    for (count += 15; count >= 8; held &= (1 << count) - 1) packed[n++] = held >> (count -= 8); // what is left at the end falls away
  }
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).arrayBuffer();
}

/**
 * The model in the bytes: pairs of token ids, then every vector, then every matrix, as `about` lists them. A matrix has a row of weights for
 * each output: W[j][i] is at j * columns + i.
 */
function readModel(about, bytes) {
  let at = 0;
  const take = (Kind, count) => {
    const found = new Kind(bytes, at, count);
    at += found.byteLength;
    return found;
  };
  const pairs = take(Int32Array, 2 * about.merges);
  const vectors = {}, matrices = {};
  for (const [name, size] of about.vectors) vectors[name] = take(Float32Array, size);
  for (const [name, rows, columns, unit] of about.matrices) {
    matrices[name] = { rows, columns, unit, weights: about.exact ? take(Float32Array, rows * columns) : new Float32Array(rows * columns) };
  }
  if (!about.exact) readWeights(Object.values(matrices), take, bytes);
  return { ...about.config, vectors, matrices, tokenizer: makeTokenizer(pairs, about.letters, about.digits) };
}

/**
 * Weights are rounded, to as few bits as they need. Each is a coarse whole number times the unit of its matrix, refined by further bits, as
 * digits after the point refine a number: more of them in rows and columns where an error changes more of what the model says.
 */
function readWeights(matrices, take, bytes) {
  for (const matrix of matrices) {
    matrix.rowBits = take(Int8Array, matrix.rows);
    matrix.columnBits = take(Int8Array, matrix.columns);
  }
  for (const matrix of matrices) matrix.coarse = take(Int8Array, matrix.rows * matrix.columns);
  const nextBits = bitReader(take(Uint8Array, bytes.byteLength - take(Uint8Array, 0).byteOffset));
  for (const { rows, columns, unit, weights, rowBits, columnBits, coarse } of matrices) {
    for (let j = 0, at = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++, at++) {
        const bits = Math.min(16, Math.max(0, rowBits[j] + columnBits[i]));
        weights[at] = (coarse[at] + nextBits(bits) / 2 ** bits) * unit;
      }
    }
  }
}

/** A function that gives the next bits of some bytes, at most 16 at once, as a whole number. */
function bitReader(bytes) {
  let at = 0, held = 0, count = 0;
  return (wanted) => {
    for (; count < wanted; count += 8) held = (held << 8) | bytes[at++];
    count -= wanted;
    const found = held >> count;
    held &= (1 << count) - 1;
    return found;
  };
}

// ---- The tokenizer: text -> ids, and back ----------------------------------------------------------------------------------------------

/**
 * Byte-level BPE. Ids 0 to 255 are the bytes, those that print first; then comes a token for each merge, the union of two earlier ones;
 * the last id is end-of-text, which stands before and after each document.
 */
function makeTokenizer(pairs, letters, digits) {
  const prints = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  const bytes = [...Array(256).keys()];
  const order = [...bytes.filter(prints), ...bytes.filter((byte) => !prints(byte))];
  const idOfByte = new Map(order.map((byte, id) => [byte, id]));
  const tokens = order.map((byte) => [byte]); // id -> bytes
  const unions = new Map(); // two neighbours -> the id of their union; the smaller it is, the earlier they are merged
  for (let i = 0; i < pairs.length; i += 2) {
    unions.set(pairs[i] * 2 ** 20 + pairs[i + 1], tokens.length);
    tokens.push([...tokens[pairs[i]], ...tokens[pairs[i + 1]]]);
  }
  const endOfText = tokens.length;
  tokens.push([]);
  // A text is first split into words: contractions; letters, digits or other marks, with at most one space before them; white space, which
  // leaves its last space to the next word. Letters and digits are listed, as browsers know different versions of Unicode.
  const kinds = ["'(?:[stmd]|re|ve|ll)", ` ?[${letters}]+`, ` ?[${digits}]+`, ` ?[^\\p{White_Space}${letters}${digits}]+`];
  const word = new RegExp([...kinds, "\\p{White_Space}+(?!\\P{White_Space})", "\\p{White_Space}+"].join("|"), "gu");
  const encoder = new TextEncoder(); // UTF-8

  function encode(text) {
    return (text.match(word) ?? []).flatMap(encodeWord);
  }
  function encodeWord(word) {
    let ids = [...encoder.encode(word)].map((byte) => idOfByte.get(byte));
    for (;;) {
      let first = Infinity; // the earliest merge that is possible
      for (let i = 1; i < ids.length; i++) first = Math.min(first, unions.get(ids[i - 1] * 2 ** 20 + ids[i]) ?? Infinity);
      if (first === Infinity) return ids;
      const merged = []; // each of its places, from left to right
      for (let i = 0; i < ids.length; i++) {
        if (unions.get(ids[i] * 2 ** 20 + ids[i + 1]) === first) {
          merged.push(first);
          i++;
        } else merged.push(ids[i]);
      }
      ids = merged;
    }
  }
  /** Ids, one at a time -> pieces of text; the bytes of half a character wait for the rest. */
  function makeDecoder() {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return (id) => decoder.decode(Uint8Array.from(tokens[id]), { stream: true });
  }
  return { encode, makeDecoder, endOfText };
}

// ---- The network: a token -> scores of the next ----------------------------------------------------------------------------------------

/** y = W x + b. Nearly all the time is spent in this loop. */
function linear(model, name, x) {
  const { rows, columns, weights } = model.matrices[name];
  const bias = model.vectors[`${name}.bias`];
  const y = new Float32Array(rows);
  let j = 0;
  for (; j + 4 <= rows; j += 4) { // four rows at once, as each sum waits for its last addition
    let a = 0, b = 0, c = 0, d = 0;
    let at = j * columns;
    for (let i = 0; i < columns; i++, at++) {
      const xi = x[i];
      a += weights[at] * xi;
      b += weights[at + columns] * xi;
      c += weights[at + 2 * columns] * xi;
      d += weights[at + 3 * columns] * xi;
    }
    y[j] = a;
    y[j + 1] = b;
    y[j + 2] = c;
    y[j + 3] = d;
  }
  for (; j < rows; j++) { // the rest
    let sum = 0;
    for (let i = 0; i < columns; i++) sum += weights[j * columns + i] * x[i];
    y[j] = sum;
  }
  return bias ? add(y, bias) : y;
}

function add(a, b) {
  return a.map((value, i) => value + b[i]);
}

/** Row j of a matrix: the embedding of a token, or of a position. */
function row(model, name, j) {
  const { columns, weights } = model.matrices[name];
  return weights.subarray(j * columns, (j + 1) * columns);
}

/** Gain times x with mean 0 and standard deviation 1, plus bias. */
function layerNorm(model, name, x) {
  const gain = model.vectors[`${name}.weight`], bias = model.vectors[`${name}.bias`];
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const deviation = Math.sqrt(variance + model.epsilon);
  return x.map((value, i) => (gain[i] * (value - mean)) / deviation + bias[i]);
}

/** About x where x is large, about 0 where it is very negative. */
function gelu(x) {
  const factor = Math.sqrt(2 / Math.PI);
  return x.map((u) => (u * (1 + Math.tanh(factor * (u + 0.044715 * u * u * u)))) / 2);
}

/**
 * What the token at position t takes from itself and the tokens before it. Each head asks with a query q; every token answers with a key k
 * and offers a value v. y = sum of w[s] v[s], w = softmax(q . k[s] / sqrt(D)): the better the answer, the more of the value is taken.
 */
function attention(model, name, x, past, t) {
  const C = model.width, D = C / model.heads;
  const qkv = linear(model, `${name}.c_attn`, x); // side by side
  const { keys, values } = past;
  keys.set(qkv.subarray(C, 2 * C), t * C);
  values.set(qkv.subarray(2 * C), t * C);
  const y = new Float32Array(C), weights = new Float32Array(t + 1);
  for (let head = 0; head < C; head += D) {
    let most = -Infinity;
    for (let s = 0; s <= t; s++) {
      let product = 0;
      for (let i = head; i < head + D; i++) product += qkv[i] * keys[s * C + i];
      weights[s] = product / Math.sqrt(D);
      most = Math.max(most, weights[s]);
    }
    let total = 0;
    for (let s = 0; s <= t; s++) total += weights[s] = Math.exp(weights[s] - most);
    for (let s = 0; s <= t; s++) {
      const w = weights[s] / total;
      for (let i = head; i < head + D; i++) y[i] += w * values[s * C + i];
    }
  }
  return linear(model, `${name}.c_proj`, y);
}

/** What each position makes of itself alone: four times as wide, GELU, and back. */
function mlp(model, name, x) {
  return linear(model, `${name}.c_proj`, gelu(linear(model, `${name}.c_fc`, x)));
}

/** GPT-1 normalizes after each sum, GPT-2 before each branch, which leaves a straight way from the first block to the last. */
function block(model, name, x, past, t) {
  if (model.architecture === "gpt2") {
    const n = add(x, attention(model, `${name}.attn`, layerNorm(model, `${name}.ln_1`, x), past, t));
    return add(n, mlp(model, `${name}.mlp`, layerNorm(model, `${name}.ln_2`, n)));
  }
  const n = layerNorm(model, `${name}.ln_1`, add(x, attention(model, `${name}.attn`, x, past, t)));
  return layerNorm(model, `${name}.ln_2`, add(n, mlp(model, `${name}.mlp`, n)));
}

/** Keys and values of the tokens that were read, for each block. */
function newCache(model) {
  const size = model.context * model.width;
  const blocks = Array.from({ length: model.layers }, () => ({ keys: new Float32Array(size), values: new Float32Array(size) }));
  return { start: 0, length: 0, blocks };
}

/** Read a token at the next position: its hidden state after the last block. */
function read(model, cache, id) {
  const t = cache.length++;
  let x = add(row(model, "tokens", id), row(model, "positions", t));
  for (let i = 0; i < model.layers; i++) x = block(model, `h.${i}`, x, cache.blocks[i], t);
  return x;
}

/** A hidden state -> a score for each token: how much it looks like the token's embedding. */
function scoresOf(model, x) {
  return linear(model, "tokens", model.architecture === "gpt2" ? layerNorm(model, "ln_f", x) : x);
}

/**
 * Where the context for the token after `length` others begins: at 0 until the window is full, then at a multiple of half a window, since
 * the positions of what was read cannot move.
 */
function contextStart(length, window) {
  const stride = Math.max(1, Math.floor(window / 2));
  return Math.ceil(Math.max(0, length - window) / stride) * stride;
}

/** The scores (V) of the token after `ids`, reading what was not read yet. `pause` lets others work; it says whether to go on. */
async function nextScores(model, cache, ids, pause) {
  const start = contextStart(ids.length, model.context);
  if (start !== cache.start) {
    cache.start = start;
    cache.length = 0;
  }
  for (;;) {
    const x = read(model, cache, ids[cache.start + cache.length]);
    if (cache.start + cache.length === ids.length) return scoresOf(model, x);
    if (!(await pause())) return null;
  }
}

// ---- The sampler: scores -> a token ----------------------------------------------------------------------------------------------------

/** Random numbers from 0 to 1; the same seed gives the same ones. They are not NumPy's, so a seed writes another text in minigpt. */
function makeRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0; // a walk through all 32-bit numbers, whose bits are then stirred (Appleby's MurmurHash3)
    let z = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  return () => (next() * 2 ** 21 + (next() >>> 11)) / 2 ** 53;
}

/**
 * Temperature 0 takes the likeliest token. Otherwise one is drawn from softmax(scores / temperature), of the topK likeliest alone (0: all),
 * and of these from the fewest that together have the probability topP.
 */
function choose(scores, seen, { temperature, topK, topP, penalty }, random) {
  scores = new Float64Array(scores);
  for (const id of penalty === 1 ? [] : new Set(seen)) scores[id] = scores[id] > 0 ? scores[id] / penalty : scores[id] * penalty;
  if (temperature === 0) return scores.reduce((best, score, id) => (score > scores[best] ? id : best), 0);
  const least = topK > 0 && topK < scores.length ? scores.slice().sort()[scores.length - topK] : -Infinity;
  let candidates = [];
  for (let id = 0; id < scores.length; id++) if (scores[id] >= least) candidates.push(id);
  candidates.sort((a, b) => scores[b] - scores[a] || a - b);
  if (topK > 0) candidates = candidates.slice(0, topK);
  let total = 0;
  let sums = candidates.map((id) => (total += Math.exp((scores[id] - scores[candidates[0]]) / temperature)));
  if (topP < 1) sums = sums.slice(0, sums.findIndex((sum) => sum >= topP * total) + 1 || sums.length);
  const point = random() * sums.at(-1);
  return candidates[sums.findIndex((sum) => sum > point)] ?? candidates[0];
}

// ---- Writing -----------------------------------------------------------------------------------------------------------------------------

/**
 * The continuation of a prompt, token by token: { id, text }, where text is what the token completes. "" starts a new document. It ends at
 * end-of-text, after options.length tokens, or when `pause`, called between two tokens, gives false.
 */
async function* write(model, prompt, options, pause = async () => true) {
  const { encode, makeDecoder, endOfText } = model.tokenizer;
  const ids = encode(prompt), decode = makeDecoder(), random = makeRandom(options.seed), cache = newCache(model);
  if (!ids.length) ids.push(endOfText);
  for (let count = 0; count < options.length; count++) {
    const scores = await nextScores(model, cache, ids, pause);
    if (!scores) return;
    const id = choose(scores, ids.slice(contextStart(ids.length, model.context)), options, random);
    if (id === endOfText) return;
    ids.push(id);
    yield { id, text: decode(id) };
    if (!(await pause())) return;
  }
}

if (typeof module !== "undefined") module.exports = { unpack, readModel, write, choose, contextStart, makeRandom }; // for Node
