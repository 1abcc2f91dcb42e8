import { Component, effect, provideZonelessChangeDetection } from "@angular/core";
import { provideClientHydration } from "@angular/platform-browser";
import { injectStats } from "originmq/angular";
import { App } from "./app";
import { flooded } from "./flood";
import { Listed, Saves } from "./shown";

@Component({
  selector: "test-root",
  imports: [App, Listed, Saves],
  template: `<app-root></app-root><p id="flooded">{{ stats().ready }}</p><test-listed></test-listed><test-saves></test-saves>`,
})
export class Root {
  readonly stats = injectStats(flooded);
  readonly counting = effect(() => {
    if (this.stats().status === "open") window.committed();
  });
}

export const config = { providers: [provideZonelessChangeDetection(), provideClientHydration()] };
