// An editor with a sample in it, and what the sample prints. A plain text field: the Tab key leaves it, as everywhere.

import { withBase } from "vitepress";
import { defineComponent, h, onBeforeUnmount, ref, useId } from "vue";
import { type Run, run } from "./run.js";

export const Playground = defineComponent({
  props: { name: { type: String, required: true }, code: { type: String, required: true } },
  setup(props) {
    const original = decodeURIComponent(props.code).trimEnd();
    const code = ref(original);
    const lines = ref<readonly string[]>([]);
    const state = ref<"new" | "starting" | "running" | "stopped">("new");
    const id = useId();
    let current: Run | undefined;

    async function stop() {
      await current?.stop();
      current = undefined;
      if (state.value === "running") state.value = "stopped";
    }
    async function start() {
      if (state.value === "starting") return;
      await stop();
      state.value = "starting";
      lines.value = [];
      current = await run(code.value, withBase("/"), (line) => {
        lines.value = [...lines.value, line];
      });
      state.value = "running";
    }
    function onKeydown(event: KeyboardEvent) {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void start();
    }
    onBeforeUnmount(stop);

    const button = (text: string, onClick: () => unknown, disabled = false) =>
      h("button", { type: "button", onClick, disabled }, text);
    return () =>
      h("div", { class: "playground", "data-state": state.value }, [
        h("label", { for: id }, `${props.name}: the code`),
        h("textarea", {
          id,
          value: code.value,
          rows: code.value.split("\n").length,
          spellcheck: false,
          autocapitalize: "off",
          autocomplete: "off",
          wrap: "off",
          onInput: (event: Event) => {
            code.value = (event.target as HTMLTextAreaElement).value;
          },
          onKeydown,
        }),
        h("div", { class: "playground-actions" }, [
          button("Run", start, state.value === "starting"),
          button("Stop", stop, state.value !== "running"),
          button(
            "Reset",
            () => {
              code.value = original;
            },
            code.value === original,
          ),
          h("span", "Ctrl+Enter runs it"),
        ]),
        h(
          "pre",
          { class: "playground-output", role: "log", tabindex: 0, "aria-label": `${props.name}: what it prints` },
          state.value === "new"
            ? "Nothing was run yet."
            : lines.value.join("\n") || (state.value === "starting" ? "Running…" : "Nothing was printed."),
        ),
      ]);
  },
});
