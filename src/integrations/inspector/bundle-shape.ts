// What a file has to be to be shown as a bundle: it may come from anybody.

import { STATES } from "./parts.js";

/** `undefined`, or the path of what is not as it should be. */
type Is = (value: unknown, path: string) => string | undefined;

const when =
  (fits: (value: unknown) => boolean): Is =>
  (value, path) =>
    fits(value) ? undefined : path;
const number = when((value) => typeof value === "number" && Number.isFinite(value));
const text = when((value) => typeof value === "string");
const anything = when(() => true);
const orNone =
  (is: Is): Is =>
  (value, path) =>
    value == null ? undefined : is(value, path);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const all = (entries: readonly (readonly [name: string, value: unknown])[], is: Is, path: string) => {
  for (const [name, value] of entries) {
    const wrong = is(value, `${path}.${name}`);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
};
const list =
  (is: Is): Is =>
  (value, path) =>
    Array.isArray(value)
      ? all(
          value.map((one, i) => [String(i), one]),
          is,
          path,
        )
      : path;
const record =
  (is: Is): Is =>
  (value, path) =>
    isObject(value) ? all(Object.entries(value), is, path) : path;
const object =
  (members: Readonly<Record<string, Is>>): Is =>
  (value, path) => {
    if (!isObject(value)) return path;
    for (const [name, is] of Object.entries(members)) {
      const wrong = is(value[name], `${path}.${name}`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };

const depths = Object.fromEntries(STATES.map((state) => [state, number]));
const means = orNone(object({ mean: number }));
const rates = orNone(object({ last10s: number }));
const load = object({
  handlers: number,
  arrivalRate: rates,
  serviceRate: rates,
  utilisation: rates,
  serviceMs: means,
  waitMs: means,
  predicted: orNone(object({ bounded: object({ waitMs: number }) })),
});
const match: Is = (value, path) => (typeof value === "string" || isObject(value) ? undefined : list(text)(value, path));
const view = { id: text, headers: record(text) };
const message = object({
  ...view,
  state: when((value) => STATES.some((state) => state === value)),
  attempts: number,
  priority: number,
  sentAt: number,
  deliverAt: orNone(number),
  expiresAt: orNone(number),
});
const queue = object({
  ...depths,
  name: text,
  schedules: number,
  bytes: number,
  settings: object({ maxMessages: number }),
  totals: record(anything),
  byPriority: list(object({ ready: number })),
  load,
});
const client = object({
  id: text,
  consumers: list(object({ queue: text, prefetch: number, handlers: number })),
  leases: list(object({ queue: text, count: number, suspects: number, leasedAt: number, until: number })),
});
const inspection = object({
  at: number,
  host: object({ kind: text, epoch: number, since: number, instance: text }),
  queues: list(queue),
  queueCount: number,
  topics: list(object({ name: text, subscriptions: record(record(match)) })),
  clients: list(client),
  clientCount: number,
  takeOvers: list(object({ epoch: number, at: number })),
});
const journal = object({
  before: record(object(depths)),
  commits: list(
    object({
      lsn: number,
      epoch: number,
      at: number,
      changes: list(object({ type: text })),
      after: record(object(depths)),
    }),
  ),
});
const bundle = object({
  madeAt: number,
  inspection,
  journal,
  schedules: record(list(object({ ...view, nextAt: orNone(number), lastAt: orNone(number) }))),
  messages: record(list(message)),
});

/** The first part of it that is missing, or is of another kind; `undefined`: it is whole. */
export const missingIn = (value: unknown): string | undefined => bundle(value, "it");
