// Nobody is left out: axe finds nothing to complain about, in any state, page or colour scheme.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { launch } from "./support/chromium.mjs";
import { Preview } from "./support/preview.mjs";
import { isLive, PAGES, STATES, unfold, visit } from "./support/visit.mjs";

const EVERYTHING = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
// All that colours change: the rest of a page is the same in each of them.
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

const COLOURS = {
  dark: { colorScheme: "dark" },
  "forced light": { colorScheme: "light", forcedColors: "active" },
  "forced dark": { colorScheme: "dark", forcedColors: "active" },
};

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

async function axe(page, { colours = null } = {}) {
  const builder = new AxeBuilder({ page });
  const asked = colours ? builder.withRules(COLOUR_RULES) : builder.withTags(EVERYTHING);
  const { violations, passes } = await asked.analyze();
  assert.ok(passes.length > (colours ? 0 : 10), "axe has looked");
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
  assert.deepEqual(found, [], colours ?? undefined);
}

for (const state of STATES) {
  describe(`${state}:`, () => {
    let preview;
    before(async () => {
      preview = await Preview.start(state);
    });
    after(() => preview?.stop());

    for (const path of PAGES) {
      test(`axe finds nothing on ${path} in any colours`, () =>
        visit(browser, preview.url + path, { colorScheme: "light", reducedMotion: "reduce" }, async (page) => {
          await isLive(page);
          await unfold(page);
          await axe(page);
          // Without motion, so that no colour is judged on its way to another.
          for (const [name, colours] of Object.entries(COLOURS)) {
            await page.emulateMedia(colours);
            await axe(page, { colours: name });
          }
        }));
    }

    test("axe finds nothing on a phone", () =>
      visit(browser, preview.url, { viewport: { width: 390, height: 844 } }, async (page) => {
        await isLive(page);
        await unfold(page);
        await axe(page);
      }));
  });
}
