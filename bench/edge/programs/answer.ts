// What a process of the benchmark answers the one that measures. Invariant: one question at a time is answered, or its error.

type Answers = Readonly<Record<string, (argument: never) => unknown>>;

/** Answers until the process that asks is gone. */
export function answer(answers: Answers): void {
  if (process.send === undefined) throw new Error("this is started by npm run bench:edge");
  const say = (message: unknown) => process.send?.(message);
  process.on("message", async ({ id, ask, argument }: { id: number; ask: string; argument: never }) => {
    try {
      say({ id, value: await answers[ask]?.(argument) });
    } catch (error) {
      say({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.on("disconnect", () => process.exit());
  say({ id: 0 });
}

/** Milliseconds on a clock that all processes of this machine share. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;
