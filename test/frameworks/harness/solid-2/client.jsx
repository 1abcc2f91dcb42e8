import { render } from "@solidjs/web";
import { prepare } from "./flood";
import { Root } from "./root";

prepare();
window.unmount = render(() => <Root />, document.querySelector("#app"));
