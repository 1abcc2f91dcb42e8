// The strict places of docs/contexts.md, and what comes of opening a queue there, in each engine: what places.test.ts expects
// and what test/unit/docs/places.test.ts finds in the table.

import type { HostKind } from "../../src/link/rpc/wire.js";

export const ENGINES = ["Chromium", "Firefox", "WebKitGTK"] as const;
export type Engine = (typeof ENGINES)[number];

/** Who hosts; or how it works otherwise; or what the refusal names; or that the engine has no such place. */
export type Outcome = HostKind | { readonly how: string } | { readonly refused: string } | "unknown";

export interface Place {
  /** As the table calls it. */
  readonly name: string;
  readonly outcomes: Readonly<Record<Engine, Outcome>>;
  /** Which tests show it, where it is not the one of the same name in places.test.ts: their files and titles. */
  readonly shownBy?: readonly (readonly [file: string, title: string])[];
  /** How it is made. */
  readonly made?: Visit;
}

/** A page, or a frame in one, that opens a queue, sends to it, and handles what it has sent. */
export interface Visit {
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the workers' scripts. */
  readonly scriptHeaders?: Readonly<Record<string, string>>;
  /** Attributes of the frame that it is in; missing: it is in none. */
  readonly frame?: string;
  readonly isOfOtherSite?: boolean;
  readonly storage?: "memory";
  readonly without?: "SharedWorker";
  /** It is a private window. */
  readonly isPrivate?: boolean;
  /** It is left and come back to, and sends then. */
  readonly isLeft?: boolean;
  /** Its site clears its storage before it sends. */
  readonly isCleared?: boolean;
}

const all = (outcome: Outcome): Place["outcomes"] => ({ Chromium: outcome, Firefox: outcome, WebKitGTK: outcome });
const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
const CREDENTIALLESS = { ...ISOLATED, "cross-origin-embedder-policy": "credentialless" };
const REFUSED = { refused: "Web Locks" };
const policies = (...titles: string[]) => titles.map((title) => ["test/contexts/policies.test.ts", title] as const);
const WEBKIT_POLICY =
  "WebKitGTK opens by the policy originmq where it knows such policies, and says what a page forbids";

export const PLACES: readonly Place[] = [
  {
    name: "Trusted Types, without a default policy",
    outcomes: all("shared-worker"),
    shownBy: policies(
      "a page that takes only trusted addresses of scripts opens by the policy originmq",
      WEBKIT_POLICY,
    ),
  },
  {
    name: "Trusted Types that do not allow the policy `originmq`, with a default policy",
    outcomes: { Chromium: "shared-worker", Firefox: "shared-worker", WebKitGTK: "unknown" },
    shownBy: policies(
      "where that policy is not allowed it says so, and a worker of the page's own policy or its default policy opens",
    ),
  },
  {
    name: "a Content-Security-Policy without `unsafe-…`, `blob:` or `connect-src`",
    outcomes: all("shared-worker"),
    shownBy: policies(
      "a page that takes only trusted addresses of scripts opens by the policy originmq",
      WEBKIT_POLICY,
    ),
  },
  {
    name: "`worker-src 'none'`",
    outcomes: all({ refused: "worker-src" }),
    shownBy: policies(
      "a policy that forbids workers says so, whichever kind of worker was tried and whoever made it",
      WEBKIT_POLICY,
    ),
  },
  { name: "COOP and COEP `require-corp`", outcomes: all("shared-worker"), made: { headers: ISOLATED } },
  {
    name: "COOP and COEP `require-corp`, without SharedWorker",
    outcomes: all({ refused: "dedicated-worker.js" }),
    made: { headers: ISOLATED, without: "SharedWorker" },
  },
  {
    name: "the same, and the worker's file comes with COEP",
    outcomes: all("dedicated-worker"),
    made: { headers: ISOLATED, scriptHeaders: ISOLATED, without: "SharedWorker" },
  },
  {
    name: "COOP and COEP `credentialless`",
    outcomes: { Chromium: "shared-worker", Firefox: "shared-worker", WebKitGTK: "unknown" },
    made: { headers: CREDENTIALLESS },
  },
  ...["isolate-and-require-corp", "isolate-and-credentialless"].map(
    (value): Place => ({
      name: `Document-Isolation-Policy \`${value}\``,
      outcomes: { Chromium: "shared-worker", Firefox: "unknown", WebKitGTK: "unknown" },
      made: { headers: { "document-isolation-policy": value } },
    }),
  ),
  {
    name: "a sandboxed frame, without `allow-same-origin`",
    outcomes: all(REFUSED),
    made: { frame: 'sandbox="allow-scripts"' },
  },
  {
    name: "a sandboxed frame, with `allow-same-origin`",
    outcomes: all("shared-worker"),
    made: { frame: 'sandbox="allow-scripts allow-same-origin"' },
  },
  {
    name: "a credentialless frame",
    outcomes: { Chromium: "dedicated-worker", Firefox: "unknown", WebKitGTK: "unknown" },
    made: { frame: "credentialless" },
  },
  {
    name: "a frame of another site",
    outcomes: { Chromium: REFUSED, Firefox: "shared-worker", WebKitGTK: "shared-worker" },
    made: { frame: "", isOfOtherSite: true },
  },
  {
    name: 'a frame of another site, `storage: "memory"`',
    outcomes: { Chromium: "in-process", Firefox: "shared-worker", WebKitGTK: "shared-worker" },
    made: { frame: "", isOfOtherSite: true, storage: "memory" },
  },
  {
    name: 'a sandboxed frame, without `allow-same-origin`, `storage: "memory"`',
    outcomes: all("in-process"),
    made: { frame: 'sandbox="allow-scripts"', storage: "memory" },
  },
  {
    name: "a WebView, or what else has no SharedWorker",
    outcomes: all("dedicated-worker"),
    made: { without: "SharedWorker" },
  },
  { name: "a private window", outcomes: all("shared-worker"), made: { isPrivate: true } },
  {
    name: "a page that is left and come back to",
    outcomes: all("shared-worker"),
    made: { isLeft: true },
  },
  {
    name: "the same, with `cache-control: no-store`",
    outcomes: all("shared-worker"),
    made: { isLeft: true, headers: { "cache-control": "no-store" } },
  },
  {
    name: "a page that is prerendered",
    outcomes: { Chromium: { how: "from when it is opened" }, Firefox: "unknown", WebKitGTK: "unknown" },
    shownBy: [
      [
        "test/contexts/prerender.test.ts",
        "no host is met and no handler runs in a page before it is opened, and all of it after",
      ],
    ],
  },
  {
    // What is gone with it is told by `datalost`.
    name: '`Clear-Site-Data: "storage"`, and a send after it',
    outcomes: all("shared-worker"),
    made: { isCleared: true },
    shownBy: [
      [
        "test/faults/storage.test.ts",
        "when the site clears its storage, every tab that is connected hears that all is lost",
      ],
      [
        "test/contexts/wiped.test.ts",
        "Firefox: when the site clears its storage, every tab that is connected hears that all is lost",
      ],
    ],
  },
  {
    name: "an extension's offscreen document",
    outcomes: { Chromium: "shared-worker", Firefox: "unknown", WebKitGTK: "unknown" },
    shownBy: [
      [
        "test/examples/extension.test.ts",
        "a page is kept by the offscreen document, after the popup was closed and its server came back",
      ],
    ],
  },
];
