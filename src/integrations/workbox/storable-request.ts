// A request as a plain object and back, with the public surface of Workbox's class of that name.

/** A request as a plain object, as Workbox stores it. */
export interface RequestData {
  /** Whole. */
  url: string;
  /** Text by name. */
  headers: Record<string, string>;
  /** Missing on a GET and a HEAD. */
  body?: ArrayBuffer;
  // Workbox's own type has the other members under any name.
  [member: string]: unknown;
}

const MEMBERS = [
  "method",
  "referrer",
  "referrerPolicy",
  "mode",
  "credentials",
  "cache",
  "redirect",
  "integrity",
  "keepalive",
] as const;

/** A request that can be stored, with the public surface of Workbox's class of that name. */
export class StorableRequest {
  private readonly data: RequestData;

  /** Reads a copy of the request: the body as an `ArrayBuffer`, which every browser stores. */
  static async fromRequest(request: Request): Promise<StorableRequest> {
    const data: RequestData = { url: request.url, headers: Object.fromEntries(request.headers) };
    if (request.method !== "GET" && request.method !== "HEAD") data.body = await request.clone().arrayBuffer();
    for (const member of MEMBERS) if (request[member] !== undefined) data[member] = request[member];
    return new StorableRequest(data);
  }

  /** `mode: "navigate"`, which no script may use, becomes `same-origin`. */
  constructor(requestData: RequestData) {
    if (requestData.mode === "navigate") requestData.mode = "same-origin";
    this.data = requestData;
  }

  /** A deep copy of what was given. */
  toObject(): RequestData {
    const { body, headers } = this.data;
    return { ...this.data, headers: { ...headers }, ...(body && { body: body.slice(0) }) };
  }

  /** A request like the one it was made from. */
  toRequest(): Request {
    return new Request(this.data.url, this.data as RequestInit);
  }

  /** A deep copy. */
  clone(): StorableRequest {
    return new StorableRequest(this.toObject());
  }
}
