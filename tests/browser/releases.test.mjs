// Releases under watch: their curve is drawn and told, and they are gone back from without a mouse and without JavaScript.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { launch } from "./support/chromium.mjs";
import { Preview } from "./support/preview.mjs";
import { isLive, says, unfold, visit } from "./support/visit.mjs";

const APPROVER = "token-of-ben-0123456789";

/** More stops than the page has. */
const STOPS_MAX = 60;

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

/** A page of a console of its own, which may be changed. */
async function own(state, path, options, look) {
  const own = await Preview.start(state);
  try {
    await visit(browser, own.url + path, options, (page) => look(page, own));
  } finally {
    await own.stop();
  }
}

for (const colorScheme of ["light", "dark"]) {
  for (const release of ["r-8c21", "r-7f3a", "r-000"]) {
    test(`axe finds nothing on the page of ${release} in ${colorScheme} colours`, () =>
      visit(browser, `${preview.url}/rollbacks/${release}`, { colorScheme }, async (page) => {
        await isLive(page);
        await unfold(page);
        const { violations } = await new AxeBuilder({ page }).analyze();
        assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), []);
      }));
  }
}

test("the page of a release fits a phone and a wall", () =>
  visit(browser, `${preview.url}/rollbacks/r-7f3a`, {}, async (page) => {
    for (const width of [320, 390, 1280, 3840]) {
      await page.setViewportSize({ width, height: 900 });
      const isWide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
      assert.equal(isWide, false, `at ${width}`);
    }
  }));

test("the drawing and the table say the same", () =>
  visit(browser, `${preview.url}/rollbacks`, { javaScriptEnabled: false }, async (page) => {
    const card = page.locator(".release", { hasText: "Billing" });
    assert.equal(await card.locator("polyline.against").count(), 1);
    const rows = card.locator("details[id^=minutes] tbody tr");
    assert.equal(await rows.first().isVisible(), false);
    await card.locator("details[id^=minutes] summary").click();
    assert.equal(await rows.first().isVisible(), true);
    assert.equal(await rows.count(), 9, "nine minutes");
    assert.match(await card.locator("text.needed").textContent(), /bad from 20\s000\s:\s1/);
  }));

test("words of thresholds stand beside their lines and inside the drawing", () =>
  visit(browser, `${preview.url}/rollbacks`, {}, async (page) => {
    const found = await page.evaluate(() => {
      const outside = [];
      for (const plot of document.querySelectorAll(".odds .plot")) {
        const box = plot.getBoundingClientRect();
        for (const text of plot.querySelectorAll("text.suspect, text.needed")) {
          const { left, right } = text.getBoundingClientRect();
          const line = plot.querySelector(`line.${text.classList[0]}`).getBoundingClientRect();
          const { bottom } = text.getBoundingClientRect();
          const isBeside = Math.abs(line.top - bottom) < 12;
          if (left < box.left || box.right < right || !isBeside) outside.push(text.textContent);
        }
      }
      return outside;
    });
    assert.deepEqual(found, []);
  }));

test("everything on the page can be reached by Tab and shows it", () =>
  visit(browser, `${preview.url}/rollbacks`, {}, async (page) => {
    await isLive(page);
    const reached = [];
    for (let n = 0; n < STOPS_MAX; n++) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(() => {
        if (document.activeElement === document.body) return null;
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        const isMarked = outlineStyle !== "none" && 2 <= parseFloat(outlineWidth);
        return { id: document.activeElement.id, text: document.activeElement.textContent.trim(), isMarked };
      });
      if (!stop) break;
      assert.ok(stop.isMarked, `${stop.text || stop.id} shows that it has the focus`);
      reached.push(stop.id || stop.text);
    }
    for (const one of ["token-r-8c21", "approve-r-8c21", "What happened", "The same as a table", "Version 11.0 of Main IVR"]) {
      assert.ok(reached.includes(one), `${one}: ${reached.join(", ")}`);
    }
  }));

test("what nobody saw is a gap without a line", () =>
  own("silent", "/rollbacks", {}, async (page) => {
    await isLive(page);
    const gap = await page.locator(".odds rect.gap").boundingBox();
    const line = await page.locator(".odds polyline").boundingBox();
    assert.ok(line.x + line.width <= gap.x + 3, "the line ends where the gap begins");
    assert.equal(await page.locator(".odds circle").count(), 0, "nothing is the latest");
    await unfold(page);
    const cells = await page.locator("details[id^=minutes] td.unknown").allInnerTexts();
    assert.equal(cells.length, 27);
    assert.deepEqual([...new Set(cells)], ["unknown"]);
  }));

test("an approver goes back by keyboard, and every page that is open says so", () =>
  own("bad-release", "/rollbacks", {}, async (page, { url }) => {
    await isLive(page);
    await visit(browser, `${url}/rollbacks/r-8c21`, {}, async (other) => {
      await isLive(other);
      await page.locator("#token-r-8c21").focus();
      await page.keyboard.type(APPROVER);
      await page.keyboard.press("Enter");
      await page.waitForURL(`${url}/rollbacks`);
      await says(page, ".headline", /Billing <EU> is being gone back/);
      await says(other, ".tone", /being gone back/);
      assert.equal(await other.locator("form").count(), 0, "nobody is asked any more");
    });
  }));

test("an approver goes back without JavaScript, and somebody else is told why not", () =>
  own("bad-release", "/rollbacks/r-8c21", { javaScriptEnabled: false, complaintsExpected: true }, async (page, { url }) => {
    await page.locator("#token-r-8c21").fill("token-of-ann-0123456789");
    await page.locator("#approve-r-8c21").click();
    assert.match(await page.locator("[role=alert]").innerText(), /ann is operator; it takes approver/);
    await page.locator("#token-r-8c21").fill(APPROVER);
    await page.locator("#approve-r-8c21").click();
    await page.waitForURL(`${url}/rollbacks`);
    assert.match(await page.locator(".release", { hasText: "Billing" }).locator(".phase").innerText(), /being gone back/);
  }));
