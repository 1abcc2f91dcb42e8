import { prepare } from "./flood";
import { createRoot } from "./root";
import { saves } from "./saves";

prepare(saves);
const app = createRoot();
app.mount("#app");
window.unmount = () => app.unmount();
