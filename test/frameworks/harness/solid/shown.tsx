import { useOutbox } from "originmq/solid";
import { For, Show } from "solid-js";
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
