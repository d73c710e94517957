// Nothing inline, nothing from elsewhere: the browser enforces it, and never has to.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./support/chromium.mjs";
import { Preview } from "./support/preview.mjs";
import { isLive, isReplaced, PAGES, visit } from "./support/visit.mjs";

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

/** Collects what the browser refuses, from before the page's first line. */
async function watched(context) {
  await context.addInitScript(() => {
    globalThis.refused = [];
    addEventListener("securitypolicyviolation", (event) => {
      globalThis.refused.push(`${event.effectiveDirective}: ${event.blockedURI}`);
    });
  });
}

// A fragment of each page that changes every second; the audit shows what is written, and stays as it is.
const CHANGING = { "/": "headline", "/incidents": "headline", "/budget": "flows", "/gates": "gate", "/maintenance": "requests" };

for (const path of PAGES) {
  test(`${path} keeps to its content policy through live updates`, async () => {
    await visit(browser, "about:blank", {}, async (page) => {
      await watched(page.context());
      const response = await page.goto(preview.url + path);
      const policy = (await response.headerValue("content-security-policy")) ?? "";
      for (const part of ["default-src 'none'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"]) {
        assert.ok(policy.includes(part), `${part} in ${policy}`);
      }
      assert.ok(!policy.includes("unsafe-"), policy);
      await isLive(page);
      if (CHANGING[path]) await isReplaced(page, CHANGING[path]);
      assert.deepEqual(await page.evaluate(() => globalThis.refused), []);
    });
  });

  test(`${path} has no inline script, style or handler, not even after live updates`, () =>
    visit(browser, preview.url + path, {}, async (page) => {
      await isLive(page);
      if (CHANGING[path]) await isReplaced(page, CHANGING[path]);
      const inline = await page.evaluate(() => {
        const handlers = [...document.querySelectorAll("*")].filter((element) =>
          [...element.attributes].some(({ name }) => name.startsWith("on")),
        );
        return [...document.querySelectorAll("style, [style], script:not([src])"), ...handlers].map(
          (element) => element.outerHTML,
        );
      });
      assert.deepEqual(inline, []);
    }));

  test(`${path} asks nobody else for anything`, () =>
    visit(browser, "about:blank", {}, async (page) => {
      const asked = [];
      page.on("request", (request) => asked.push(request.url()));
      await page.goto(preview.url + path);
      await isLive(page);
      assert.ok(asked.length >= 4, "the page, its style, its script and its stream");
      assert.deepEqual(asked.filter((url) => !url.startsWith(preview.url)), []);
    }));
}

test("the policy bites: injected script and HTML from strings are refused", () =>
  visit(browser, "about:blank", { complaintsExpected: true }, async (page) => {
    await watched(page.context());
    await page.goto(preview.url);
    await isLive(page);
    const hasRun = await page.evaluate(() => {
      const script = document.createElement("script");
      script.append("globalThis.hasRun = true");
      document.body.append(script);
      return Boolean(globalThis.hasRun);
    });
    assert.equal(hasRun, false);
    const thrown = await page.evaluate(() => {
      try {
        document.body.innerHTML = "<p>from a string</p>";
      } catch (error) {
        return error.name;
      }
    });
    assert.equal(thrown, "TypeError");
    const refused = await page.evaluate(() => globalThis.refused);
    assert.ok(refused.length >= 2, refused.join("; "));
  }));
