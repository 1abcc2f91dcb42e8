// What servers use of Node's modules, which Deno and Bun have too: by their shape, so that no global type of Node's meets
// those of browsers. Invariant: nothing of it is looked for before a server is started.

import { QueueError } from "../core/spec/errors.js";
import type { ByteTools } from "../link/socket/kept-bodies.js";
import { builtin } from "../store/sqlite/drivers/builtin.js";

export interface IncomingMessage {
  readonly url?: string;
  readonly method?: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

interface ServerResponse {
  writeHead(status: number, headers: Readonly<Record<string, string>>): void;
  end(text?: string): void;
}

export interface RawSocket {
  on(event: "error" | "close", listener: () => void): void;
  end(text: string, onSent: () => void): void;
  destroy(): void;
}

export interface HttpServer {
  on(event: "upgrade", listener: (request: IncomingMessage, socket: RawSocket, head: unknown) => void): void;
  on(event: "connection", listener: (socket: RawSocket) => void): void;
  once(event: "error", listener: (error: Error) => void): void;
  listen(port: number, hostname: string, callback: () => void): void;
  address(): { readonly port: number };
  close(callback: () => void): void;
  closeAllConnections?(): void;
}

export interface Http {
  createServer(listener: (request: IncomingMessage, response: ServerResponse) => void): HttpServer;
  createServer(
    options: Readonly<Record<string, number>>,
    listener: (request: IncomingMessage, response: ServerResponse) => void,
  ): HttpServer;
}

export interface FileSystem {
  existsSync(path: string): boolean;
  mkdirSync(path: string, options: { readonly recursive: true; readonly mode: number }): void;
  readdirSync(path: string): string[];
  readFileSync(path: string | URL, encoding: "utf8"): string;
  /** `flag` "wx": fails where there is such a file. */
  writeFileSync(path: string, text: string, options: { readonly mode: number; readonly flag: "wx" }): void;
}

export interface Util {
  parseArgs(config: {
    readonly args: readonly string[];
    readonly options: Readonly<
      Record<string, { readonly type: "string" | "boolean"; readonly multiple?: boolean; readonly short?: string }>
    >;
    readonly allowPositionals: true;
  }): {
    readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
    readonly positionals: readonly string[];
  };
}

export interface Process {
  readonly argv: readonly string[];
  exitCode: number | undefined;
  readonly stdout: { write(text: string): void };
  readonly stderr: { write(text: string): void };
  once(signal: "SIGTERM" | "SIGINT", listener: () => void): void;
}

/** What a server makes is its own: others of the machine neither read nor list it. */
export const OWN_FILE = 0o600;
const OWN_DIRECTORY = 0o700;

/** Makes the directory, and those above it, if it is not there. */
export function makeDirectory(path: string): void {
  nodeModule<FileSystem>("node:fs").mkdirSync(path, { recursive: true, mode: OWN_DIRECTORY });
}

/** Throws `unsupported` in a runtime that has no such module. */
export function nodeModule<Module>(name: "node:http" | "node:fs" | "node:util" | "node:process"): Module {
  const found = builtin<Module>(name);
  if (found) return found;
  throw new QueueError("unsupported", `a server needs ${name}: Node 20.19 or later, Deno 2, or Bun`);
}

interface NodeBuffer {
  isAscii?(bytes: Uint8Array): boolean;
  readonly Buffer: { readonly prototype: { indexOf(this: Uint8Array, byte: number, from: number): number } };
}

/** `undefined` in a runtime that lacks some of them. */
export function byteTools(): ByteTools | undefined {
  const found = builtin<NodeBuffer>("node:buffer");
  const { isAscii } = found ?? {};
  if (!found || !isAscii) return undefined;
  const { indexOf } = found.Buffer.prototype;
  return { isAscii, indexOf: (bytes, byte, from) => indexOf.call(bytes, byte, from) };
}

/** Resolves with the port, once it listens. */
export function listen(server: HttpServer, port: number, hostname: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new QueueError("unsupported", `port ${port} of ${hostname} cannot be listened on: ${cause.message}`, { cause }),
      );
    });
    server.listen(port, hostname, () => resolve(server.address().port));
  });
}
