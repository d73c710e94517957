// Launches: their verdicts as marks that can be read, each leading to what it was found by.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { launch } from "./support/chromium.mjs";
import { Preview } from "./support/preview.mjs";
import { isLive, unfold, visit } from "./support/visit.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const WIDTHS = [320, 390, 960, 1920];

let browser;
let preview;
before(async () => {
  browser = await launch();
  preview = await Preview.start("bad-release");
});
after(async () => {
  await browser?.close();
  await preview?.stop();
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing on a review in ${colorScheme} colours`, () =>
    visit(browser, `${preview.url}/reviews/r-34`, { colorScheme }, async (page) => {
      await isLive(page);
      await unfold(page);
      const { violations, passes } = await new AxeBuilder({ page }).withTags(RULES).analyze();
      assert.ok(passes.length > 10, "axe has looked");
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`), []);
    }));
}

test("a review fits every width", () =>
  visit(browser, `${preview.url}/reviews/r-34`, {}, async (page) => {
    await unfold(page);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      const isWider = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
      assert.equal(isWider, false, `at ${width}`);
    }
  }));

test("without script each mark says its verdict and leads to its review", () =>
  visit(browser, `${preview.url}/reviews`, { javaScriptEnabled: false }, async (page) => {
    assert.match(await page.locator("h1").innerText(), /Order status at sandbox must not go ahead/);
    const marks = page.locator(".trend").first().getByRole("link");
    assert.equal(await marks.count(), 30);
    const names = await marks.evaluateAll((links) => links.map((link) => link.getAttribute("aria-label")));
    assert.ok(names.every((name) => /UTC: (may go ahead|must not go ahead|nobody can say)$/.test(name)), names.join("; "));
    await marks.last().click();
    await page.waitForURL(`${preview.url}/reviews/r-34`);
    assert.match(await page.locator(".headline").innerText(), /must not go ahead/);
    await page.getByRole("link", { name: "Do the integrations answer, and in time?" }).click();
    assert.match(await page.locator("article", { has: page.locator("#latency") }).innerText(), /over the limit/);
  }));

test("where nothing was reviewed yet it is said what is waited for", async () => {
  const own = await Preview.start("unknown");
  try {
    await visit(browser, `${own.url}/reviews`, {}, async (page) => {
      await isLive(page);
      assert.match(await page.locator("h1").innerText(), /waits for its first review/);
      assert.equal(await page.locator(".trend").count(), 0, "no mark is drawn");
      assert.match(await page.locator("article").innerText(), /next\s+.*UTC/s);
    });
  } finally {
    await own.stop();
  }
});
