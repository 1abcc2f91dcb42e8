// Runs a sample in the reader's page, against the package as it is published.
// Invariant: what an earlier run has opened is closed before the next begins, so that no handler of it is left.

/** Each run has a module of its own that stands for the package, and one for the console. */
const STAND_IN = "originmqPlayground";

interface Closable {
  close(options?: { readonly force?: boolean }): Promise<void>;
}
interface StandIn {
  opened<T extends Closable>(opening: Promise<T>): Promise<T>;
  readonly console: Pick<Console, "log" | "warn" | "error">;
}

export interface Run {
  /** Closes what was opened; what waits in the queues stays. */
  stop(): Promise<void>;
}

const text = (value: unknown): string => {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
};

/**
 * Resolves when the module has been evaluated; what it prints is given to `print`, then and later.
 * @param base where the package's files are served
 */
export async function run(code: string, base: string, print: (line: string) => void): Promise<Run> {
  const opened = new Set<Promise<Closable>>();
  const log = (...values: unknown[]) => print(values.map(text).join(" "));
  const standIn: StandIn = {
    opened(opening) {
      opened.add(opening);
      return opening;
    },
    console: { log, warn: log, error: log },
  };
  const name = `${STAND_IN}${crypto.randomUUID()}`;
  Reflect.set(globalThis, name, standIn);
  const modules: string[] = [];
  const moduleOf = (source: string) => {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    modules.push(url);
    return url;
  };
  const here = `globalThis[${JSON.stringify(name)}]`;
  const entryOf = (entry: string) => {
    const url = new URL(`${base}originmq/${entry || "index"}.js`, location.href).href;
    if (entry) return url;
    const wrapped = ["openQueue", "openTopic", "connect"]
      .map((open) => `export const ${open} = (...given) => ${here}.opened(real.${open}(...given));`)
      .join("\n");
    return moduleOf(`import * as real from "${url}";\nexport * from "${url}";\n${wrapped}`);
  };
  const resolved = code.replaceAll(
    /(\bfrom\s*|\bimport\s*)(["'])originmq(?:\/([\w-]+))?\2/g,
    (_, keyword, quote, entry) => {
      return `${keyword}${quote}${entryOf(entry ?? "")}${quote}`;
    },
  );
  const stop = async () => {
    Reflect.deleteProperty(globalThis, name);
    for (const url of modules) URL.revokeObjectURL(url);
    await Promise.allSettled([...opened].map(async (opening) => (await opening).close({ force: true })));
  };
  try {
    await import(/* @vite-ignore */ moduleOf(`const console = ${here}.console; ${resolved}`));
  } catch (error) {
    print(text(error));
  }
  return { stop };
}
