// The application's own modules, as Vite gives them to a browser.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createServer } from "vite";

const vite = await createServer({
  server: { middlewareMode: true, hmr: false, watch: null },
  appType: "custom",
  logLevel: "error",
});
after(() => vite.close());
const { routeOf, isPlain } = await vite.ssrLoadModule("/src/router.ts");
const { configOf, loadConfig, loadBackend, NO_CONFIG } = await vite.ssrLoadModule("/src/config.ts");
const { LAUNCHES, launchOf, matching, when } = await vite.ssrLoadModule("/src/launches.ts");
const { heightAt, waters, clock } = await vite.ssrLoadModule("/src/tide.ts");

const answer = (body, status = 200) => async () =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), { status });

for (const [path, route] of [
  ["/", { page: "board" }],
  ["", { page: "board" }],
  ["/launches/aurora", { page: "launch", id: "aurora" }],
  ["/launches/aurora/", { page: "launch", id: "aurora" }],
  ["/launches/do%C3%B1a-marina", { page: "launch", id: "doña-marina" }],
  ["/launches/%E0%A4", { page: "launch", id: "%E0%A4" }],
  ["/launches", { page: "unknown" }],
  ["/tides", { page: "tides" }],
  ["/tides/today", { page: "unknown" }],
  ["/launches/aurora/photos", { page: "unknown" }],
]) {
  test(`the route of ${path}`, () => assert.deepEqual(routeOf(path), route));
}

test("only a plain click stays in the application", () => {
  const click = { button: 0, metaKey: false, ctrlKey: false, shiftKey: false, altKey: false };
  assert.equal(isPlain(click), true);
  for (const other of [{ button: 1 }, { metaKey: true }, { ctrlKey: true }, { shiftKey: true }, { altKey: true }]) {
    assert.equal(isPlain({ ...click, ...other }), false);
  }
});

test("a configuration of other types is as none", () => {
  assert.deepEqual(configOf({ environment: "staging", apiBase: "" }), { environment: "staging", apiBase: "" });
  for (const found of [null, undefined, 3, "text", [], {}, { environment: 1, apiBase: null }]) {
    assert.deepEqual(configOf(found), NO_CONFIG);
  }
});

test("an environment without a configuration, or with a page in its place, runs on defaults", async () => {
  assert.deepEqual(await loadConfig(answer({}, 404)), NO_CONFIG);
  assert.deepEqual(await loadConfig(answer("<!doctype html>")), NO_CONFIG);
  assert.deepEqual(await loadConfig(() => Promise.reject(new TypeError("offline"))), NO_CONFIG);
  assert.equal((await loadConfig(answer({ environment: "production" }))).environment, "production");
});

test("the backend's release, or null where none answers", async () => {
  const asked = [];
  const get = async (path) => {
    asked.push(path);
    return Response.json({ version: "1.4.2" });
  };
  assert.equal(await loadBackend(NO_CONFIG, get), "1.4.2");
  assert.equal(await loadBackend({ ...NO_CONFIG, apiBase: "" }, get), null);
  assert.deepEqual(asked, ["/api/version"]);
  assert.equal(await loadBackend(NO_CONFIG, answer({ version: 3 })), null);
  assert.equal(await loadBackend(NO_CONFIG, answer({ version: "2" }, 503)), null);
});

test("every launch has a page of its own, whatever its name", () => {
  for (const launch of LAUNCHES) {
    const { page, id } = routeOf(`/launches/${encodeURIComponent(launch.id)}`);
    assert.equal(page, "launch");
    assert.equal(launchOf(id), launch);
  }
  assert.equal(launchOf("nobody"), undefined);
});

test("the search", () => {
  assert.equal(matching("").length, LAUNCHES.length);
  assert.deepEqual(matching(" FERRY ").map((each) => each.id), ["bellwether"]);
  assert.deepEqual(matching("submarine"), []);
});

test("a tide is told in the yard's own clock, wherever the visitor is", () => {
  assert.equal(when("2026-11-26T06:42"), "26 Nov 2026, 06:42");
});

test("high and low waters alternate, and high is high", () => {
  const found = waters();
  assert.deepEqual(found.map((water) => water.high), [false, true, false, true].slice(4 - found.length));
  for (const { hour, height, high } of found) {
    assert.ok(high ? height > heightAt(hour + 1) : height < heightAt(hour + 1));
  }
  assert.equal(clock(6.7), "06:42");
});
