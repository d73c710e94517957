// From a phone in the hand to a screen on the wall nothing sticks out and nothing lies on something else.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch } from "./support/chromium.mjs";
import { Preview } from "./support/preview.mjs";
import { isLive, PAGES, STATES, unfold, visit } from "./support/visit.mjs";

/** 320 is what WCAG asks to reflow to: a window of 1280 at 400 %. */
const WIDTHS = [320, 390, 960, 1920, 3840];

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Elements beyond the edge of the page that are not in a region of their own that scrolls. */
const sticksOut = (page) =>
  page.evaluate(() => {
    const edge = document.documentElement.clientWidth;
    const isScrolled = (element) => element.closest(".scroll") && !element.matches(".scroll");
    const found = [...document.body.querySelectorAll("*")].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && !isScrolled(element) && (box.right > edge + 1 || box.left < -1);
    });
    const names = found.map((element) => `${element.localName}.${element.className}: ${element.textContent.trim()}`);
    return document.documentElement.scrollWidth > edge ? ["the page scrolls sideways", ...names] : names;
  });

/** Sections, cards and incidents that overlap with a sibling. */
const overlaps = (page) =>
  page.evaluate(() => {
    const found = [];
    for (const parent of document.querySelectorAll("main, .cards, .figures, .bar, .slots")) {
      const boxes = [...parent.children].map((child) => [child, child.getBoundingClientRect()]);
      for (const [n, [one, a]] of boxes.entries()) {
        for (const [other, b] of boxes.slice(n + 1)) {
          const isApart = a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
          if (!isApart) found.push(`${one.id || one.className} and ${other.id || other.className}`);
        }
      }
    }
    return found;
  });

for (const state of STATES) {
  describe(`${state}:`, () => {
    let preview;
    before(async () => {
      preview = await Preview.start(state);
    });
    after(() => preview?.stop());

    for (const path of PAGES) {
      test(`${path} fits every width from ${WIDTHS.at(0)} to ${WIDTHS.at(-1)}`, () =>
        visit(browser, preview.url + path, {}, async (page) => {
          await isLive(page);
          await unfold(page);
          for (const width of WIDTHS) {
            await page.setViewportSize({ width, height: 900 });
            assert.deepEqual(await sticksOut(page), [], `at ${width}`);
            assert.deepEqual(await overlaps(page), [], `at ${width}`);
          }
        }));
    }
  });
}
