// A picture of a page, as the README shows one:
// node screenshot.mjs URL FILE [--dark] [--width N] [--height N]

import { parseArgs } from "node:util";
import { launch } from "./support/chromium.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dark: { type: "boolean", default: false },
    width: { type: "string", default: "1280" },
    // Without a height the picture is as long as the page.
    height: { type: "string" },
  },
});
const [url, file] = positionals;
if (!url || !file) {
  console.error("usage: node screenshot.mjs URL FILE [--dark] [--width N] [--height N]");
  process.exit(2);
}

const browser = await launch();
try {
  const page = await browser.newPage({
    colorScheme: values.dark ? "dark" : "light",
    viewport: { width: Number(values.width), height: Number(values.height ?? 800) },
    deviceScaleFactor: 2,
  });
  await page.goto(url);
  await page.waitForSelector("#link[data-state=live]");
  await page.screenshot({ path: file, fullPage: values.height === undefined });
} finally {
  await browser.close();
}
