import { Component, signal } from "@angular/core";
import { injectMessages, injectOutbox } from "originmq/angular";
import { flooded } from "./flood";
import { saves } from "./saves";

@Component({
  selector: "test-saves",
  template: `
    <ul>
      @for (message of box().waiting; track message.id) {
        <li>{{ message.url }} waits <button (click)="box().outbox?.cancel(message.id)">Forget it</button></li>
      }
      @if (box().dead.length > 0) {
        <li>{{ box().dead.length }} refused <button (click)="box().outbox?.dead?.redrive()">Send again</button></li>
      }
    </ul>
  `,
})
export class Saves {
  readonly box = injectOutbox(saves);
}

@Component({
  selector: "test-listed",
  template: `<button (click)="max.set(3)">{{ list().messages.length }} listed</button>`,
})
export class Listed {
  readonly max = signal(1);
  readonly list = injectMessages(flooded, () => ({ max: this.max() }));
}
