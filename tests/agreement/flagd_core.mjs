// Answers what flagd-core for JavaScript makes of flags: `node flagd_core.mjs FOLDER [interpreted]`, where FOLDER has the
// node_modules. "interpreted" sets disableDynamicCodeGeneration.
//
// Each line of the standard input is {"document": ..., "types": {flag key: type}, "contexts": [...]}; the answer is a line
// {flag key: [[variant, value, error code] for each context]}.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, mode] = process.argv.slice(2);
const { FlagdCore } = createRequire(`${folder}/`)("@openfeature/flagd-core");
const options = { disableDynamicCodeGeneration: mode === "interpreted" };
const silent = { error() {}, warn() {}, info() {}, debug() {} };
const METHODS = {
  boolean: "resolveBooleanEvaluation",
  string: "resolveStringEvaluation",
  number: "resolveNumberEvaluation",
  structured: "resolveObjectEvaluation",
};

function answer(core, key, type, context) {
  try {
    const { variant, value, errorCode } = core[METHODS[type]](key, null, context);
    return errorCode ? [null, null, errorCode] : [variant ?? null, value, null];
  } catch (error) {
    return [null, null, error.code ?? "GENERAL"];
  }
}

const clock = Date.now;

function answers({ document, types, contexts, now }) {
  Date.now = now === undefined ? clock : () => now * 1000;
  const core = new FlagdCore(undefined, silent, options);
  core.setConfigurations(JSON.stringify(document));
  const each = ([key, type]) => [key, contexts.map((context) => answer(core, key, type, context))];
  return Object.fromEntries(Object.entries(types).map(each));
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answers(JSON.parse(line)))}\n`);
}
