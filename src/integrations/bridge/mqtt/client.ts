// What bridges use of a client of mqtt.js, by what every one of them has: so its declarations, which name packages that not
// every application has, are no part of this package's.

export interface UserProperties {
  readonly [name: string]: string | readonly string[];
}

/** Of a PUBLISH packet, those that a bridge writes or reads. */
export interface PublishProperties {
  readonly contentType?: string;
  readonly payloadFormatIndicator?: boolean;
  /** In seconds. */
  readonly messageExpiryInterval?: number;
  readonly responseTopic?: string;
  readonly userProperties?: UserProperties;
}

/** What a broker says of itself and of the session, in its CONNACK packet. */
export interface Connack {
  readonly sessionPresent: boolean;
  readonly properties?: {
    readonly receiveMaximum?: number;
    readonly maximumQoS?: number;
    readonly maximumPacketSize?: number;
    readonly sessionExpiryInterval?: number;
  };
}

/** Any packet that arrives, by the members that a bridge looks at. */
export interface Packet {
  readonly cmd: string;
  readonly messageId?: number;
  readonly reasonCode?: number;
  readonly properties?: { readonly reasonString?: string };
}

/** A PUBLISH packet that arrives. */
export interface PublishPacket {
  readonly topic: string | Uint8Array;
  readonly payload: string | Uint8Array;
  readonly qos: 0 | 1 | 2;
  /** The broker has sent it before. */
  readonly dup: boolean;
  readonly messageId?: number;
  readonly properties?: PublishProperties;
}

/** An open client of mqtt.js 5, of protocol version 5. */
export interface OpenMqttClient {
  /** Whether it is, at this moment. */
  readonly connected: boolean;
  /** Those it was made with. */
  readonly options: object;
  /** Of mqtt.js. */
  publish(topic: string, payload: never, options: object, callback: (error?: Error | null) => void): unknown;
  /** Of mqtt.js. */
  subscribe(topic: string, options: object, callback: (error: Error | null) => void): unknown;
  /** Of mqtt.js. */
  on(event: "close", listener: () => void): unknown;
  /** Of mqtt.js. */
  removeListener(event: "close", listener: () => void): unknown;
}

export interface PublishOptions {
  readonly qos: 1 | 2;
  readonly properties: PublishProperties;
}
interface Granted {
  readonly qos: number;
}
type Listener<Args extends readonly unknown[]> = (...args: Args) => void;

/** What a client has besides what applications are asked for. */
export interface MqttClient {
  connected: boolean;
  readonly options: { readonly protocolVersion?: number; readonly clean?: boolean };
  /** Where packets are written. */
  readonly stream: { write(bytes: Uint8Array): boolean; destroy(): void; readonly destroyed: boolean };
  /** What was sent and not answered, by packet identifier. */
  readonly outgoing: Readonly<Record<number, unknown>>;
  /** Of the connection that there is. */
  readonly serverProperties?: Connack["properties"];
  readonly connackPacket?: Connack;
  publish(topic: string, payload: Uint8Array, options: PublishOptions, callback: Listener<[Error?, Packet?]>): unknown;
  subscribe(
    topic: string | string[],
    options: { readonly qos: 1; readonly rh?: number },
    callback: Listener<[Error | null, (readonly Granted[])?]>,
  ): unknown;
  /** Called with each message that arrives, before the next is looked at. Replaced by whoever acknowledges by hand. */
  handleMessage(packet: PublishPacket, callback: (error?: Error) => void): void;
  end(isForced: boolean, options: object, callback: () => void): unknown;
  on(event: "connect", listener: Listener<[Connack]>): unknown;
  on(event: "error", listener: Listener<[Error]>): unknown;
  on(event: "close", listener: Listener<[]>): unknown;
  on(event: "disconnect" | "packetreceive", listener: Listener<[Packet]>): unknown;
  on(event: "message", listener: Listener<[string, Uint8Array]>): unknown;
  removeListener(event: string, listener: Listener<never[]>): unknown;
}
