// Why a value could not be written as bytes, or bytes are no value.

export class CodecError extends Error {
  override readonly name = "CodecError";
  /** Where in the value what cannot be carried stands, such as `bodies[3].callback`; "" is the value itself. */
  readonly path: string;
  /** Of what cannot be carried: what it is, as "a function". */
  readonly what: string | undefined;
  constructor(message: string, options?: ErrorOptions & { path?: string; what?: string }) {
    super(message, options);
    this.path = options?.path ?? "";
    this.what = options?.what;
  }
}
