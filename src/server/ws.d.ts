// Of `ws`, what a server needs.

declare module "ws" {
  /** Of a client: where the runtime has none of its own, and in tests. */
  export class WebSocket {
    constructor(
      url: string,
      protocol: string,
      options?: { readonly origin?: string; readonly headers?: Readonly<Record<string, string>> },
    );
    once(event: "error", listener: (error: Error) => void): void;
  }
  interface ServerSocket {
    binaryType: string;
    readonly bufferedAmount: number;
    send(bytes: Uint8Array): void;
    close(code?: number, reason?: string): void;
    terminate(): void;
    addEventListener(
      type: "message" | "close" | "error",
      listener: (event: { readonly data?: unknown; readonly code?: number }) => void,
    ): void;
  }
  export class WebSocketServer {
    constructor(options: {
      readonly noServer: true;
      readonly maxPayload: number;
      readonly perMessageDeflate: false;
      handleProtocols(protocols: ReadonlySet<string>): string | false;
    });
    handleUpgrade(request: unknown, socket: unknown, head: unknown, callback: (socket: ServerSocket) => void): void;
    close(): void;
  }
}
