// Each page as React renders it without a browser.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { createServer } from "vite";

const vite = await createServer({
  server: { middlewareMode: true, hmr: false, watch: null },
  appType: "custom",
  logLevel: "error",
});
after(() => vite.close());
const { App } = await vite.ssrLoadModule("/src/app.tsx");
const { Board } = await vite.ssrLoadModule("/src/pages/board.tsx");
const { Launch } = await vite.ssrLoadModule("/src/pages/launch.tsx");
const { default: Tides } = await vite.ssrLoadModule("/src/pages/tides.tsx");
const html = (component, props) => renderToStaticMarkup(createElement(component, props));

test("the frame says which release it is and has the landmarks of a page", () => {
  const page = html(App);
  assert.match(page, /data-release="2\.0\.0"/);
  for (const part of ["<header>", "<nav aria-label", '<main id="content">', "<footer>", "<h1", 'href="#content"']) {
    assert.ok(page.includes(part), part);
  }
});

test("the board has a row and a link for each ship", () => {
  const page = html(Board);
  assert.equal(page.match(/<th scope="row">/g).length, 4);
  assert.ok(page.includes('href="/launches/do%C3%B1a-marina"'));
});

test("a ship's page, and one of a ship that is not there", () => {
  assert.match(html(Launch, { id: "bellwether" }), /3,200 t/);
  assert.match(html(Launch, { id: "titanic" }), /knows no ship/);
});

test("the tides are a picture with a name and a table", () => {
  const page = html(Tides);
  assert.match(page, /<svg[^>]+role="img" aria-label="[^"]+"/);
  assert.ok(page.includes('<th scope="row">06:42</th>'));
});
