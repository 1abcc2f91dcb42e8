// Lets a page run the suite, and single functions, in its service worker.

interface Scope {
  skipWaiting(): void;
  readonly clients: { claim(): Promise<void> };
}
const scope = globalThis as unknown as Scope;
type Extendable = Event & { waitUntil(work: Promise<unknown>): void };

export function answerSuite(
  suite: { readonly titles: readonly string[]; run(title: string): Promise<string | null> },
  calls: Readonly<Record<string, (...args: never[]) => Promise<unknown>>>,
): void {
  const all: Readonly<Record<string, (...args: never[]) => Promise<unknown>>> = {
    ...calls,
    titles: async () => suite.titles,
    run: async (title: string) => suite.run(title),
  };
  addEventListener("install", () => scope.skipWaiting());
  addEventListener("activate", (event) => (event as Extendable).waitUntil(scope.clients.claim()));
  addEventListener("message", (event) => {
    const { data, ports } = event as MessageEvent<{ call: string; args: never[] }>;
    const answered = (async () => all[data.call]?.(...data.args))().then(
      (value) => ports[0]?.postMessage({ value }),
      (error) => ports[0]?.postMessage({ error: String(error) }),
    );
    (event as Event as Extendable).waitUntil(answered);
  });
}
