// Tokenises llx with the TextMate grammar: the cases below, and all examples of the repository.
"use strict";

const fs = require("fs");
const path = require("path");
const oniguruma = require("vscode-oniguruma");
const textmate = require("vscode-textmate");

const HERE = path.resolve(__dirname, "..");
const EXAMPLES = path.resolve(HERE, "..", "..", "examples");

// Text, a piece of it, and the scope that the piece must have.
const CASES = [
  ["experiment 実験 { seed = 7 }", "experiment", "keyword.control.experiment.llx"],
  ["experiment 実験 { seed = 7 }", "実験", "entity.name.namespace.llx"],
  ["experiment 実験 { seed = 7 }", "seed", "variable.other.property.llx"],
  ['import "a.llx" as b { c = 1 }', "as", "keyword.control.as.llx"],
  ['import "a.llx" as b { c = 1 }', "a.llx", "string.quoted.double.llx"],
  ['import "a.llx" as b { c = 1 }', "c", "variable.other.property.llx", 1],
  ["use llx-focal >= 0.2 as f", "llx-focal", "entity.name.package.llx"],
  ["use llx-focal >= 0.2 as f", "0.2", "constant.numeric.version.llx"],
  ["use llx-focal >= 0.2 as f", "f", "entity.name.namespace.llx", 1],
  ["param width: int = 256  ## wide", "width", "variable.parameter.llx"],
  ["param width: int = 256  ## wide", "int", "support.type.llx"],
  ["param width: int = 256  ## wide", "## wide", "comment.line.documentation.llx"],
  ["let a = 1 # 🎉", "# 🎉", "comment.line.number-sign.llx"],
  ["model gpt = decoder { heads = width / 64 }", "model", "storage.type.kind.llx"],
  ["model gpt = decoder { heads = width / 64 }", "gpt", "variable.other.declaration.llx"],
  ["model gpt = decoder { heads = width / 64 }", "decoder", "entity.name.type.component.llx"],
  ["model gpt = decoder { heads = width / 64 }", "width", "variable.other.llx"],
  ["model gpt = decoder { heads = width / 64 }", "/", "keyword.operator.arithmetic.llx"],
  ["data a = b |> clean |> focal.take(3 examples)", "clean", "entity.name.type.component.llx"],
  ["data a = b |> clean |> focal.take(3 examples)", "focal.take", "entity.name.type.component.llx"],
  ["data a = b |> clean |> focal.take(3 examples)", "examples", "keyword.other.unit.llx"],
  ["  budget = [5 epochs, 30 min]", "epochs", "keyword.other.unit.llx"],
  ["  budget = [5 epochs, 30 min]", "30", "constant.numeric.llx"],
  ["let a = 8Ki", "8Ki", "constant.numeric.llx"],
  ["let a = 3e-4", "3e-4", "constant.numeric.llx"],
  ["let a = 10%", "10%", "constant.numeric.llx"],
  ["let a = max(b, none)", "max", "support.function.llx"],
  ["let a = max(b, none)", "none", "constant.language.llx"],
  ["let a = if b == c then 1 else 2", "then", "keyword.control.conditional.llx"],
  ["let a = if b == c then 1 else 2", "==", "keyword.operator.comparison.llx"],
  ["let a = not b and c", "and", "keyword.operator.logical.llx"],
  ["stage b = a with { optimizer.lr = 1 }", "with", "keyword.control.with.llx"],
  ["stage b = a with { optimizer.lr = 1 }", "optimizer.lr", "variable.other.property.llx"],
  ["eval e = evaluate(pretrain.best)", "best", "variable.other.member.llx"],
  ['let a = "x ${b.c} \\n \\u{1F389}"', "b", "variable.other.llx"],
  ['let a = "x ${b.c} \\n \\u{1F389}"', "\\n", "constant.character.escape.llx"],
  ['let a = """', '"""', "punctuation.definition.string.begin.llx"],
  ['  weights = { "a b" = 1 }', '"a b"', "string.quoted.double.key.llx"],
];

function node(name) {
  return path.join(HERE, "node_modules", ...name.split("/"));
}

async function grammar() {
  const wasm = fs.readFileSync(node("vscode-oniguruma/release/onig.wasm")).buffer;
  await oniguruma.loadWASM(wasm);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => {
      const file = path.join(HERE, "syntaxes", "llx.tmLanguage.json");
      return textmate.parseRawGrammar(fs.readFileSync(file, "utf8"), file);
    },
  });
  return registry.loadGrammar("source.llx");
}

/** Give [line, text, scopes] of all tokens. */
function tokens(grammar, text) {
  const found = [];
  let state = textmate.INITIAL;
  text.split(/\r?\n/).forEach((line, number) => {
    const result = grammar.tokenizeLine(line, state);
    state = result.ruleStack;
    for (const token of result.tokens) {
      found.push([number + 1, line.slice(token.startIndex, token.endIndex), token.scopes]);
    }
  });
  return found;
}

async function main() {
  const llx = await grammar();
  const wrong = [];
  for (const [text, piece, scope, last] of CASES) {
    const matching = tokens(llx, text).filter(([, found]) => found.trim() === piece);
    const token = last ? matching[matching.length - 1] : matching[0];
    if (!token || !token[2].includes(scope)) {
      wrong.push(`${text}\n    ${piece}: expected ${scope}, found ${token ? token[2].join(" ") : "no such token"}`);
    }
  }
  const examples = fs.readdirSync(EXAMPLES).filter((name) => name.endsWith(".llx"));
  let count = 0;
  for (const name of examples) {
    for (const [line, text, scopes] of tokens(llx, fs.readFileSync(path.join(EXAMPLES, name), "utf8"))) {
      count += 1;
      const bare = scopes.every((scope) => scope === "source.llx" || scope.startsWith("meta."));
      if (text.trim() && (bare || scopes.some((scope) => scope.startsWith("invalid")))) {
        wrong.push(`${name}:${line}: ${JSON.stringify(text)} has only ${scopes.join(" ")}`);
      }
    }
  }
  if (wrong.length) {
    console.error(wrong.join("\n"));
    process.exit(1);
  }
  console.log(`${CASES.length} cases and ${examples.length} examples (${count} tokens) are coloured as they should be`);
}

main();
