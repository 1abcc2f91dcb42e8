import { render as renderComponent } from "svelte/server";
import Root from "./Root.svelte";

export const render = async () => {
  const { head, body } = await renderComponent(Root);
  return { head, body };
};
