// Of `ws`, what a server needs.

declare module "ws" {
  interface ServerSocket {
    binaryType: string;
    readonly bufferedAmount: number;
    send(bytes: Uint8Array): void;
    close(code?: number, reason?: string): void;
    terminate(): void;
    addEventListener(type: "message" | "close" | "error", listener: (event: { readonly data?: unknown }) => void): void;
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
