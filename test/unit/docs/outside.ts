// What samples take from the application around them, so that they compile as they stand: names that a sample does not
// declare itself. A sample that imports or declares a name has its own.

/** For all of them: what a reader has read before, and what an application has. */
export const EVERYWHERE = `
declare const openQueue: typeof import("originmq").openQueue;
declare const connect: typeof import("originmq").connect;
declare const createOutbox: typeof import("originmq/outbox").createOutbox;
declare const bridge: typeof import("originmq/bridge").bridge;
declare const inbox: typeof import("originmq/transactional").inbox;
declare const OUTBOX_ID_HEADER: typeof import("originmq/transactional").OUTBOX_ID_HEADER;

interface Order { sku: string; quantity: number; customer?: string }
interface Mail { to: string; text: string }
declare const order: { sku: string; quantity: number; customer: string };
declare const orders: import("originmq").Queue<Order>;
declare const outbox: import("originmq/outbox").Outbox;
declare const options: import("originmq/outbox").OutboxOptions;
declare const target: import("originmq/bridge").BridgeTarget;
declare const letter: Mail;
declare const letters: Mail[];
declare const trace: string;
declare const title: string;
declare const form: FormData;
declare const deviceId: string;
declare const client: import("mqtt").MqttClient;
declare function storeOnce(...about: unknown[]): Promise<void>;
declare const db: import("idb").IDBPDatabase;

declare function ship(order: unknown): Promise<void>;
declare function post(delivery: unknown): Promise<void>;
declare function badge(count: number): void;
declare function show(...texts: string[]): void;
declare function tick(ids: readonly string[]): void;
declare function markDone(metadata: unknown): void;
declare function explain(...about: unknown[]): void;
declare function report(what: string, ...about: unknown[]): void;
declare function offerReload(reason: unknown): void;
declare function gauge(values: Record<string, unknown>): void;
declare function freshToken(): Promise<string>;
declare const vi: { useFakeTimers(): void; useRealTimers(): void; advanceTimersByTimeAsync(ms: number): Promise<unknown> };
declare function expect(value: unknown): { toBe(value: unknown): void; toEqual(value: unknown): void; toMatchObject(value: unknown): void };

interface ExtendableEvent extends Event { waitUntil(work: Promise<unknown>): void }
interface Till { name: string; until: number }
declare function tillOf(token: string | undefined, database: string): Promise<Till | undefined>;
declare function tokenOfThisWorker(env: unknown): Promise<string>;
declare const env: { QUEUES: import("originmq/durable-object").ObjectNamespace };
declare const session: { till: string };
declare const secret: string;
declare const response: { end(text: string): void };
declare const Buffer: { from(text: string): { toString(encoding: string): string } };
declare function createHmac(algorithm: string, key: string): { update(text: string): { digest(encoding: string): string } };
declare function read(token: string | undefined): { till: string; until: number } | undefined;
declare function rightsOf(till: string): Record<string, ("send" | "consume")[]>;
declare const trustedTypes: { createPolicy(name: string, rules: { createScriptURL(address: string): string }): { createScriptURL(address: string): string } };

declare module "workbox-routing" { export function registerRoute(match: RegExp, handler: unknown, method: string): void }
declare module "workbox-strategies" { export class NetworkOnly { constructor(options: { plugins: object[] }) } }
`;

/** In a service worker \`addEventListener\` knows its events by the library "webworker", which pages have not. */
const SERVICE_WORKER = `
import type {} from "originmq";
declare function addEventListener(type: string, listener: (event: ExtendableEvent) => void): void;
`;
const WORKBOX = `
declare function registerRoute(match: RegExp, handler: unknown, method: string): void;
declare class NetworkOnly { constructor(options: { plugins: object[] }) }
`;

/** For one sample each. */
export const BESIDE: Readonly<Record<string, string>> = {
  "README.md#3": SERVICE_WORKER,
  "docs/bridges.md#1": SERVICE_WORKER,
  "docs/outbox.md#1": SERVICE_WORKER,
  "docs/outbox.md#4": SERVICE_WORKER + WORKBOX,
};
