// `originmq serve`: a server from the command line. Invariants: a token is never taken from an argument, which every process
// of the machine can read, and one from a named file is not printed into a log; a signal ends the server whole.

import { QueueError } from "../core/spec/errors.js";
import { VERBS } from "../host/clients/access.js";
import { hex } from "../host/engine/platform.js";
import type { Authorize } from "./admission.js";
import { checkFile } from "./check-file.js";
import { SHARED } from "./limits.js";
import { type FileSystem, makeDirectory, nodeModule, OWN_FILE, type Process, type Util } from "./node.js";
import { type ServeOptions, type Server, serve } from "./serve.js";

const HELP = `originmq serve [options]       serves queues to tabs, workers and other processes

  --port N             default 7420; 0 takes a free one
  --hostname NAME      where it listens; default 127.0.0.1, which only this machine reaches
  --directory PATH     where the databases lie; default ./data
  --memory             in place of a directory: nothing is kept
  --token-file PATH    the token that clients must have; made, readable by you alone, if it is not there.
                       Default: "token" in the directory, and printed; with --memory a new one each time
  --allow-origin URL   pages of this origin may connect; may be given many times
  --metrics-port N     /health and /metrics, for this machine; default: the port after that of the queues
  --metrics-hostname NAME   for other machines, too
  --max-connections N        default 10000
  --max-message-bytes N      of a request or a delivery; default 67108864
  --max-bytes-in-flight N    received and not answered, or waiting on sockets, of all clients; default 1073741824
  --max-queues N             of a database; default 10000
  --idle-ms N                so long a database stays open that nobody uses; default 300000
  --verbose            tells of each error with its causes; one that comes again and again once, and how often
  --version
  --help

originmq check FILE [--repair]  reads a database of a server that is not running, and says what is wrong with it

  --repair             mends it, and names what is gone

"serve" ends with SIGTERM or SIGINT: finishes what was accepted and tells its clients.
`;

const OPTIONS = {
  port: { type: "string" },
  hostname: { type: "string" },
  directory: { type: "string" },
  memory: { type: "boolean" },
  "token-file": { type: "string" },
  "allow-origin": { type: "string", multiple: true },
  "metrics-port": { type: "string" },
  "metrics-hostname": { type: "string" },
  "max-connections": { type: "string" },
  "max-message-bytes": { type: "string" },
  "max-bytes-in-flight": { type: "string" },
  "max-queues": { type: "string" },
  "idle-ms": { type: "string" },
  verbose: { type: "boolean" },
  repair: { type: "boolean" },
  version: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

interface Chosen {
  readonly port?: string;
  readonly hostname?: string;
  readonly directory?: string;
  readonly memory?: boolean;
  readonly "token-file"?: string;
  readonly "allow-origin"?: readonly string[];
  readonly "metrics-port"?: string;
  readonly "metrics-hostname"?: string;
  readonly "max-connections"?: string;
  readonly "max-message-bytes"?: string;
  readonly "max-bytes-in-flight"?: string;
  readonly "max-queues"?: string;
  readonly "idle-ms"?: string;
  readonly verbose?: boolean;
  readonly repair?: boolean;
  /** The file to be checked. */
  readonly file?: string;
  readonly version?: boolean;
  readonly help?: boolean;
}

class UsageError extends Error {}

/** Resolves once the server has started, or with the exit code in place. */
export async function run(): Promise<Server | undefined> {
  const process = nodeModule<Process>("node:process");
  try {
    const chosen = parse(process.argv.slice(2));
    if (chosen?.version) {
      process.stdout.write(`${packageVersion()}\n`);
      return undefined;
    }
    if (chosen === undefined || chosen.help) {
      process.stdout.write(HELP);
      return undefined;
    }
    if (chosen.file !== undefined) {
      const { lines, isSound } = await checkFile(chosen.file, chosen.repair ?? false);
      process.stdout.write(`${lines.join("\n")}\n`);
      if (!isSound) process.exitCode = 1;
      return undefined;
    }
    return await start(chosen, process);
  } catch (error) {
    const isUsage = error instanceof UsageError || (error instanceof QueueError && error.code === "invalid-argument");
    process.stderr.write(`originmq: ${error instanceof Error ? error.message : error}\n`);
    if (isUsage) process.stderr.write("Try: originmq --help\n");
    process.exitCode = isUsage ? 2 : 1;
    return undefined;
  }
}

/** `undefined`: nothing was asked for. */
function parse(args: readonly string[]): Chosen | undefined {
  const { parseArgs } = nodeModule<Util>("node:util");
  let parsed: ReturnType<Util["parseArgs"]>;
  try {
    parsed = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    // What follows is advice for programmers.
    const [why] = (error as Error).message.split(/[.,;] /);
    const names = Object.keys(OPTIONS).map((name) => `--${name}`);
    throw new UsageError(`${why}; there are ${names.join(", ")}`);
  }
  const { values, positionals } = parsed;
  const [command, ...others] = positionals;
  if (command === undefined)
    return values.version
      ? { version: true }
      : values.help || args.length === 0
        ? undefined
        : refuse("no command: serve, or check");
  if (command === "check") return checked(values, others);
  if (command !== "serve") refuse(`"${command}" is no command; there are serve and check`);
  if (others.length > 0) refuse(`what is "${others[0]}"?`);
  if (values.repair) refuse("--repair is an option of check");
  return values as Chosen;
}

function checked(values: Chosen, [file, ...others]: readonly string[]): Chosen {
  if (file === undefined)
    return values.help
      ? values
      : refuse("check takes the file of a server's database: originmq check data/shop.sqlite");
  const unknown = Object.keys(values).find((name) => name !== "repair" && name !== "help");
  if (unknown !== undefined) refuse(`--${unknown} is no option of check`);
  if (others.length > 0) refuse(`what is "${others[0]}"?`);
  return { ...values, file };
}

function packageVersion(): string {
  const { readFileSync } = nodeModule<FileSystem>("node:fs");
  // Read where it lies, from dist/server as from src/server: no import, which would put it into what is built.
  const here = import.meta.url;
  return JSON.parse(readFileSync(new URL("../../package.json", here), "utf8")).version;
}

const refuse = (why: string): never => {
  throw new UsageError(why);
};

/** By their options of `serve`, which says what each may be. */
function boundsOf(chosen: Chosen): Partial<ServeOptions> {
  const given = (name: keyof Chosen): number | undefined => {
    const text = chosen[name];
    if (text === undefined) return undefined;
    return /^\d{1,15}$/.test(String(text)) ? Number(text) : refuse(`--${name} takes a whole number, not "${text}"`);
  };
  const bounds = {
    maxConnections: given("max-connections"),
    maxMessageBytes: given("max-message-bytes"),
    maxBytesInFlight: given("max-bytes-in-flight"),
    idleMs: given("idle-ms"),
  };
  const queues = given("max-queues");
  const said = Object.entries(bounds).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(said), ...(queues !== undefined && { perDatabase: { queues } }) };
}

