// The name of this tab: a colour, so that people see who does what. Held as a Web Lock while the tab lives, so that no
// two tabs have the same, and kept over a reload.

const KEY = "originmq-demo:tab";
/** A reloaded page may be here before the browser has let its own lock go. */
const RELOAD_MS = 5_000;
/** A duplicated tab waits in vain. */
const OTHERWISE_MS = 400;

const COLOURS = {
  Cobalt: "#4a78dd",
  Amber: "#d6930f",
  Fern: "#3f9d5b",
  Plum: "#a05bc0",
  Lagoon: "#179a99",
  Coral: "#de5b49",
  Rose: "#d8528c",
  Slate: "#74828f",
} as const;

export interface TabName {
  readonly name: string;
  readonly colour: string;
}

const colourOf = (name: string): string => COLOURS[name.split(" ")[0] as keyof typeof COLOURS] ?? COLOURS.Slate;

export async function takeTabName(): Promise<TabName> {
  const before = sessionStorage.getItem(KEY);
  const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  const signal = AbortSignal.timeout(navigation?.type === "reload" ? RELOAD_MS : OTHERWISE_MS);
  let name = before !== null && (await hold(before, { signal })) ? before : undefined;
  for (let round = 1; name === undefined; round++) {
    for (const colour of Object.keys(COLOURS)) {
      const candidate = round === 1 ? colour : `${colour} ${round}`;
      if (name === undefined && (await hold(candidate, { ifAvailable: true }))) name = candidate;
    }
  }
  sessionStorage.setItem(KEY, name);
  return { name, colour: colourOf(name) };
}

/** Resolves with whether this tab now has the name; it keeps it for life. */
function hold(name: string, options: LockOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const keep = (lock: Lock | null) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => {});
    };
    navigator.locks.request(`originmq-demo:tab:${name}`, options, keep).catch(() => resolve(false));
  });
}
