//! Values on their way to and from an engine: one small layer for both. Never SQL.

use crate::failure::Failure;

/// One value: every column of the store is a BIGINT, a TEXT or bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// No value.
    Null,
    /// BIGINT.
    Int(i64),
    /// TEXT, as UTF-8.
    Text(&'a [u8]),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl std::fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Null => f.write_str("empty"),
            Value::Int(number) => number.fmt(f),
            Value::Text(text) => write!(f, "\"{}\"", String::from_utf8_lossy(text)),
            Value::Bytes(bytes) => f.write_str(&crate::key::hex(bytes)),
        }
    }
}

/// A place in the heap of [`Values`].
pub(crate) type Span = (u32, u32);

#[derive(Clone, Copy, Debug)]
enum Slot {
    Null,
    Int(i64),
    Text(Span),
    Bytes(Span),
}

/// A run of values that owns its texts in one heap, so that a batch costs no allocation per value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    slots: Vec<Slot>,
    heap: Vec<u8>,
}

impl Values {
    /// Forgets the values, keeps the room.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.heap.clear();
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Adds no value.
    pub fn null(&mut self) -> &mut Self {
        self.slots.push(Slot::Null);
        self
    }

    /// Adds a number.
    pub fn int(&mut self, number: i64) -> &mut Self {
        self.slots.push(Slot::Int(number));
        self
    }

    /// Adds a number that may be missing.
    pub fn maybe(&mut self, number: Option<i64>) -> &mut Self {
        self.slots.push(number.map_or(Slot::Null, Slot::Int));
        self
    }

    /// Adds a text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        let span = self.keep(text.as_bytes());
        self.text_at(span)
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let span = self.keep(bytes);
        self.bytes_at(span)
    }

    /// Adds a text that is in the heap already.
    pub fn text_at(&mut self, span: Span) -> &mut Self {
        self.slots.push(Slot::Text(span));
        self
    }

    /// Adds bytes that are in the heap already.
    pub fn bytes_at(&mut self, span: Span) -> &mut Self {
        self.slots.push(Slot::Bytes(span));
        self
    }

    /// Puts bytes into the heap without adding a value.
    pub fn keep(&mut self, bytes: &[u8]) -> Span {
        let from = self.heap.len() as u32;
        self.heap.extend_from_slice(bytes);
        (from, self.heap.len() as u32)
    }

    /// The heap, to write a text into; see [`Values::text_at`].
    pub fn heap(&mut self) -> &mut Vec<u8> {
        &mut self.heap
    }

    /// Adds a value.
    pub fn push(&mut self, value: Value<'_>) {
        match value {
            Value::Null => self.null(),
            Value::Int(number) => self.int(number),
            Value::Text(text) => {
                let span = self.keep(text);
                self.text_at(span)
            }
            Value::Bytes(bytes) => self.bytes(bytes),
        };
    }

    /// The value at a place.
    pub fn get(&self, index: usize) -> Value<'_> {
        let part = |(from, to): Span| &self.heap[from as usize..to as usize];
        match self.slots[index] {
            Slot::Null => Value::Null,
            Slot::Int(number) => Value::Int(number),
            Slot::Text(span) => Value::Text(part(span)),
            Slot::Bytes(span) => Value::Bytes(part(span)),
        }
    }

    /// Some of the values.
    pub fn part(&self, from: usize, count: usize) -> impl ExactSizeIterator<Item = Value<'_>> {
        (from..from + count).map(|index| self.get(index))
    }
}

/// The answer to a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    width: usize,
    values: Values,
}

impl Records {
    /// An empty answer of so many columns, to be filled by [`Records::push`].
    pub fn new(width: usize) -> Records {
        Records {
            width,
            values: Values::default(),
        }
    }

    /// Adds the next value.
    pub fn push(&mut self, value: Value<'_>) {
        self.values.push(value);
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// The records.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Record<'_>> + ExactSizeIterator {
        (0..self.len()).map(|index| Record {
            records: self,
            first: index * self.width,
        })
    }

    /// The first record.
    pub fn first(&self) -> Option<Record<'_>> {
        self.iter().next()
    }
}

/// One record of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    records: &'a Records,
    first: usize,
}

impl<'a> Record<'a> {
    /// The value of a column.
    pub fn get(self, column: usize) -> Value<'a> {
        self.records.values.get(self.first + column)
    }

    /// A number.
    pub fn int(self, column: usize) -> Result<i64, Failure> {
        self.maybe(column)?
            .ok_or_else(|| wrong(column, "a number", Value::Null))
    }

    /// A number that may be missing.
    pub fn maybe(self, column: usize) -> Result<Option<i64>, Failure> {
        match self.get(column) {
            Value::Int(number) => Ok(Some(number)),
            Value::Null => Ok(None),
            other => Err(wrong(column, "a number", other)),
        }
    }

    /// A text; a missing one is empty.
    pub fn text(self, column: usize) -> Result<&'a str, Failure> {
        match self.get(column) {
            Value::Text(text) => {
                std::str::from_utf8(text).map_err(|_| wrong(column, "UTF-8", self.get(column)))
            }
            Value::Null => Ok(""),
            other => Err(wrong(column, "a text", other)),
        }
    }

    /// Bytes.
    pub fn bytes(self, column: usize) -> Result<&'a [u8], Failure> {
        match self.get(column) {
            Value::Bytes(bytes) => Ok(bytes),
            other => Err(wrong(column, "bytes", other)),
        }
    }
}

fn wrong(column: usize, expected: &str, found: Value<'_>) -> Failure {
    let kind = match found {
        Value::Null => "nothing",
        Value::Int(_) => "a number",
        Value::Text(_) => "a text",
        Value::Bytes(_) => "bytes",
    };
    Failure::Corrupt(format!(
        "column {column} holds {kind} instead of {expected}"
    ))
}
