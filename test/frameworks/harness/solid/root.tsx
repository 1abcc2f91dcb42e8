import { useStats } from "originmq/solid";
import { createEffect } from "solid-js";
import App from "./App";
import { flooded } from "./flood";
import { Listed, Saves } from "./shown";

export function Root() {
  const stats = useStats(flooded);
  createEffect(() => {
    if (stats().status === "open") window.committed();
  });
  return (
    <>
      <App />
      <p id="flooded">{stats().ready}</p>
      <Listed />
      <Saves />
    </>
  );
}
