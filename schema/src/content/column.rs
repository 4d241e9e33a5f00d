//! One column of a change, read row by row: run-length encoding is where 127 bytes become five
//! million rows, so a column never yields more rows than it was allowed.

use super::error::PrecheckError;
use super::reader::Reader;

/// A value that a run-length column can hold.
pub(super) trait Cell<'a>: Copy + PartialEq {
    fn read(from: &mut Reader<'a>, key_bytes_max: usize) -> Result<Self, PrecheckError>;
}

impl<'a> Cell<'a> for u64 {
    fn read(from: &mut Reader<'a>, _: usize) -> Result<Self, PrecheckError> {
        from.unsigned()
    }
}

impl<'a> Cell<'a> for i64 {
    fn read(from: &mut Reader<'a>, _: usize) -> Result<Self, PrecheckError> {
        from.signed()
    }
}

impl<'a> Cell<'a> for &'a str {
    fn read(from: &mut Reader<'a>, key_bytes_max: usize) -> Result<Self, PrecheckError> {
        let bytes = from.unsigned()?;
        if bytes > key_bytes_max as u64 {
            return Err(PrecheckError::Length {
                what: "a key",
                bytes,
                max: key_bytes_max as u64,
            });
        }
        std::str::from_utf8(from.take(bytes)?).map_err(|_| PrecheckError::Utf8 { within: "a key" })
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Run<T> {
    Start,
    Null,
    Same(T),
    Literal(T),
}

/// A column of runs: repeated values, literal values, and nulls. An absent column is all null.
#[derive(Clone, Copy)]
pub(super) struct Runs<'a, T> {
    from: Reader<'a>,
    name: &'static str,
    present: bool,
    key_bytes_max: usize,
    rows_max: u64,
    rows: u64,
    started: usize,
    left: u64,
    run: Run<T>,
    fresh: bool,
    some: bool,
}

impl<'a, T: Cell<'a>> Runs<'a, T> {
    pub(super) fn new(
        bytes: Option<&'a [u8]>,
        name: &'static str,
        rows_max: u64,
        key_bytes_max: usize,
    ) -> Self {
        Self {
            from: Reader::new(bytes.unwrap_or_default(), name),
            name,
            present: bytes.is_some(),
            key_bytes_max,
            rows_max,
            rows: 0,
            started: 0,
            left: 0,
            run: Run::Start,
            fresh: false,
            some: false,
        }
    }

    /// The next row, null if the column is absent or says so.
    pub(super) fn next(&mut self) -> Result<Option<T>, PrecheckError> {
        if !self.present {
            return Ok(None);
        }
        if self.left == 0 {
            self.start_run()?;
        }
        self.left -= 1;
        match self.run {
            Run::Same(value) => Ok(Some(value)),
            Run::Literal(before) => self.next_literal(before).map(Some),
            Run::Null | Run::Start => Ok(None),
        }
    }

    /// Rows that the whole column holds, read from its runs alone.
    pub(super) fn count(mut self) -> Result<u64, PrecheckError> {
        while !self.ended() {
            self.next()?;
        }
        self.finish()?;
        Ok(self.rows)
    }

    /// Checks that nothing is left over once all rows were read.
    pub(super) fn finish(&self) -> Result<(), PrecheckError> {
        if !self.ended() {
            return Err(PrecheckError::RowCount {
                column: self.name,
                expected: self.rows_max,
            });
        }
        if self.present && !self.some {
            return Err(self.misformed());
        }
        Ok(())
    }

    fn ended(&self) -> bool {
        self.left == 0 && self.from.is_empty()
    }

    fn misformed(&self) -> PrecheckError {
        PrecheckError::Run {
            column: self.name,
            run: self.started.saturating_sub(1),
        }
    }

    fn start_run(&mut self) -> Result<(), PrecheckError> {
        if self.from.is_empty() {
            return Err(PrecheckError::RowCount {
                column: self.name,
                expected: self.rows_max,
            });
        }
        self.started += 1;
        let count = self.from.signed()?;
        self.left = if count == 0 {
            self.from.unsigned()?
        } else {
            count.unsigned_abs()
        };
        self.rows = self.rows.saturating_add(self.left);
        if self.rows > self.rows_max {
            let (column, rows, max) = (self.name, self.rows, self.rows_max);
            return Err(PrecheckError::Rows { column, rows, max });
        }
        let before = self.run;
        let well_formed = match count {
            0 => self.start_nulls(),
            1 => false,
            2.. => self.start_same()?,
            _ => self.start_literals()?,
        };
        // Two neighbouring runs of one sort, or one value split over two, are one run.
        let joined = match (before, self.run) {
            (Run::Null, Run::Null) | (Run::Literal(_), Run::Literal(_)) => true,
            (Run::Same(a) | Run::Literal(a), Run::Same(b)) => a == b,
            _ => false,
        };
        let split = matches!((before, self.run), (Run::Same(a), Run::Literal(b)) if a == b);
        if !well_formed || joined || split {
            return Err(self.misformed());
        }
        Ok(())
    }

    fn start_nulls(&mut self) -> bool {
        self.run = Run::Null;
        self.left > 0
    }

    fn start_same(&mut self) -> Result<bool, PrecheckError> {
        self.run = Run::Same(T::read(&mut self.from, self.key_bytes_max)?);
        self.some = true;
        Ok(true)
    }

    fn start_literals(&mut self) -> Result<bool, PrecheckError> {
        self.run = Run::Literal(T::read(&mut self.from, self.key_bytes_max)?);
        self.fresh = true;
        self.some = true;
        Ok(true)
    }

    fn next_literal(&mut self, before: T) -> Result<T, PrecheckError> {
        if std::mem::take(&mut self.fresh) {
            return Ok(before);
        }
        let value = T::read(&mut self.from, self.key_bytes_max)?;
        if value == before {
            return Err(self.misformed());
        }
        self.run = Run::Literal(value);
        Ok(value)
    }
}

