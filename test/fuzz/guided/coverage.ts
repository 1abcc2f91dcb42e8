// Which parts of the bundle ran, as V8 counts its blocks. Where one block is told to end depends on how often its neighbours
// ran, so what is known is known by the character.

import { type Profiler, Session } from "node:inspector";

export interface Coverage {
  /** What has run since the last call. */
  take(): Ran;
  /** Characters of the code that have run. */
  size(): number;
  /** Forgets what has run. */
  reset(): void;
}

export interface Ran {
  /** Whether some of it is not known yet. */
  isFresh(): boolean;
  /** It is known from now on. */
  learn(): void;
}

/** Of the script at this URL, in this thread. */
export function openCoverage(url: string): Coverage {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  // Without counts, a block would be told of once and never again. They do not keep code from being optimized.
  session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  const take = (): readonly Profiler.FunctionCoverage[] => {
    let scripts: readonly Profiler.ScriptCoverage[] = [];
    session.post("Profiler.takePreciseCoverage", (error, taken) => {
      if (error) throw error;
      scripts = taken.result;
    });
    return scripts.find((script) => script.url === url)?.functions ?? [];
  };
  /** By where a function begins and ends: 1 for each of its characters that has run. */
  const known = new Map<string, Uint8Array>();
  let size = 0;
  /** How many characters of it have run that are not known. */
  const count = ({ ranges }: Profiler.FunctionCoverage, learns: boolean): number => {
    const [{ startOffset: start, endOffset: end } = { startOffset: 0, endOffset: 0 }] = ranges;
    const own = known.get(`${start}:${end}`) ?? new Uint8Array(end - start);
    if (learns) known.set(`${start}:${end}`, own);
    const ran = new Uint8Array(end - start);
    // A range inside another comes after it.
    for (const { startOffset, endOffset, count } of ranges)
      ran.fill(Number(count > 0), startOffset - start, endOffset - start);
    let fresh = 0;
    for (let i = 0; i < ran.length; i++) {
      if (ran[i] === 0 || own[i] === 1) continue;
      fresh++;
      if (learns) own[i] = 1;
    }
    return fresh;
  };
  return {
    take() {
      const functions = take();
      return {
        isFresh: () => functions.some((one) => count(one, false) > 0),
        learn() {
          for (const one of functions) size += count(one, true);
        },
      };
    },
    size: () => size,
    reset() {
      take();
      known.clear();
      size = 0;
    },
  };
}
