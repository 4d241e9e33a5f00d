//! The store as the Replica sees it: what it has written and the shell has not yet made durable
//! lies on top.

use crate::store::{Rows, Store, StoreError, Table, Write};
use std::collections::BTreeMap;

type Place = (Table, Vec<u8>);

/// A store under the writes of verbs that were not drained yet, and of the last drain.
#[derive(Debug)]
pub(crate) struct Overlay<S> {
    store: S,
    pending: BTreeMap<Place, Option<Vec<u8>>>,
    drained: BTreeMap<Place, Option<Vec<u8>>>,
}

impl<S: Store> Overlay<S> {
    pub(crate) fn new(store: S) -> Self {
        Self {
            store,
            pending: BTreeMap::new(),
            drained: BTreeMap::new(),
        }
    }

    pub(crate) fn store(&self) -> &S {
        &self.store
    }

    pub(crate) fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    pub(crate) fn put(&mut self, table: Table, key: &[u8], value: Vec<u8>) {
        self.pending.insert((table, key.to_vec()), Some(value));
    }

    pub(crate) fn remove(&mut self, table: Table, key: &[u8]) {
        self.pending.insert((table, key.to_vec()), None);
    }

    /// The writes since the last drain, as one batch.
    pub(crate) fn drain(&mut self) -> Vec<Write> {
        self.drained = std::mem::take(&mut self.pending);
        let writes = self.drained.iter().map(|((table, key), value)| Write {
            table: *table,
            key: key.clone(),
            value: value.clone(),
        });
        writes.collect()
    }

    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let place = (table, key.to_vec());
        match self
            .pending
            .get(&place)
            .or_else(|| self.drained.get(&place))
        {
            Some(value) => Ok(value.clone()),
            None => self.store.get(table, key),
        }
    }

    /// As `Store::range`. Rows of the store beyond what was read never come before rows on top.
    pub(crate) fn range(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Rows, StoreError> {
        if from >= to {
            return Ok(Rows::new());
        }
        let bounds = (table, from.to_vec())..(table, to.to_vec());
        let on_top = || {
            let drained = self.drained.range(bounds.clone());
            drained.chain(self.pending.range(bounds.clone()))
        };
        let wanted = limit.saturating_add(on_top().count());
        let below = self.store.range(table, from, to, wanted)?;
        let cut = (below.len() == wanted)
            .then(|| below.last().map(|(key, _)| key.clone()))
            .flatten();
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = below.into_iter().collect();
        for ((_, key), value) in on_top() {
            if cut.as_ref().is_some_and(|cut| key > cut) {
                continue;
            }
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Ok(rows.into_iter().take(limit).collect())
    }

    /// Every row whose key begins with `prefix`.
    pub(crate) fn all(&self, table: Table, prefix: &[u8]) -> Result<Rows, StoreError> {
        let mut end = prefix.to_vec();
        while let Some(last) = end.pop() {
            if last < u8::MAX {
                end.push(last + 1);
                break;
            }
        }
        if end.is_empty() {
            end = vec![u8::MAX; 128];
        }
        self.range(table, prefix, &end, usize::MAX)
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::store::MemoryStore;

    fn row(key: u8, value: Option<u8>) -> Write {
        Write {
            table: Table::Local,
            key: vec![key],
            value: value.map(|v| vec![v]),
        }
    }

    #[test]
    fn reads_see_writes_before_and_after_the_drain_that_hands_them_over() {
        let mut store = MemoryStore::default();
        store.commit(&(0..20).map(|key| row(key, Some(key))).collect::<Vec<_>>());
        let mut overlay = Overlay::new(store);
        overlay.remove(Table::Local, &[1]);
        overlay.put(Table::Local, &[2], vec![99]);
        let seen = |overlay: &Overlay<MemoryStore>| {
            let rows = overlay.range(Table::Local, &[0], &[30], 3).unwrap();
            rows.into_iter()
                .map(|(k, v)| (k[0], v[0]))
                .collect::<Vec<_>>()
        };
        assert_eq!(seen(&overlay), [(0, 0), (2, 99), (3, 3)]);
        let writes = overlay.drain();
        assert_eq!(seen(&overlay), [(0, 0), (2, 99), (3, 3)]);
        overlay.store_mut().commit(&writes);
        assert!(overlay.drain().is_empty());
        assert_eq!(seen(&overlay), [(0, 0), (2, 99), (3, 3)]);
        assert_eq!(overlay.all(Table::Local, &[]).unwrap().len(), 19);
    }
}
