import { useMessages, useOutbox } from "originmq/solid";
import { createSignal, For, Show } from "solid-js";
import { flooded } from "./flood";
import { saves } from "./saves";

export function Saves() {
  const box = useOutbox(saves);
  return (
    <ul>
      <For each={box().waiting}>
        {({ id, url }) => (
          <li>
            {url} waits{" "}
            <button type="button" onClick={() => box().outbox?.cancel(id)}>
              Forget it
            </button>
          </li>
        )}
      </For>
      <Show when={box().dead.length > 0}>
        <li>
          {box().dead.length} refused{" "}
          <button type="button" onClick={() => box().outbox?.dead.redrive()}>
            Send again
          </button>
        </li>
      </Show>
    </ul>
  );
}

export function Listed() {
  const [max, setMax] = createSignal(1);
  const list = useMessages(flooded, () => ({ max: max() }));
  return (
    <button type="button" onClick={() => setMax(3)}>
      {list().messages.length} listed
    </button>
  );
}
