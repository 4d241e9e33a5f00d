//! Records of a CSV file (RFC 4180), read so that one broken record never hides the next.

/// One record, or why it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// Line of the file on which it begins, from 1.
    pub(super) line: usize,
    /// Its fields.
    pub(super) fields: Result<Vec<String>, ReadRecordError>,
}

/// Why a line is no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReadRecordError {
    #[error("a line is UTF-8")]
    Encoding,
    #[error("a quoted field ends with a quote, followed by a comma or the end of the line")]
    Quote,
    #[error("a quote stands only in a quoted field, and there twice")]
    StrayQuote,
}

/// The records of a file.
pub(super) struct Records<'a> {
    rest: &'a [u8],
    line: usize,
}

impl<'a> Records<'a> {
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self {
            rest: text,
            line: 1,
        }
    }

    /// Skips to after `length` bytes, which end a line or the file.
    fn advance(&mut self, length: usize) {
        let (done, rest) = self.rest.split_at(length);
        self.line += done.split(|byte| *byte == b'\n').count() - 1;
        self.rest = rest;
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        let (fields, length) = match read_record(self.rest) {
            Ok((fields, length)) => (texts(fields), length),
            // A quote that is never closed would swallow the file: begin again on the next line.
            Err(error) => (Err(error), line_length(self.rest)),
        };
        self.advance(length);
        Some(Record { line, fields })
    }
}

fn texts(fields: Vec<Vec<u8>>) -> Result<Vec<String>, ReadRecordError> {
    let text = |field| String::from_utf8(field).map_err(|_| ReadRecordError::Encoding);
    fields.into_iter().map(text).collect()
}

fn line_length(text: &[u8]) -> usize {
    text.iter()
        .position(|byte| *byte == b'\n')
        .map_or(text.len(), |end| end + 1)
}

/// The fields of the first record and its length with the line end.
fn read_record(text: &[u8]) -> Result<(Vec<Vec<u8>>, usize), ReadRecordError> {
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        let (field, length) = match text[at..].first() {
            Some(b'"') => read_quoted(&text[at..])?,
            _ => read_plain(&text[at..])?,
        };
        fields.push(field);
        at += length;
        match text[at..] {
            [b',', ..] => at += 1,
            [b'\r', b'\n', ..] => return Ok((fields, at + 2)),
            [b'\n', ..] => return Ok((fields, at + 1)),
            [] => return Ok((fields, at)),
            _ => return Err(ReadRecordError::Quote),
        }
    }
}

fn read_plain(text: &[u8]) -> Result<(Vec<u8>, usize), ReadRecordError> {
    let end = text
        .iter()
        .position(|byte| matches!(byte, b',' | b'\n'))
        .unwrap_or(text.len());
    let ends_line = text.get(end) == Some(&b'\n');
    let field = &text[..end];
    let field = if ends_line {
        field.strip_suffix(b"\r").unwrap_or(field)
    } else {
        field
    };
    if field.contains(&b'"') {
        return Err(ReadRecordError::StrayQuote);
    }
    Ok((field.to_vec(), field.len()))
}

fn read_quoted(text: &[u8]) -> Result<(Vec<u8>, usize), ReadRecordError> {
    let mut field = Vec::new();
    let mut at = 1;
    loop {
        match text[at..] {
            [b'"', b'"', ..] => {
                field.push(b'"');
                at += 2;
            }
            [b'"', ..] => return Ok((field, at + 1)),
            [byte, ..] => {
                field.push(byte);
                at += 1;
            }
            [] => return Err(ReadRecordError::Quote),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(usize, Option<&[&str]>)]) {
        let found: Vec<_> = Records::new(text.as_bytes())
            .map(|record| (record.line, record.fields.ok()))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(line, fields)| {
                (
                    *line,
                    fields.map(|fields| fields.iter().map(|f| (*f).to_owned()).collect()),
                )
            })
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn quotes_hold_commas_quotes_and_line_ends() {
        check(
            "a,b\r\n\"x,\"\"y\"\"\nz\",2\n",
            &[(1, Some(&["a", "b"])), (2, Some(&["x,\"y\"\nz", "2"]))],
        );
        check(
            "a,\n\nb",
            &[(1, Some(&["a", ""])), (2, Some(&[""])), (3, Some(&["b"]))],
        );
    }

    #[test]
    fn a_broken_quote_costs_one_line_only() {
        check("\"a,1\nb,2\n", &[(1, None), (2, Some(&["b", "2"]))]);
        check(
            "a\"b,1\n\"a\"b,2\nc,3",
            &[(1, None), (2, None), (3, Some(&["c", "3"]))],
        );
    }
}
