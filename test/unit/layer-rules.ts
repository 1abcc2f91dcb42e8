// The layer rule as a function over source texts, so that it can be shown to fail. biome.json holds the part about layers
// for editors; this one follows every kind of reference: import, export, import(), import types and new URL(…). Beyond
// the layers it knows the folders inside of them, which point one way too, and finds circles of files.

import { dirname, join } from "node:path/posix";
import ts from "typescript";

/** Path below src/ with forward slashes, to text. */
export type SourceTexts = ReadonlyMap<string, string>;

interface Layer {
  readonly layers: readonly string[];
  readonly packages?: readonly string[];
  /** Files that the layer may import besides: entries (directly in src/), or single ones of another layer. */
  readonly entries?: readonly string[];
}

const ENTRY = "entry";
/** A package that is imported by what is no literal. */
const COMPUTED = "(computed)";
const ALLOWED: Readonly<Record<string, Layer>> = {
  core: { layers: [] },
  codec: { layers: ["core"] },
  store: { layers: ["core", "codec"], packages: ["idb", "better-sqlite3"] },
  link: { layers: ["core", "codec"], packages: ["comlink"] },
  host: { layers: ["core", "store", "link"], packages: ["croner"] },
  client: { layers: ["core", "link"] },
  integrations: {
    layers: ["codec"],
    packages: [
      ...["@opentelemetry/api", "idb", "@nats-io/nats-core", "@nats-io/jetstream", "mqtt", COMPUTED],
      ...["react", "vue", "svelte", "svelte/reactivity", "svelte/store", "solid-js", "@angular/core"],
    ],
    entries: [
      ...["index.ts", "service-worker.ts", "core/spec/check.ts", "core/spec/errors.ts", "core/spec/fields.ts"],
      ...["core/spec/limits.ts", "core/spec/token-bucket.ts", "core/spec/waits.ts", "core/log/plain.ts"],
      "core/log/uncloneable.ts",
      ...["client/runtime/dispose.ts", "client/runtime/uuid.ts", "client/sending/json.ts", "link/rpc/deferred.ts"],
      // The public client, for what "index.ts" loads when it is asked: that must not import "index.ts".
      ...["client/queue/queue.ts", "client/queue/events.ts", "client/queue/wrap.ts", "client/receiving/delivery.ts"],
      ...["client/sending/item.ts", "client/sending/options.ts", "client/sending/schema.ts"],
      ...["client/connection/connect-options.ts", "core/view/view.ts"],
    ],
  },
  // A part of the client, loaded where a key is given.
  encryption: { layers: ["core", "codec", "link", "client"] },
  // Joins hosts and clients to what a runtime has; only entries may use it.
  wiring: {
    layers: ["core", "codec", "store", "link", "host", "client", "encryption"],
    // "ws", in Node before 22: by a name that bundlers for browsers do not see.
    packages: [COMPUTED],
  },
  // The same on servers.
  server: { layers: ["core", "codec", "store", "link", "host", "client"], packages: ["ws"] },
  [ENTRY]: { layers: ["core", "codec", "store", "link", "host", "client", "integrations", "wiring", "server", ENTRY] },
};

/**
 * The folders of a layer, and of which others each imports; what stands beside them, directly in the layer, joins them and
 * is imported by none. A layer that is not here has no folders that say anything.
 */
const FOLDERS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  core: {
    spec: [],
    log: ["spec"],
    state: ["spec", "log"],
    commands: ["spec", "log", "state"],
    checkpoint: ["spec", "log", "state", "commands"],
    view: ["spec", "log", "state"],
  },
  link: { rpc: [], finding: ["rpc"], socket: ["rpc"] },
  host: {
    engine: [],
    delivery: ["engine"],
    report: ["engine", "delivery"],
    upkeep: ["engine", "delivery"],
    clients: ["engine", "delivery", "report"],
    election: ["engine"],
  },
  client: {
    runtime: [],
    link: ["runtime"],
    sending: ["runtime", "link"],
    receiving: ["runtime", "sending"],
    requests: ["runtime", "link", "sending", "receiving"],
    queue: ["runtime", "sending", "receiving", "requests"],
    connection: ["runtime", "link", "sending", "receiving", "requests", "queue"],
  },
};

