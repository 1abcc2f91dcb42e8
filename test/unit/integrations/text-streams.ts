// The text of a backup, out of its stream and into one.

export async function textOf(stream: ReadableStream<string>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}

/** In chunks of `size` characters; one, unless it is said. */
export const streamOf = (text: string, size = text.length): ReadableStream<string> =>
  new ReadableStream<string>({
    start(controller) {
      for (let i = 0; i < text.length; i += size) controller.enqueue(text.slice(i, i + size));
      controller.close();
    },
  });
