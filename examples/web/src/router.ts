import { useSyncExternalStore, type MouseEvent } from "react";

/** Where the application is, as the path of the address bar tells it. */
export type Route = { page: "board" } | { page: "launch"; id: string } | { page: "tides" } | { page: "unknown" };

/** The route of a path; the server answers every path without an extension with the one document. */
export function routeOf(path: string): Route {
  const [first, second, ...rest] = path.split("/").filter(Boolean);
  if (rest.length > 0) return { page: "unknown" };
  if (first === undefined) return { page: "board" };
  if (first === "launches" && second !== undefined) return { page: "launch", id: decoded(second) };
  if (first === "tides" && second === undefined) return { page: "tides" };
  return { page: "unknown" };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const CHANGED = "slipway:navigated";

function subscribe(changed: () => void): () => void {
  addEventListener("popstate", changed);
  addEventListener(CHANGED, changed);
  return () => {
    removeEventListener("popstate", changed);
    removeEventListener(CHANGED, changed);
  };
}

/** The path now, and again whenever it changes. */
export function usePath(): string {
  return useSyncExternalStore(
    subscribe,
    () => location.pathname,
    () => "/",
  );
}

/** Go to a path of the application without loading the document again. */
export function navigate(path: string): void {
  history.pushState(null, "", path);
  dispatchEvent(new Event(CHANGED));
  scrollTo(0, 0);
}

/** Whether the application shall follow a click on its own link, and not the browser (a new tab, a download). */
export function isPlain(click: MouseEvent): boolean {
  return click.button === 0 && !click.metaKey && !click.ctrlKey && !click.shiftKey && !click.altKey;
}
