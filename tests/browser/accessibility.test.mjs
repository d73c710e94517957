// Nobody is left out: axe finds nothing to complain about, in any state, page or colour scheme.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { launch } from "./support/chromium.mjs";
import { Preview } from "./support/preview.mjs";
import { isLive, PAGES, STATES, unfold, visit } from "./support/visit.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const COLOURS = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  "forced light": { colorScheme: "light", forcedColors: "active" },
  "forced dark": { colorScheme: "dark", forcedColors: "active" },
};

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

async function axe(page) {
  const { violations, passes } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  assert.ok(passes.length > 10, "axe has looked");
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
  assert.deepEqual(found, []);
}

for (const state of STATES) {
  describe(`${state}:`, () => {
    let preview;
    before(async () => {
      preview = await Preview.start(state);
    });
    after(() => preview?.stop());

    for (const path of PAGES) {
      for (const [name, options] of Object.entries(COLOURS)) {
        test(`axe finds nothing on ${path} in ${name} colours`, () =>
          visit(browser, preview.url + path, options, async (page) => {
            await isLive(page);
            await unfold(page);
            await axe(page);
          }));
      }
    }

    test("axe finds nothing on a phone", () =>
      visit(browser, preview.url, { viewport: { width: 390, height: 844 } }, async (page) => {
        await isLive(page);
        await unfold(page);
        await axe(page);
      }));
  });
}
