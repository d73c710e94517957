// The console with made-up data, as a process of its own: `cargo run -p server --example preview`.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** How long a start may take. */
const START_MS_MAX = 20_000;

/** A running console. */
export class Preview {
  #process;

  /** Starts it in one of its states; port 0 takes a free one. */
  static async start(state, port = 0) {
    const preview = new Preview();
    preview.state = state;
    preview.#process = spawn(program(), [state, String(port)], { stdio: ["pipe", "pipe", "inherit"] });
    preview.url = await preview.#listening();
    return preview;
  }

  async #listening() {
    const lines = createInterface({ input: this.#process.stdout });
    const ended = once(this.#process, "exit").then(([code]) => {
      throw new Error(`the preview ended before it listened, with ${code}`);
    });
    const [line] = await Promise.race([once(lines, "line", { signal: AbortSignal.timeout(START_MS_MAX) }), ended]);
    ended.catch(() => {});
    const url = /http:\/\/\S+/.exec(line);
    if (!url) throw new Error(`the preview said something else than its address: ${line}`);
    return url[0];
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  /** Changes the story: `outage`, `well`, `silent`, `full` or `free`. */
  tell(order) {
    this.#process.stdin.write(`${order}\n`);
  }

  /** Ends it, as a crash would. */
  async stop() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }
}

let built;

/** The program: the one that `cargo xtask test` has built and named, or one that is built now. */
function program() {
  built ??= process.env.STEADYLINE_PREVIEW ?? build();
  return built;
}

function build() {
  const args = ["build", "--locked", "-p", "server", "--example", "preview", "--message-format", "json"];
  const messages = execFileSync("cargo", args, {
    cwd: new URL("../../..", import.meta.url),
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  for (const line of messages.split("\n").filter(Boolean)) {
    const message = JSON.parse(line);
    if (message.reason === "compiler-artifact" && message.executable) return message.executable;
  }
  throw new Error("cargo built no preview");
}
