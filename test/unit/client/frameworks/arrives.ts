// What a framework keeps as state, sent and received: what arrives has to be the plain data that a person sees in it.

import { afterEach, beforeEach, expect, test } from "vitest";
import { type Hosts, startHosts } from "../client-fixture.js";

/** Few rows travel as text, many as a clone. */
export const SIZES: readonly number[] = [3, 900, 1_100, 12_000];

export interface Row {
  readonly id: number;
  readonly name: string;
  readonly tags: string[];
}
export const rowsOf = (count: number): Row[] =>
  Array.from({ length: count }, (_, id) => ({ id, name: `row ${id}`, tags: ["a", `b${id}`] }));

/** Values that JSON does not have. */
export const odd = () => ({
  at: new Date(86_400_000),
  none: undefined,
  nan: Number.NaN,
  zero: -0,
  big: 10n ** 20n,
  bytes: new Uint8Array([1, 2, 3]),
  byName: new Map<string, unknown>([["x", { deep: [1, new Date(5)] }]]),
  kinds: new Set<unknown>(["a", 7]),
});

/** `send` gives a body to the queue in the way of the framework, and resolves when it has been accepted. */
export type Sending = (send: (body: unknown) => Promise<unknown>) => Promise<unknown>;

/** Declares a test: what is sent so is received as `expected`. */
export function arrives(title: string, sending: Sending, expected: unknown): void {
  test(title, async () => {
    const queue = await hosts.connect().connection.openQueue("q");
    await sending((body) => queue.send(body));
    const [delivery] = await queue.receive({ waitMs: 5_000 });
    expect(delivery?.body).toStrictEqual(expected);
  });
}

/** Declares a test: it is refused, and the error names the place. */
export function isRefused(title: string, sending: Sending, path: string): void {
  test(title, async () => {
    const queue = await hosts.connect().connection.openQueue("q");
    await expect(sending((body) => queue.send(body))).rejects.toMatchObject({
      code: "not-cloneable",
      detail: { path },
    });
  });
}

let hosts: Hosts;
/** For each file, once. */
export function withHosts(): void {
  beforeEach(async () => {
    hosts = await startHosts();
  });
  afterEach(() => hosts.close());
}
