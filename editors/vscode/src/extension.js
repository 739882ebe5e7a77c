// Starts `llx lsp` and connects it to the editor; all that is known of the language is known there.
"use strict";

const fs = require("fs");
const path = require("path");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

/** Find the command: what the user set, a virtual environment of the workspace, or the PATH. */
function command() {
  const folders = (vscode.workspace.workspaceFolders || []).map((folder) => folder.uri.fsPath);
  const set = vscode.workspace.getConfiguration("llx").get("path");
  if (set) return set.replace("${workspaceFolder}", folders[0] || "");
  const inside = process.platform === "win32" ? ["Scripts", "llx.exe"] : ["bin", "llx"];
  const candidates = folders.map((folder) => path.join(folder, ".venv", ...inside));
  return candidates.find((candidate) => fs.existsSync(candidate)) || "llx";
}

function makeClient() {
  const settings = vscode.workspace.getConfiguration("llx");
  const language = settings.get("language");
  const env = language ? { ...process.env, LLX_LANG: language } : process.env;
  const server = { command: command(), args: ["lsp"], options: { env } };
  return new LanguageClient("llx", "llx", server, {
    documentSelector: [{ language: "llx" }],
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.llx") },
    initializationOptions: {
      completeAgain: "editor.action.triggerSuggest",
      inlayHints: {
        values: settings.get("inlayHints.values"),
        defaults: settings.get("inlayHints.defaults"),
      },
    },
  });
}

async function start() {
  client = makeClient();
  try {
    await client.start();
  } catch (error) {
    const install = "pip install 'llx-lang[lsp]'";
    const choice = await vscode.window.showErrorMessage(
      `llx: the language server didn't start (${error.message}). It comes with: ${install}`,
      "Set llx.path"
    );
    if (choice) vscode.commands.executeCommand("workbench.action.openSettings", "llx.path");
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running) await running.stop().catch(() => undefined);
}

async function restart() {
  await stop();
  await start();
}

function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("llx.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("llx")) restart();
    })
  );
  return start();
}

module.exports = { activate, deactivate: stop };
