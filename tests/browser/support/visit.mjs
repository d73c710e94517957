// Opening pages so that whatever the browser complains about fails the test that opened them.

import assert from "node:assert/strict";

/** Every page of the console. */
export const PAGES = ["/", "/incidents", "/budget", "/gates", "/rollbacks", "/reviews", "/maintenance", "/audit"];

/** Every state that the preview starts in. */
export const STATES = ["well", "outage", "burning", "bad-release", "unknown", "silent"];

/** How long a condition may take to come true. Longer than the browser's own pause before it connects again. */
export const PATIENCE_MS = 15_000;

/** Opens `path`, hands the page to `look`, and then asks whether the browser complained about anything. */
export async function visit(browser, url, options, look) {
  const { complaintsExpected = false, ...contextOptions } = options;
  const context = await browser.newContext(contextOptions);
  try {
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const complaints = listen(page);
    await page.goto(url);
    const result = await look(page);
    if (!complaintsExpected) assert.deepEqual(complaints, [], "the browser complains");
    return result;
  } finally {
    await context.close();
  }
}

/** What goes to the console as an error, is thrown, or cannot be loaded. */
function listen(page) {
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(`thrown: ${error.message}`));
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
  });
  return complaints;
}

/** Waits until the page is told of changes. */
export async function isLive(page) {
  await page.waitForSelector("#link[data-state=live]");
}

/** Waits until `selector` says something that matches. */
export async function says(page, selector, pattern) {
  const isSaid = ([selector, source, flags]) =>
    new RegExp(source, flags).test(document.querySelector(selector)?.textContent ?? "");
  await page.waitForFunction(isSaid, [selector, pattern.source, pattern.flags]);
}

/** Unfolds everything. */
export async function unfold(page) {
  await page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
}

/** Waits until the fragment `id` has been replaced after this was called. */
export async function isReplaced(page, id) {
  await page.evaluate((id) => {
    globalThis.childBefore = document.getElementById(id).firstElementChild;
  }, id);
  await page.waitForFunction((id) => document.getElementById(id).firstElementChild !== globalThis.childBefore, id);
}
