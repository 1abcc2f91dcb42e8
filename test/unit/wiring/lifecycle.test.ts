// A page's life as its client hears of it, with the shape of the platform's events alone.

import { afterEach, expect, test, vi } from "vitest";
import { pageLifecycle } from "../../../src/wiring/lifecycle.js";

afterEach(() => vi.unstubAllGlobals());

function listen(page: { readonly prerendering?: boolean }) {
  const document = Object.assign(new EventTarget(), { visibilityState: "hidden", ...page });
  vi.stubGlobal("document", document);
  vi.stubGlobal("window", new EventTarget());
  const heard: string[] = [];
  const stop = pageLifecycle({ onAsleep: () => heard.push("asleep") })?.listen({
    suspend: () => heard.push("suspend"),
    resume: () => heard.push("resume"),
    setHidden: () => {},
  });
  return { document, heard, stop };
}

test("a page that is rendered before anybody opens it sleeps until it is opened", () => {
  const { document, heard, stop } = listen({ prerendering: true });
  expect(heard).toEqual(["suspend"]);
  document.dispatchEvent(new Event("prerenderingchange"));
  expect(heard).toEqual(["suspend", "resume"]);
  stop?.();
  document.dispatchEvent(new Event("prerenderingchange"));
  expect(heard).toEqual(["suspend", "resume"]);
});

test.each([{ prerendering: false }, {}])("any other page is awake at once", (page) => {
  expect(listen(page).heard).toEqual([]);
});
