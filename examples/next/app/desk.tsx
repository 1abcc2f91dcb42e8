"use client";

import { useRouter } from "next/navigation";
import { useConsumer, useMessages, useSend, useStats } from "originmq/react";
import { type FormEvent, useEffect } from "react";
import { deliver, orders } from "../lib/orders";

export function Desk() {
  const { refresh } = useRouter();
  const { status, ready, delayed, leased, dead, totals } = useStats(orders);
  const { messages } = useMessages(orders, { max: 20 });
  const { send, error } = useSend(orders);
  const consumer = useConsumer(orders, deliver);

  // In every tab, whichever of them has delivered: the page is rendered anew with what the server has.
  const delivered = totals?.acked ?? 0;
  useEffect(() => {
    if (delivered > 0) refresh();
  }, [delivered, refresh]);

  const order = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    send({ what: String(new FormData(form).get("what")) });
    form.reset();
  };
  const failure = error ?? consumer.error;

  return (
    <>
      <form onSubmit={order}>
        <label>
          Order <input name="what" required autoComplete="off" />
        </label>
        <button type="submit">Send</button>
      </form>
      <h2>Waiting on this device ({status === "open" ? ready + delayed + leased : "…"})</h2>
      <ul id="waiting">
        {messages.map(({ id, body, error }) => (
          <li key={id}>
            {body.what} <small>{error?.message ?? "on its way"}</small>
          </li>
        ))}
      </ul>
      {dead > 0 && (
        <p>
          {dead} given up{" "}
          <button type="button" onClick={() => void orders.withQueue((queue) => queue.deadLetters.redrive())}>
            Send again
          </button>
        </p>
      )}
      {failure && <p role="alert">{failure.message}</p>}
    </>
  );
}
