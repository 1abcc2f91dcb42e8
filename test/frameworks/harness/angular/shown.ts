import { Component } from "@angular/core";
import { injectOutbox } from "originmq/angular";
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
