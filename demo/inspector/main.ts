// The inspector on a page of its own, over the queues of the demo.

import "@fontsource-variable/figtree/wght.css";
import "../style/tokens.css";
import "../style/page.css";
import "../style/controls.css";
import "../style/parts.css";
import "../style/inspector.css";
import type { InspectorElement } from "../../src/inspector.js";
import "../../src/inspector.js";
import { byId } from "../dom.js";
import { createProblems } from "../problems.js";
import { openSession } from "../session.js";
import { wireTheme } from "../theme.js";
import { makeExample } from "./example.js";

const problems = createProblems(byId("problems"));
wireTheme(() => {});
const session = openSession(undefined);
problems.guard("The queue could not be opened", async () => {
  byId<InspectorElement>("inspector").connection = (await session).connection;
});
const example = byId<HTMLButtonElement>("example");
// At once: whoever presses it before there is a connection waits for that.
example.addEventListener("click", () =>
  problems.guard("The example could not be made", async () => {
    example.disabled = true;
    await makeExample((await session).connection);
    example.textContent = "The example runs";
  }),
);
