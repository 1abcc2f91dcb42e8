import "@angular/compiler";
import { bootstrapApplication } from "@angular/platform-browser";
import { prepare } from "./flood";
import { config, Root } from "./root";
import { saves } from "./saves";

prepare(saves);
bootstrapApplication(Root, config).then(
  (app) => {
    window.unmount = () => app.destroy();
  },
  (error) => console.error(error),
);
