import { type Delivery, openQueue } from "originmq";
import { createQueueStore } from "originmq/store";

export interface Photo {
  readonly name: string;
  readonly file: Blob;
}

export const photos = createQueueStore(() =>
  // A server may be away for long: tried again at first after a second, later every minute.
  openQueue<Photo>("photos", { maxDeliveries: 1_000, backoff: { maxMs: 60_000 } }),
);

/** Puts a small one to the server under the message's id, which is the same on each attempt. What is thrown is tried again. */
export async function upload({ id, body: { name, file }, signal, deadLetter }: Delivery<Photo>): Promise<void> {
  const image = await createImageBitmap(file).catch(() => undefined);
  if (!image) return deadLetter("not a picture that this browser knows");
  const small = await shrink(image);
  const answer = await fetch(`/photos/${id}?${new URLSearchParams({ name })}`, { method: "PUT", body: small, signal });
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
}

const WIDTH_MAX = 320;

function shrink(image: ImageBitmap): Promise<Blob> {
  const scale = Math.min(1, WIDTH_MAX / image.width);
  const canvas = new OffscreenCanvas(Math.ceil(image.width * scale), Math.ceil(image.height * scale));
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
}
