// A page that is open changes by itself, and finds its server again.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./support/chromium.mjs";
import { Preview } from "./support/preview.mjs";
import { isLive, isReplaced, says, visit } from "./support/visit.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Runs `look` with a page of a console of its own. */
async function own(state, options, look) {
  const preview = await Preview.start(state);
  try {
    await visit(browser, preview.url, options, (page) => look(page, preview));
  } finally {
    await preview.stop();
  }
}

/** Something that a reload would wipe out. */
const mark = (page) =>
  page.evaluate(() => {
    globalThis.isSamePage = true;
  });
const isSamePage = (page) => page.evaluate(() => globalThis.isSamePage === true);

test("an outage begins and ends on a page that nobody reloads", () =>
  own("well", {}, async (page, preview) => {
    await isLive(page);
    await mark(page);
    await says(page, "h1", /calls go through/);
    preview.tell("outage");
    await says(page, "#circuits", /crm.*open/s);
    await says(page, "#incidents", /Circuit crm is open/);
    await page.waitForSelector(".headline:is(.bad, .degraded)");
    preview.tell("well");
    await page.waitForSelector(".circuit.open", { state: "detached" });
    await says(page, ".incident.resolved", /Circuit crm.*over/s);
    assert.ok(await isSamePage(page), "the page was reloaded");
  }));

test("updates come over one stream of events", () =>
  own("well", {}, async (page, preview) => {
    const streams = [];
    page.on("request", (request) => {
      if (request.resourceType() === "eventsource") streams.push(new URL(request.url()).pathname);
      else streams.push(request.resourceType());
    });
    await page.reload();
    await isLive(page);
    streams.length = 0;
    preview.tell("outage");
    await says(page, "#incidents", /Circuit crm is open/);
    await isReplaced(page, "headline");
    assert.deepEqual(streams, [], "nothing more is asked for");
  }));

test("a screen reader hears the sentence once, and again when it changes", () =>
  own("well", {}, async (page, preview) => {
    await isLive(page);
    await page.evaluate(() => {
      globalThis.sentence = document.querySelector("[role=status]");
      globalThis.said = [];
      const heard = new MutationObserver(() => globalThis.said.push(globalThis.sentence.textContent));
      heard.observe(globalThis.sentence, { childList: true, characterData: true, subtree: true });
    });
    await isReplaced(page, "headline");
    await isReplaced(page, "headline");
    assert.deepEqual(await page.evaluate(() => globalThis.said), [], "the same is not said again");
    preview.tell("silent");
    await page.waitForFunction(() => globalThis.said.some((said) => said.includes("silent")));
    assert.ok(await page.evaluate(() => globalThis.sentence.isConnected), "it is still the same element");
  }));

test("after a restart of the server the page connects again and tells the new truth", () =>
  own("well", { complaintsExpected: true }, async (page, preview) => {
    await isLive(page);
    await mark(page);
    await preview.stop();
    await page.waitForSelector("#link[data-state=lost]");
    await says(page, "#link", /not live/);
    const next = await Preview.start("outage", preview.port);
    try {
      await isLive(page);
      await says(page, "#circuits", /5 failures in a row/);
      assert.ok(await isSamePage(page), "the page was reloaded");
    } finally {
      await next.stop();
    }
  }));

test("a page that nobody sees lets go of its stream", () =>
  own("well", {}, async (page) => {
    await isLive(page);
    const hide = (isHidden) =>
      page.evaluate((isHidden) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
        document.dispatchEvent(new Event("visibilitychange"));
      }, isHidden);
    const ended = page.waitForEvent("requestfailed", (request) => request.resourceType() === "eventsource");
    await hide(true);
    await ended;
    const again = page.waitForRequest((request) => request.resourceType() === "eventsource");
    await hide(false);
    await again;
    await isReplaced(page, "headline");
  }));