/// A column of alternating runs of false and true, beginning with false.
#[derive(Clone, Copy)]
pub(super) struct Flags<'a> {
    from: Reader<'a>,
    present: bool,
    rows_max: u64,
    rows: u64,
    started: usize,
    left: u64,
    value: bool,
}

impl<'a> Flags<'a> {
    const NAME: &'static str = "insert";

    pub(super) fn new(bytes: Option<&'a [u8]>, rows_max: u64) -> Self {
        let from = Reader::new(bytes.unwrap_or_default(), Self::NAME);
        let present = bytes.is_some();
        Self {
            from,
            present,
            rows_max,
            rows: 0,
            started: 0,
            left: 0,
            value: true,
        }
    }

    pub(super) fn next(&mut self) -> Result<bool, PrecheckError> {
        if !self.present {
            return Ok(false);
        }
        while self.left == 0 {
            self.start_run()?;
        }
        self.left -= 1;
        Ok(self.value)
    }

    pub(super) fn finish(&self) -> Result<(), PrecheckError> {
        if self.left == 0 && self.from.is_empty() {
            return Ok(());
        }
        Err(PrecheckError::RowCount {
            column: Self::NAME,
            expected: self.rows_max,
        })
    }

    fn start_run(&mut self) -> Result<(), PrecheckError> {
        if self.from.is_empty() {
            return Err(PrecheckError::RowCount {
                column: Self::NAME,
                expected: self.rows_max,
            });
        }
        self.left = self.from.unsigned()?;
        self.rows = self.rows.saturating_add(self.left);
        if self.rows > self.rows_max {
            let (rows, max) = (self.rows, self.rows_max);
            return Err(PrecheckError::Rows {
                column: Self::NAME,
                rows,
                max,
            });
        }
        if self.left == 0 && self.started > 0 {
            return Err(PrecheckError::Run {
                column: Self::NAME,
                run: self.started,
            });
        }
        self.started += 1;
        self.value = !self.value;
        Ok(())
    }
}
