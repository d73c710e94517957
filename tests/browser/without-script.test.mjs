// Without JavaScript the console is a set of pages: all of it can be read, and incidents can be taken.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./support/chromium.mjs";
import { Preview } from "./support/preview.mjs";
import { visit } from "./support/visit.mjs";

const OFF = { javaScriptEnabled: false };

let browser;
let preview;
before(async () => {
  browser = await launch();
  preview = await Preview.start("outage");
});
after(async () => {
  await browser?.close();
  await preview?.stop();
});

const text = (page, selector) => page.locator(selector).first().innerText();

test("headline, circuits and table rows are there to read", () =>
  visit(browser, preview.url, OFF, async (page) => {
    assert.match(await text(page, "h1"), /callers? got an error/);
    assert.match(await text(page, ".circuit.open"), /crm\s+open/);
    const rows = await page.locator(".routes tbody tr").allInnerTexts();
    assert.equal(rows.length, 2);
    assert.match(rows[0], /customer-lookup.*\d/s);
    assert.equal(await text(page, "#link"), "not live", "it does not promise what it cannot do");
  }));

test("the table behind the chart unfolds", () =>
  visit(browser, preview.url, OFF, async (page) => {
    const rows = page.locator("#chart-table tbody tr");
    assert.equal(await rows.first().isVisible(), false);
    await page.locator("#chart-table summary").click();
    assert.equal(await rows.first().isVisible(), true);
    assert.equal(await rows.count(), 10, "ten minutes");
  }));

test("the story of an incident can be read on both pages", async () => {
  for (const path of ["/", "/incidents"]) {
    await visit(browser, preview.url + path, OFF, async (page) => {
      const stories = await page.locator(".incident:not(.resolved) .story").allInnerTexts();
      assert.ok(stories.some((story) => story.includes("CLOSED to OPEN: 5 failures in a row")), path);
    });
  }
});

test("an incident is taken by the form, and the next page says by whom", async () => {
  const own = await Preview.start("outage");
  try {
    own.tell("free");
    await visit(browser, own.url, OFF, async (page) => {
      const crm = page.locator(".incident", { hasText: "Circuit crm is open" });
      await crm.locator("input").fill("Ada Lovelace");
      await crm.locator("button").click();
      await page.waitForURL(`${own.url}/incidents`);
      assert.match(await crm.locator(".badge").innerText(), /taken by Ada Lovelace/);
      assert.equal(await crm.locator("form").count(), 0, "what is taken cannot be taken again");
    });
  } finally {
    await own.stop();
  }
});
