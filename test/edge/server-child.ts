// A server in a process of its own, to be killed. It says its address on its output once it listens, and answers each line
// of its input: `fill N` leaves N bytes of its disk free, `free` gives them back, `full` and `room` have the system say so.

import { readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type ServeOptions, serve } from "../../src/server.js";

const [directory = "", options = "{}"] = process.argv.slice(2);
const FILLER = "filler";
/** What is written at once: the last of the room is taken in small pieces. */
const CHUNK_BYTES = 256 * 1024;

let isSaidFull = false;
/** The system's own answer, where a disk cannot be filled. */
function lieAboutRoom(): void {
  const { getBuiltinModule } = process;
  process.getBuiltinModule = ((name: string) => {
    const module = getBuiltinModule.call(process, name);
    if (name !== "node:fs") return module;
    const statfs = (...args: Parameters<typeof statfsSync>) => {
      const told = statfsSync(...args);
      return isSaidFull ? { bavail: 0, bsize: told.bsize } : told;
    };
    return { ...(module as object), statfsSync: statfs };
  }) as typeof getBuiltinModule;
}

const freeBytes = () => {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
};

function fill(leaving: number): void {
  for (let i = 0; freeBytes() > leaving; i++) {
    const bytes = Math.min(CHUNK_BYTES, freeBytes() - leaving);
    writeFileSync(join(directory, `${FILLER}-${i}`), Buffer.alloc(bytes));
  }
}

const answers: Readonly<Record<string, (argument: string) => void>> = {
  fill: (leaving) => fill(Number(leaving)),
  free() {
    for (const name of readdirSync(directory)) if (name.startsWith(FILLER)) rmSync(join(directory, name));
  },
  full() {
    isSaidFull = true;
  },
  room() {
    isSaidFull = false;
  },
};

lieAboutRoom();
const server = await serve({ directory, port: 0, ...(JSON.parse(options) as ServeOptions) });
process.stdout.write(`${server.url}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const [word = "", argument = ""] = line.split(" ");
  answers[word]?.(argument);
  process.stdout.write(`${word}\n`);
}
