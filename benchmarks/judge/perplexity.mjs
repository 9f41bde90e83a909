// Texts on standard input, a JSON string a line -> a line for each: the nats that another model pays for it, and the bytes it has read.
//   node perplexity.mjs FOLDER MODEL.gguf TOKENS
// FOLDER holds node_modules/node-llama-cpp (tried with 3.22); of a text, the first TOKENS tokens count.
import {join, resolve} from "node:path";
import {createInterface} from "node:readline";
import {pathToFileURL} from "node:url";

const [folder, modelPath, most] = process.argv.slice(2);
const {getLlama} = await import(pathToFileURL(join(resolve(folder), "node_modules/node-llama-cpp/dist/index.js")));
const llama = await getLlama({gpu: false, build: "never", logLevel: "error"});
const model = await llama.loadModel({modelPath: resolve(modelPath)});
const context = await model.createContext({contextSize: Number(most) + 1, threads: 1});
const sequence = context.getSequence();
for await (const line of createInterface({input: process.stdin})) {
    const tokens = model.tokenize(JSON.parse(line)).slice(0, Number(most)), input = [model.tokens.bos, ...tokens];
    let nats = 0;
    await sequence.clearHistory();
    const asked = input.map((token, i) => i < tokens.length ? [token, {generateNext: {probabilities: true}}] : token);
    await sequence.controlledEvaluate(asked, {
        onTokenResult(i, result) { nats -= Math.log(result.next.probabilities.get(input[i + 1])); },
    });
    console.log(JSON.stringify({nats, bytes: Buffer.byteLength(model.detokenize(tokens))}));
}
await llama.dispose();
