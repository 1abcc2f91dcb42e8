// What the contract uses of Vitest, where Vitest does not run: it collects the tests, runs them one after the other and
// says what became of each. The assertions are Vitest's own.

import { ASYMMETRIC_MATCHERS_OBJECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";
import * as chai from "chai";

export interface Outcome {
  readonly title: string;
  readonly error?: string;
}

type Body = (...args: never[]) => unknown;
interface Suite {
  readonly titles: readonly string[];
  readonly after: readonly (() => unknown)[];
}

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);
const matchers: object = Reflect.get(globalThis, ASYMMETRIC_MATCHERS_OBJECT);
export const expect = Object.assign(
  (value: unknown, message?: string) => chai.expect(value, message),
  chai.expect,
  matchers,
  {
    poll,
  },
);

const POLL_MS = 50;

/** Any assertion, until it holds. */
function poll(read: () => unknown, { timeout = 1_000 } = {}): unknown {
  return new Proxy(
    {},
    {
      get:
        (_, name) =>
        async (...args: unknown[]) => {
          const end = Date.now() + timeout;
          for (;;) {
            try {
              const assertion = chai.expect(await read()) as unknown as Record<
                PropertyKey,
                (...args: unknown[]) => void
              >;
              assertion[name]?.(...args);
              return;
            } catch (error) {
              if (Date.now() > end) throw error;
            }
            await new Promise((resolve) => setTimeout(resolve, POLL_MS));
          }
        },
    },
  );
}

const tests: { readonly suite: Suite; readonly title: string; readonly body: () => unknown }[] = [];
let suite: { titles: string[]; after: (() => unknown)[] } = { titles: [], after: [] };

export function describe(title: string, body: () => void): void {
  const outer = suite;
  suite = { titles: [...outer.titles, title], after: [...outer.after] };
  body();
  suite = outer;
}

export const afterEach = (hook: () => unknown) => suite.after.push(hook);

export const test = Object.assign(
  (title: string, body: Body) => tests.push({ suite, title, body: body as () => unknown }),
  {
    each: (cases: readonly unknown[]) => (title: string, body: Body) => {
      for (const one of cases) {
        const args = Array.isArray(one) ? one : [one];
        const left = [...args];
        test(
          title.replaceAll(/%[sid]/g, () => String(left.shift())),
          () => body(...(args as never[])),
        );
      }
    },
  },
);

export async function runAll(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { suite, title, body } of tests) {
    const name = [...suite.titles, title].join(" > ");
    const error = await failureOf(async () => {
      await body();
    });
    const afterwards = await failureOf(async () => {
      for (const hook of suite.after) await hook();
    });
    const failed = error ?? afterwards;
    outcomes.push({ title: name, ...(failed !== undefined && { error: failed }) });
  }
  return outcomes;
}

const failureOf = (run: () => Promise<void>): Promise<string | undefined> =>
  run().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error)),
  );
