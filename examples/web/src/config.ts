/** What differs between environments. It is read at run time, so that the same bundle goes to all of them. */
export type Config = {
  environment: string;
  /** Where the backend's routes begin; empty where there is no backend. */
  apiBase: string;
};

export const NO_CONFIG: Config = { environment: "unconfigured", apiBase: "/api" };

/** The configuration that a document gives; whatever it lacks or has of another type is as in NO_CONFIG. */
export function configOf(found: unknown): Config {
  const given: Record<string, unknown> = typeof found === "object" && found !== null ? { ...found } : {};
  const text = (name: keyof Config) => (typeof given[name] === "string" ? given[name] : NO_CONFIG[name]);
  return { environment: text("environment"), apiBase: text("apiBase") };
}

/** /config.json; an environment without one runs on defaults. */
export async function loadConfig(get: typeof fetch = fetch): Promise<Config> {
  return configOf(await json(get, "/config.json"));
}

/** The backend's release, or null where no backend answers. */
export async function loadBackend(config: Config, get: typeof fetch = fetch): Promise<string | null> {
  if (config.apiBase === "") return null;
  const found = await json(get, `${config.apiBase}/version`);
  const version = typeof found === "object" && found !== null && "version" in found ? found.version : null;
  return typeof version === "string" ? version : null;
}

/** The JSON at a path, or null: a page that says an error where JSON was asked for is no JSON. */
async function json(get: typeof fetch, path: string): Promise<unknown> {
  try {
    const answer = await get(path, { headers: { accept: "application/json" }, cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