function numberOf(name: string, text: string): number {
  return /^\d{1,5}$/.test(text) ? Number(text) : refuse(`--${name} takes a port, 0 to 65535, not "${text}"`);
}

async function start(chosen: Chosen, process: Process): Promise<Server> {
  const { memory, hostname = "127.0.0.1", verbose = false } = chosen;
  if (memory && chosen.directory !== undefined) refuse("--memory and --directory exclude each other");
  const directory = memory ? undefined : (chosen.directory ?? "./data");
  const port = numberOf("port", chosen.port ?? "7420");
  const metricsPort = numberOf("metrics-port", chosen["metrics-port"] ?? `${port === 0 ? 0 : port + 1}`);
  if (directory !== undefined) makeDirectory(directory);
  const token = tokenOf(chosen["token-file"] ?? (directory && `${directory}/token`));
  const metricsHostname = chosen["metrics-hostname"];
  const options: ServeOptions = {
    ...{ port, hostname, metricsPort, authorize: holderOf(token) },
    ...(directory === undefined ? { memory: true } : { directory }),
    ...(metricsHostname !== undefined && { metricsHostname }),
    ...boundsOf(chosen),
    allowOrigins: chosen["allow-origin"] ?? [],
    onError: eachOnce(verbose ? inFull : inShort, (line) => process.stderr.write(`${line}\n`)),
  };
  const server = await serve(options);
  process.stdout.write(
    `${[
      `queues    ${server.url}/mq/shop`,
      '          any name in place of "shop" is a database of its own',
      `token     ${chosen["token-file"] === undefined ? token : `in ${chosen["token-file"]}`}`,
      `metrics   ${server.metricsUrl}/metrics`,
      `storage   ${directory ?? "memory: nothing is kept"}`,
    ].join("\n")}\n`,
  );
  const end = () => {
    process.stdout.write("closing\n");
    server.close().then(
      () => process.stdout.write("closed\n"),
      (error) => process.stderr.write(`${inFull(error)}\n`),
    );
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  return server;
}

/** Whoever has the token may do everything. */
function holderOf(token: string): Authorize {
  return async ({ token: given }) =>
    given !== undefined && (await isSame(given, token))
      ? { client: "holder", queues: { "*": VERBS }, limits: SHARED }
      : null;
}

/** By their digests, so that the time it takes says nothing of where they differ. */
async function isSame(a: string, b: string): Promise<boolean> {
  const digest = async (text: string) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const [left, right] = await Promise.all([digest(a), digest(b)]);
  return left.every((byte, i) => byte === right[i]);
}

const TOKEN_BYTES = 24;

function tokenOf(file: string | undefined): string {
  const made = hex(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)));
  if (file === undefined) return made;
  const { readFileSync, writeFileSync } = nodeModule<FileSystem>("node:fs");
  try {
    writeFileSync(file, `${made}\n`, { mode: OWN_FILE, flag: "wx" });
  } catch (error) {
    if ((error as { readonly code?: string }).code !== "EEXIST") throw error;
  }
  const token = readFileSync(file, "utf8").trim();
  if (token === "") refuse(`${file} holds no token`);
  return token;
}

/** Texts that are known are forgotten beyond so many: they may hold numbers. */
const TEXTS_MAX = 100;

/** What comes again and again is told of at the first time, the tenth, the hundredth. */
export function eachOnce(textOf: (error: unknown) => string, write: (line: string) => void): (error: unknown) => void {
  const times = new Map<string, number>();
  return (error) => {
    const text = textOf(error);
    if (times.size >= TEXTS_MAX && !times.has(text)) times.clear();
    const count = (times.get(text) ?? 0) + 1;
    times.set(text, count);
    if (count === 1) write(text);
    else if (/^10+$/.test(`${count}`)) write(`${inShort(error)} (${count} times by now)`);
  };
}

/** What an error is called here means nothing to who runs a server; its code may be looked up. */
const inShort = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error instanceof QueueError ? `${error.code}: ${error.message}` : error.message;
};

export function inFull(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { stack = "", cause } = error;
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return `${[inShort(error), ...frames].join("\n")}${cause === undefined ? "" : `\ncaused by ${inFull(cause)}`}`;
}
