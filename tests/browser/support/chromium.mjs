// The one browser that the tests drive. Without it they fail; a check that did not run has not passed.

import { accessSync, constants } from "node:fs";
import { chromium } from "playwright-core";

const PROGRAM = process.env.CHROMIUM ?? "/usr/bin/chromium";

// Nothing leaves the machine, and nothing of an earlier run is left: Playwright gives every launch a folder of
// its own.
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts the browser; without a window. */
export async function launch() {
  try {
    accessSync(PROGRAM, constants.X_OK);
  } catch {
    throw new Error(`${PROGRAM} is missing: install Debian's chromium, or name another in CHROMIUM`);
  }
  return chromium.launch({ executablePath: PROGRAM, headless: true, args: ARGS });
}
