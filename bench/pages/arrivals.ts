// When a message arrived in the other page, on this page's clock. The clocks of two pages differ by a constant that is
// learned first, from the quickest of many pings. The reports themselves go over a BroadcastChannel, after the arrival.

const CHANNEL = "bench-arrivals";
const PINGS = 100;
/** Between two messages, so that what the last one left to do is over. */
const PAUSE_MS = 3;

type Report =
  | { readonly type: "ping"; readonly n: number }
  | { readonly type: "pong" | "arrived"; readonly n: number; readonly at: number };

const now = () => performance.timeOrigin + performance.now();
const channel = new BroadcastChannel(CHANNEL);

channel.addEventListener("message", ({ data }: MessageEvent<Report>) => {
  if (data.type === "ping") channel.postMessage({ type: "pong", n: data.n, at: now() });
});

/** What a page or a worker asked of the platform, or heard, and when. */
type Note = [what: string, at: number];

/** There in a build that notes it: see `bench/latency/`. */
declare global {
  var noteStage: ((what: string) => void) | undefined;
  var takeNotes: () => Note[];
  var takeNotesOfWorkers: () => Promise<Note[]>;
}

/** Called in the page where message `n` arrives. */
export const onArrival = (n: number): void => {
  globalThis.noteStage?.("arrived");
  channel.postMessage({ type: "arrived", n, at: now() });
};

function report(type: "pong" | "arrived", n: number): Promise<number> {
  return new Promise((resolve) => {
    const onReport = ({ data }: MessageEvent<Report>) => {
      if (data.type !== type || data.n !== n) return;
      channel.removeEventListener("message", onReport);
      resolve(data.at);
    };
    channel.addEventListener("message", onReport);
  });
}

/** What to add to this page's clock to get the other's. */
async function clockOffset(): Promise<number> {
  let best = { roundTrip: Number.POSITIVE_INFINITY, offset: 0 };
  for (let n = 0; n < PINGS; n++) {
    const answered = report("pong", n);
    const sentAt = now();
    channel.postMessage({ type: "ping", n });
    const at = await answered;
    const roundTrip = now() - sentAt;
    if (roundTrip < best.roundTrip) best = { roundTrip, offset: at - sentAt - roundTrip / 2 };
  }
  return best.offset;
}

export interface Arrivals {
  /** Sends one message after the other and returns, for each, milliseconds from send to arrival. */
  sample(count: number, send: (n: number) => Promise<unknown>): Promise<number[]>;
}

export const arrivals: Arrivals = {
  async sample(count, send) {
    const offset = await clockOffset();
    const samples: number[] = [];
    for (let n = 0; n < count; n++) {
      const arrived = report("arrived", n);
      globalThis.noteStage?.("called");
      const sentAt = now();
      const sent = send(n);
      samples.push((await arrived) - sentAt - offset);
      await sent;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return samples;
  },
};
