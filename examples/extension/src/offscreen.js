// Lives as long as the browser does, and works on what the popup has sent, also when no window is open.
import { pages } from "./pages.js";

pages
  .consumer(
    async ({ body: { url }, signal }) => {
      const answer = await fetch(url, { signal });
      if (!answer.ok) throw new Error(`answered ${answer.status}`); // tried again, later and later
      const kept = await caches.open("kept");
      await kept.put(url, answer);
    },
    { concurrency: 4 },
  )
  .subscribe(() => {});
