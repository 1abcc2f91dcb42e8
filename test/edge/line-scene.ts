// Three clients of a server under load, two of them behind a line that a test breaks.

import type { Report as Verdict } from "../checker/history.js";
import type { Device, DeviceLoad } from "./device.js";
import { type FaultyLine, startFaultyLine } from "./proxy.js";
import { createRecorder, joinAs, judge, type Recorder, until } from "./recorder.js";

export interface Scene {
  readonly proxy: FaultyLine;
  readonly recorder: Recorder;
  readonly devices: readonly Device[];
  /** Resolves when so many more messages were handled. */
  progress(count?: number): Promise<void>;
}

const LOAD: DeviceLoad = { everyMs: 25, handlerMs: 5, slowMs: 400 };
let databases = 0;

/** Breaks the line, and judges. Throws what the checker finds. */
export async function underLoad(
  server: { readonly url: string },
  breakLine: (scene: Scene) => Promise<void>,
  load = LOAD,
): Promise<Verdict> {
  const database = `/mq/line-${++databases}`;
  const proxy = await startFaultyLine(server.url);
  const recorder = createRecorder();
  const devices = await Promise.all([
    joinAs("till", recorder, { url: proxy.url + database }),
    joinAs("phone", recorder, { url: proxy.url + database }),
    joinAs("office", recorder, { url: server.url + database }),
  ]);
  for (const device of devices) device.start(load);
  const progress = async (count = 40) => {
    const before = recorder.count("settled");
    await until(`${count} more are handled`, () => recorder.count("settled") > before + count);
  };
  await progress();
  await breakLine({ proxy, recorder, devices, progress });
  await progress();
  const verdict = await judge(recorder, devices, { url: server.url + database });
  await proxy.close();
  return verdict;
}

/** What a verdict says where no message was delivered beyond what was asked for. */
export const repeatsOf = ({ duplicated }: Verdict): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(duplicated).filter(([, times]) => times > 0));
