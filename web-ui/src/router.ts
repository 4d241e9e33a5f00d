// Where each page lives. Hash addresses: the node serves one page and needs no fallback route.
import { createRouter, createWebHashHistory, type RouteLocationRaw } from "vue-router";
import type { Target } from "./data/contract";

export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: "/", redirect: "/today" },
    { path: "/today", name: "today", component: () => import("./view/TodayView.vue"), meta: { nav: "today" } },
    { path: "/cases", name: "cases", component: () => import("./view/CaseListView.vue"), meta: { nav: "cases" } },
    { path: "/case/:id", name: "case", component: () => import("./view/CaseView.vue"), props: true, meta: { nav: "cases" } },
    { path: "/case/:id/fence", name: "fence", component: () => import("./view/FenceView.vue"), props: true, meta: { nav: "cases" } },
    { path: "/leave", name: "leave", component: () => import("./view/LeaveView.vue"), meta: { nav: "leave" } },
    { path: "/matter/:id", name: "matter", component: () => import("./view/MatterView.vue"), props: true, meta: { nav: "leave" } },
    { path: "/alarms", name: "alarms", component: () => import("./view/AlarmListView.vue"), meta: { nav: "alarms" } },
    { path: "/alarm/:id", name: "alarm", component: () => import("./view/AlarmView.vue"), props: true, meta: { nav: "alarms" } },
    { path: "/duty", name: "duty", component: () => import("./view/DutyView.vue"), meta: { nav: "duty" } },
    { path: "/duty/hand-over", name: "hand_over", component: () => import("./view/HandOverView.vue"), meta: { nav: "duty" } },
    { path: "/alarm/:id/replay", name: "replay", component: () => import("./view/ReplayView.vue"), props: true, meta: { nav: "alarms" } },
    { path: "/wall", name: "wall", component: () => import("./view/WallView.vue"), meta: { nav: "wall", bare: true } },
    { path: "/map", name: "map", component: () => import("./view/MapView.vue"), meta: { nav: "map" } },
    { path: "/network", name: "network", component: () => import("./view/NetworkView.vue"), meta: { nav: "network" } },
    { path: "/audit", name: "audit", component: () => import("./view/AuditView.vue"), meta: { nav: "audit" } },
    { path: "/:rest(.*)*", redirect: "/today" },
  ],
});

/** The page a reminder or a finished step leads to; the event's form opens there at once. */
export function pathOf(target: Target): RouteLocationRaw {
  const query = target.event === null ? {} : { event: target.event };
  if (target.view === "map" || target.view === "network" || target.view === "audit") return { name: target.view, query };
  if (target.id === null) return { name: "today" };
  return { name: target.view, params: { id: target.id }, query };
}
