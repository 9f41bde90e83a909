// llama.cpp's side of llama_cpp.py: node llama_cpp.mjs MODEL.gguf REQUEST.json -> {ids, greedy} as JSON.
// REQUEST: {texts: [...], prompts: [...], tokens: N}. The greedy tokens end before end-of-text.
import {readFileSync} from "node:fs";
import {getLlama} from "node-llama-cpp";

const [modelPath, request] = process.argv.slice(2), {texts, prompts, tokens} = JSON.parse(readFileSync(request, "utf8"));
const llama = await getLlama({gpu: false, build: "never", logLevel: "error"});
const model = await llama.loadModel({modelPath});
const context = await model.createContext({sequences: 1, threads: 1}), sequence = context.getSequence();
const greedy = [];
for (const prompt of prompts) {
    const found = [];
    for await (const token of sequence.evaluate(model.tokenize(prompt), {temperature: 0})) {
        found.push(token);
        if (found.length === tokens) break;
    }
    greedy.push(found);
    await sequence.clearHistory();
}
console.log(JSON.stringify({ids: texts.map(text => [...model.tokenize(text)]), greedy}));
await model.dispose();
process.exit(0);
