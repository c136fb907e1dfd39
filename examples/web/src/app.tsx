import { accent, harbor, release } from "@release";
import { lazy, Suspense, useEffect, useRef, useState } from "react";

import { Boundary } from "./boundary";
import { loadBackend, loadConfig, NO_CONFIG, type Config } from "./config";
import { launchOf } from "./launches";
import { Link } from "./link";
import { Board } from "./pages/board";
import { Launch } from "./pages/launch";
import { routeOf, usePath, type Route } from "./router";

// Loaded when somebody goes there, which may be long after a newer release is live.
const Tides = lazy(() => import("./pages/tides"));

type Around = { config: Config; backend: string | null | undefined };

function useAround(): Around {
  const [around, set] = useState<Around>({ config: NO_CONFIG, backend: undefined });
  useEffect(() => {
    let gone = false;
    const load = async () => {
      const config = await loadConfig();
      const backend = await loadBackend(config);
      if (!gone) set({ config, backend });
    };
    void load();
    return () => {
      gone = true;
    };
  }, []);
  return around;
}

function titleOf(route: Route): string {
  if (route.page === "launch") return launchOf(route.id)?.ship ?? "No such ship";
  return { board: "Launch board", tides: "Tides", unknown: "No such page" }[route.page];
}

function Page({ route }: { route: Route }) {
  if (route.page === "board") return <Board />;
  if (route.page === "launch") return <Launch id={route.id} />;
  if (route.page === "tides") return <Tides />;
  return (
    <p>
      There is nothing at this address. <Link to="/">Back to the board</Link>
    </p>
  );
}

export function App() {
  const path = usePath();
  const route = routeOf(path);
  const title = titleOf(route);
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(path);
  const { config, backend } = useAround();

  useEffect(() => {
    document.title = title === "Launch board" ? title : `${title} · Launch board`;
    document.documentElement.dataset.accent = accent;
    // Whoever cannot see the page hears where the link has led; the first page is read from its top anyway.
    if (shown.current !== path) heading.current?.focus();
    shown.current = path;
  }, [path, title]);

  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header>
        <Link to="/" className="brand">
          Slipway Yard
        </Link>
        <nav aria-label="Main">
          <Link to="/" current={route.page === "board"}>
            Board
          </Link>
          <Link to="/tides" current={route.page === "tides"}>
            Tides
          </Link>
        </nav>
        <span className="release" data-release={release}>
          Release {release}
        </span>
      </header>
      <img className="harbor" src={harbor} alt="" width="1200" height="220" />
      <main id="content">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <Boundary key={path}>
          <Suspense fallback={<p role="status">Loading…</p>}>
            <Page route={route} />
          </Suspense>
        </Boundary>
      </main>
      <footer>
        <span data-environment={config.environment}>Environment: {config.environment}</span>
        <span role="status" data-backend={backend ?? ""}>
          Backend: {backend === undefined ? "asking…" : (backend ?? "does not answer")}
        </span>
      </footer>
    </>
  );
}
