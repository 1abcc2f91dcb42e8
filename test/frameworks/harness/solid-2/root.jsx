import { useConsumer, useMessages, useSend, useStats } from "originmq/solid";
import { createEffect, createSignal, For } from "solid-js";
import { flooded } from "./flood";
import { orders, ship } from "./orders";

export function Root() {
  const stats = useStats(orders);
  const list = useMessages(orders, { max: 5 });
  const { send, pending, error } = useSend(orders);
  const [paused, setPaused] = createSignal(false);
  const consumer = useConsumer(
    orders,
    ({ body }) => ship(body),
    () => ({ paused: paused() }),
  );
  const flood = useStats(flooded);
  const [max, setMax] = createSignal(1);
  const first = useMessages(flooded, () => ({ max: max() }));
  createEffect(flood, ({ status }) => {
    if (status === "open") window.committed();
  });
  return (
    <>
      <main>
        <button type="button" disabled={pending()} onClick={() => send({ sku: "tea" })}>
          Order tea
        </button>
        <button type="button" onClick={() => setPaused(!paused())}>
          Pause
        </button>
        <p>
          {stats().status}: {stats().ready} waiting, {stats().leased} in work, {consumer().active} of them here,{" "}
          {stats().dead} failed
        </p>
        <ul>
          <For each={list().messages}>{({ body, state }) => <li>{`${body.sku} (${state})`}</li>}</For>
        </ul>
        <p>{error()?.message}</p>
      </main>
      <p id="flooded">{flood().ready}</p>
      <button type="button" onClick={() => setMax(3)}>
        {first().messages.length} listed
      </button>
    </>
  );
}