const IMPURE = new Set([
  ...["Date", "performance", "crypto", "structuredClone", "queueMicrotask", "fetch", "console", "process", "Buffer"],
  ...["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "requestAnimationFrame"],
  ...["globalThis", "window", "self", "document", "navigator", "location", "indexedDB", "caches", "localStorage"],
  ...["Worker", "SharedWorker", "MessageChannel", "MessagePort", "BroadcastChannel", "IDBDatabase", "Blob", "File"],
]);

/** Every breach of the layer rule, as "file:line what". Empty when there is none. */
export function findBreaches(sources: SourceTexts): string[] {
  return [...sources].flatMap(([path, text]) => {
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    const breaches: string[] = [];
    const report = (node: ts.Node, what: string) => {
      breaches.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${what}`);
    };
    const layer = layerOf(path);
    if (!(layer in ALLOWED)) report(file, `"${layer}" is no layer`);
    visit(file, (node) => {
      const reference = referenceOf(node);
      const breach = reference === undefined ? undefined : breachOf(path, reference);
      if (breach) report(node, breach);
      const impurity = layer === "core" ? impurityOf(node) : undefined;
      if (impurity) report(node, `core is pure: no ${impurity}`);
    });
    return breaches;
  });
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

const layerOf = (path: string) => (path.includes("/") ? path.slice(0, path.indexOf("/")) : ENTRY);

function breachOf(path: string, reference: string): string | undefined {
  const layer = layerOf(path);
  const allowed = ALLOWED[layer];
  if (!reference.startsWith(".")) {
    return allowed?.packages?.includes(reference) ? undefined : `${layer} imports the package ${reference}`;
  }
  const target = join(dirname(path), reference).replace(/\.js$/, ".ts");
  if (target.startsWith("..")) return `${layer} imports ${target}, which is outside src/`;
  const targetLayer = layerOf(target);
  if (targetLayer === layer) return wrongWay(path, target);
  if (allowed?.layers.includes(targetLayer) || allowed?.entries?.includes(target)) return undefined;
  return `${layer} imports ${target}`;
}

/** A file that is imported against the direction of its layer's folders. */
function wrongWay(path: string, target: string): string | undefined {
  const folders = FOLDERS[layerOf(path)];
  const [from, to] = [folderOf(path), folderOf(target)];
  if (folders === undefined || from === to || from === "") return undefined;
  return folders[from]?.includes(to) ? undefined : `${layerOf(path)}/${from} imports ${target}`;
}

/** The folder of its layer that a file stands in; "" directly in the layer. */
const folderOf = (path: string): string => path.split("/").slice(1, -1)[0] ?? "";

/** Groups of files that import each other, directly or in a circle, types included; each sorted, the first path first. */
export function findCircles(sources: SourceTexts): string[][] {
  const imports = new Map([...sources].map(([path, text]) => [path, importsOf(path, text)]));
  const reached = new Map([...imports.keys()].map((path) => [path, reachableFrom(path, imports)]));
  const circles = new Map<string, string[]>();
  for (const [path, targets] of reached) {
    if (!targets.has(path)) continue;
    const members = [...targets].filter((target) => reached.get(target)?.has(path)).sort();
    circles.set(members[0] as string, members);
  }
  return [...circles.values()].sort((a, b) => ((a[0] as string) < (b[0] as string) ? -1 : 1));
}

function importsOf(path: string, text: string): string[] {
  const targets: string[] = [];
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true), (node) => {
    // A worker's address is no import: it runs elsewhere.
    const reference = ts.isNewExpression(node) ? undefined : referenceOf(node);
    if (reference?.startsWith(".")) targets.push(join(dirname(path), reference).replace(/\.js$/, ".ts"));
  });
  return targets;
}

function reachableFrom(path: string, imports: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const next = [...(imports.get(path) ?? [])];
  for (let target = next.pop(); target !== undefined; target = next.pop()) {
    if (reached.has(target)) continue;
    reached.add(target);
    next.push(...(imports.get(target) ?? []));
  }
  return reached;
}

/** What the node refers to another file or package by, if it does. */
function referenceOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return textOf(node.moduleSpecifier);
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? textOf(node.argument.literal) : undefined;
  if (ts.isExternalModuleReference(node)) return textOf(node.expression);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return textOf(node.arguments[0]) ?? COMPUTED;
  }
  if (
    ts.isNewExpression(node) &&
    node.expression.getText() === "URL" &&
    node.arguments?.[1]?.getText() === "import.meta.url"
  ) {
    return textOf(node.arguments[0]) ?? COMPUTED;
  }
  return undefined;
}

const textOf = (node: ts.Node | undefined) => (node && ts.isStringLiteralLike(node) ? node.text : undefined);

/** Something outside the core that the node uses: a global, or Math's source of chance. */
function impurityOf(node: ts.Node): string | undefined {
  if (!ts.isIdentifier(node) || isName(node)) return undefined;
  if (IMPURE.has(node.text)) return node.text;
  if (node.text !== "Math") return undefined;
  const { parent } = node;
  if (!ts.isPropertyAccessExpression(parent)) return "Math as a value";
  return parent.name.text === "random" ? "Math.random" : undefined;
}

/** Whether the identifier only names a property, a member or a declaration: `x.self`, `{ self: 1 }`, `self: string`. */
function isName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  return (
    (ts.isPropertyAssignment(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isPropertyDeclaration(parent) ||
      ts.isMethodSignature(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isGetAccessor(parent) ||
      ts.isEnumMember(parent)) &&
    parent.name === node
  );
}
