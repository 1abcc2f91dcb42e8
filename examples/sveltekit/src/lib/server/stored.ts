// The server's photos, in memory: a database or a bucket in an application.

export interface StoredPhoto {
  readonly name: string;
  readonly bytes: ArrayBuffer;
}

/** By the id of the message that brought each: however often it was put, it is there once. */
export const photosById = new Map<string, StoredPhoto>();
