// The few Element Plus components in use, each with its own style, so the bundle stays small.
import type { App } from "vue";
import { ElButton } from "element-plus/es/components/button/index.mjs";
import { ElConfigProvider } from "element-plus/es/components/config-provider/index.mjs";
import { ElDatePicker } from "element-plus/es/components/date-picker/index.mjs";
import { ElDialog } from "element-plus/es/components/dialog/index.mjs";
import { ElInput } from "element-plus/es/components/input/index.mjs";
import { ElOption, ElSelect } from "element-plus/es/components/select/index.mjs";
import "element-plus/theme-chalk/base.css";
import "element-plus/theme-chalk/el-button.css";
import "element-plus/theme-chalk/el-date-picker.css";
import "element-plus/theme-chalk/el-date-picker-panel.css";
import "element-plus/theme-chalk/el-dialog.css";
import "element-plus/theme-chalk/el-input.css";
import "element-plus/theme-chalk/el-message.css";
import "element-plus/theme-chalk/el-option.css";
import "element-plus/theme-chalk/el-overlay.css";
import "element-plus/theme-chalk/el-popper.css";
import "element-plus/theme-chalk/el-scrollbar.css";
import "element-plus/theme-chalk/el-select.css";
import "element-plus/theme-chalk/el-tag.css";
import "element-plus/theme-chalk/el-time-picker.css";

export function installElement(app: App): void {
  for (const component of [
    ElButton, ElConfigProvider, ElDatePicker, ElDialog, ElInput, ElOption, ElSelect,
  ]) {
    app.use(component);
  }
}
