import { prepare } from "./flood";
import { createRoot } from "./root";

prepare();
const app = createRoot();
app.mount("#app");
window.unmount = () => app.unmount();
