// Everything can be reached and done without a mouse, in the order in which it is read.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./support/chromium.mjs";
import { Preview } from "./support/preview.mjs";
import { isLive, isReplaced, PAGES, says, visit } from "./support/visit.mjs";

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

/** More stops than any page has. */
const STOPS_MAX = 60;

/** What has the focus now, in words, and whether a person can see that. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const section = element.closest("section, header, footer");
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    return {
      name: element.getAttribute("aria-label") ?? (element.textContent.trim() || element.id),
      kind: element.localName,
      place: section?.id || section?.localName || "skip",
      top: Math.round(box.top + scrollY),
      isMarked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
      isInView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
  });

/** Every stop of the Tab key, from the top of the page to its end. */
async function stops(page) {
  const stops = [];
  for (let n = 0; n < STOPS_MAX; n++) {
    await page.keyboard.press("Tab");
    const stop = await focused(page);
    if (!stop) return stops;
    stops.push(stop);
  }
  throw new Error(`Tab does not come to an end after ${STOPS_MAX} stops`);
}

const inOrder = (values) => values.filter((value, n) => value !== values[n - 1]);

test("Tab goes from the skip link over pages and actions to the tables", () =>
  visit(browser, preview.url, {}, async (page) => {
    await isLive(page);
    const all = await stops(page);
    assert.deepEqual(
      all.slice(0, 3).map(({ name }) => name),
      ["Skip to the content", "Overview", "Incidents"],
    );
    const places = inOrder(all.map(({ place }) => place));
    assert.deepEqual(places, ["skip", "header", "incidents", "served", "ourselves", "footer"]);
    const names = all.map(({ name }) => name);
    for (const reachable of ["Take it", "What happened", "The same as a table", "Calls per route"]) {
      assert.ok(names.includes(reachable), `${reachable} can be reached: ${names.join(", ")}`);
    }
  }));

for (const path of PAGES) {
  test(`focus on ${path} is always visible and moves down the page`, () =>
    visit(browser, preview.url + path, { viewport: { width: 900, height: 700 } }, async (page) => {
      await isLive(page);
      const all = await stops(page);
      assert.ok(all.length > 8, "there is something to stop at");
      for (const stop of all) {
        assert.ok(stop.isMarked, `${stop.kind} "${stop.name}" shows that it has the focus`);
        assert.ok(stop.isInView, `${stop.kind} "${stop.name}" is in view`);
      }
      // What stands side by side may differ by a little; the skip link floats above all.
      const jumps = all.slice(2).filter((stop, n) => stop.top < all[n + 1].top - 40);
      assert.deepEqual(jumps, []);
    }));
}

test("focus is marked in forced colours, too", () =>
  visit(browser, preview.url, { forcedColors: "active" }, async (page) => {
    await isLive(page);
    for (const stop of await stops(page)) assert.ok(stop.isMarked, stop.name);
  }));

test("the skip link leads past the navigation", () =>
  visit(browser, preview.url, {}, async (page) => {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "content");
    await page.keyboard.press("Tab");
    assert.equal((await focused(page)).place, "incidents");
  }));

test("focus stays where it is when the page around it is replaced", () =>
  visit(browser, preview.url, {}, async (page) => {
    await isLive(page);
    for (const [fragment, selector] of [
      ["incidents", ".take button"],
      ["incidents", ".incident summary"],
      ["served", "#chart-table summary"],
      ["served", "[aria-label='Calls per route']"],
    ]) {
      await page.locator(selector).first().focus();
      const before = await focused(page);
      await isReplaced(page, fragment);
      const after = await focused(page);
      assert.deepEqual([after?.kind, after?.name], [before.kind, before.name], selector);
    }
  }));

test("what somebody types is left alone, and the rest of the page goes on", () =>
  visit(browser, preview.url, {}, async (page) => {
    await isLive(page);
    const name = page.locator(".take input").first();
    await name.focus();
    await page.keyboard.type("Ada");
    await isReplaced(page, "served");
    await page.keyboard.type(" Lovelace");
    assert.equal(await name.inputValue(), "Ada Lovelace");
    assert.equal((await focused(page)).kind, "input");
  }));

test("what was folded or unfolded by key stays so", () =>
  visit(browser, preview.url, {}, async (page) => {
    await isLive(page);
    await page.locator("#chart-table summary").focus();
    await page.keyboard.press("Enter");
    await page.locator(".incident summary").first().focus();
    await page.keyboard.press("Enter");
    await isReplaced(page, "served");
    await isReplaced(page, "incidents");
    assert.equal(await page.evaluate(() => document.querySelector("#chart-table").open), true);
    assert.equal(await page.evaluate(() => document.querySelector(".incident details").open), false);
  }));

test("an incident is taken by keyboard", async () => {
  const own = await Preview.start("well");
  try {
    own.tell("outage");
    await visit(browser, own.url, {}, async (page) => {
      await page.waitForSelector(".take input");
      await page.locator(".take input").focus();
      await page.keyboard.type("Ada");
      await page.keyboard.press("Enter");
      await page.waitForURL(`${own.url}/incidents`);
      await says(page, ".badge", /taken by Ada/);
    });
  } finally {
    await own.stop();
  }
});
