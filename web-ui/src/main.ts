// Starts the console: words, guard for input methods, the person at the desk, then the pages.
import "./polyfill";
import { createApp } from "vue";
import App from "./App.vue";
import { guardComposition } from "./data/ime";
import { installElement } from "./element";
import { currentLocale, i18n, setLocale } from "./locale";
import { router } from "./router";
import "./style/base.css";

guardComposition(window);
setLocale(currentLocale());
const app = createApp(App);
installElement(app);
app.use(i18n).use(router).mount("#app");
