// What is not known is drawn as unknown: no number, no bar, no level.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./support/chromium.mjs";
import { Preview } from "./support/preview.mjs";
import { isLive, says, visit } from "./support/visit.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Looks at a console in `state`, once as the server wrote it and once live. */
async function inState(state, look) {
  const preview = await Preview.start(state);
  try {
    await visit(browser, preview.url, { javaScriptEnabled: false }, look);
    await visit(browser, preview.url, {}, async (page) => {
      await isLive(page);
      await look(page);
    });
  } finally {
    await preview.stop();
  }
}

/** No place where a measurement would stand has a digit in it. */
async function nothingIsMeasured(page) {
  const figures = await page.locator(".figures dd").allInnerTexts();
  assert.equal(figures.length, 6);
  assert.deepEqual(new Set(figures), new Set(["unknown"]));
  assert.equal(await page.locator(".figures .unknown").count(), 6, "and they look it");
  assert.equal(await page.locator("meter").count(), 0, "an empty gauge would say zero");
  const measured = await page.locator(".circuit dd, .routes td").allInnerTexts();
  assert.deepEqual(measured.filter((text) => text.trim() !== "unknown"), []);
}

test("before any gateway has reported nothing looks measured", () =>
  inState("unknown", async (page) => {
    await nothingIsMeasured(page);
    assert.equal(await page.locator(".headline.unknown").count(), 1);
    assert.equal(await page.locator(".headline.well").count(), 0);
    const bars = await page.locator(".chart rect:not(.gap)").count();
    assert.equal(bars, 0, "no bar is drawn");
    assert.match(await page.locator(".plot").innerText(), /Nothing is known about calls/);
    const cells = await page.locator("#chart-table td").allTextContents();
    assert.deepEqual([...new Set(cells)], ["unknown"]);
  }));

test("a gateway that has fallen silent takes its numbers along", () =>
  inState("silent", async (page) => {
    await nothingIsMeasured(page);
    assert.match(await page.locator("h1").innerText(), /silent/);
    assert.equal(await page.locator(".circuit.unknown").count(), 2);
    assert.equal(await page.locator(".circuit.closed").count(), 0, "the last that was known is not shown as present");
    assert.ok((await page.locator(".chart rect:not(.gap)").count()) > 0, "the past stays");
    assert.ok((await page.locator(".chart rect.gap").count()) > 0, "the silence is a gap");
  }));

test("numbers go away on an open page, and come back", async () => {
  const preview = await Preview.start("well");
  try {
    await visit(browser, preview.url, {}, async (page) => {
      await isLive(page);
      await says(page, ".figures dd", /\d/);
      preview.tell("silent");
      await says(page, "h1", /silent/);
      await nothingIsMeasured(page);
      preview.tell("well");
      await says(page, ".figures dd", /\d/);
      assert.ok((await page.locator("meter").count()) > 0);
    });
  } finally {
    await preview.stop();
  }
});
