//! A table that names what it does not define, or leads nowhere, is refused before it is used.

use std::collections::BTreeSet;

use super::guard::Guard;
use super::table::{Base, Event, Table};

impl Table {
    /// Everything that is named but not there, doubled, or a dead end.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = self.doubled();
        faults.extend(self.unresolved());
        faults.extend(self.dead_ends());
        if self.event.iter().filter(|event| event.start).count() != 1 {
            faults.push("exactly one event opens a matter".to_owned());
        }
        for due in &self.due {
            if due.deadline.is_some() == due.alarm.is_some() {
                faults.push(format!("due {:?} names one of deadline and alarm", due.id));
            }
        }
        faults
    }

    fn doubled(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let fields = self.field.iter().map(|field| ("field", &field.id));
        let states = self.state.iter().map(|state| ("state", &state.id));
        let events = self.event.iter().map(|event| ("event", &event.id));
        let dues = self.due.iter().map(|due| ("due", &due.id));
        let all = fields.chain(states).chain(events).chain(dues);
        all.filter(|name| !seen.insert(*name))
            .map(|(kind, id)| format!("{kind} {id:?} stands twice"))
            .collect()
    }

    fn unresolved(&self) -> Vec<String> {
        let mut names: Vec<(&str, &str)> = Vec::new();
        for event in &self.event {
            names.extend(event.names());
        }
        names.extend(self.road.iter().map(|state| ("state", state.as_str())));
        for timed in &self.timed {
            names.extend([("state", timed.from.as_str()), ("state", &timed.next)]);
            names.push(("field", &timed.field));
        }
        for due in &self.due {
            names.extend(clock_names(&due.states, &due.base, &due.when, &due.until));
        }
        for reminder in &self.reminder {
            let until = &reminder.until;
            names.extend(clock_names(
                &reminder.states,
                &reminder.base,
                &reminder.when,
                until,
            ));
        }
        for warning in &self.warning {
            names.push(("event", &warning.event));
            names.extend(guard_names(&warning.when));
        }
        let missing = names.into_iter().filter(|(kind, id)| !self.has(kind, id));
        missing
            .map(|(kind, id)| format!("{kind} {id:?} is named but not defined"))
            .collect()
    }

    fn has(&self, kind: &str, id: &str) -> bool {
        match kind {
            "field" => self.field.iter().any(|field| field.id == id),
            "state" => self.state.iter().any(|state| state.id == id),
            "due" => self.due.iter().any(|due| due.id == id),
            _ => self.event.iter().any(|event| event.id == id),
        }
    }

    fn dead_ends(&self) -> Vec<String> {
        let paths = || self.event.iter().flat_map(|event| &event.path);
        let mut faults = Vec::new();
        for state in &self.state {
            let leaves = paths().any(|path| path.from.contains(&state.id))
                || self.timed.iter().any(|timed| timed.from == state.id);
            let entered = paths().any(|path| path.next.as_ref() == Some(&state.id))
                || self.timed.iter().any(|timed| timed.next == state.id);
            if !entered {
                faults.push(format!("state {:?} is never reached", state.id));
            }
            if !leaves && !state.end {
                faults.push(format!("state {:?} has no way out", state.id));
            }
        }
        faults
    }
}

impl Event {
    fn names(&self) -> Vec<(&'static str, &str)> {
        let mut names: Vec<(&'static str, &str)> = Vec::new();
        let conditional = self.needs_when.iter().flat_map(|needs| &needs.needs);
        let fields = self.needs.iter().chain(&self.takes).chain(conditional);
        names.extend(fields.map(|field| ("field", field.as_str())));
        names.extend(
            self.sets
                .iter()
                .flat_map(|(to, from)| [("field", to), ("field", from)])
                .map(|(kind, id)| (kind, id.as_str())),
        );
        let about = self
            .decision
            .as_ref()
            .and_then(|decision| decision.renews.as_deref());
        names.extend(about.map(|field| ("field", field)));
        names.extend(self.after.as_deref().map(|event| ("event", event)));
        names.extend(self.area.as_deref().map(|field| ("field", field)));
        let span = self.span.iter().flat_map(|span| [&span.first, &span.last]);
        names.extend(span.map(|field| ("field", field.as_str())));
        names.extend(guard_names(&self.check));
        for needs in &self.needs_when {
            names.extend(guard_names(&needs.when));
        }
        for apart in &self.apart {
            names.extend(apart.from.iter().map(|event| ("event", event.as_str())));
            names.extend(guard_names(&apart.when));
        }
        for path in &self.path {
            names.extend(
                path.from
                    .iter()
                    .chain(&path.next)
                    .map(|state| ("state", state.as_str())),
            );
            names.extend(guard_names(&path.when));
        }
        names
    }
}

fn guard_names(guards: &[Guard]) -> Vec<(&'static str, &str)> {
    let mut names: Vec<(&'static str, &str)> = Vec::new();
    for guard in guards {
        names.extend(guard.fields().into_iter().map(|field| ("field", field)));
        if let Guard::SignedByV1 { event, .. } = guard {
            names.push(("event", event));
        }
    }
    names
}

fn clock_names<'a>(
    states: &'a [String],
    base: &'a Base,
    when: &'a [Guard],
    until: &'a [String],
) -> Vec<(&'static str, &'a str)> {
    let mut names: Vec<(&'static str, &str)> = states
        .iter()
        .map(|state| ("state", state.as_str()))
        .collect();
    names.extend(until.iter().map(|event| ("event", event.as_str())));
    names.extend(guard_names(when));
    match base {
        Base::Entered => {}
        Base::Event(event) => names.push(("event", event)),
        Base::Field(field) => names.push(("field", field)),
        Base::Due(due) => names.push(("due", due)),
    }
    names
}
