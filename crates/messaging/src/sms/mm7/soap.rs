//! SOAP as MMSCs really write it: any prefix, any namespace, any blanks. Local names only; no
//! entity but the five of XML, no DTD, no deep nesting.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;

/// Elements within each other at most.
const DEPTH_MAX: usize = 32;

/// Elements at most.
const ELEMENTS_MAX: usize = 5_000;

/// A document that cannot be read, or must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// An element: its path of local names and the text in it, trimmed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Element {
    path: String,
    text: String,
}

/// A document, flat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Document {
    elements: Vec<Element>,
    /// The namespace of MM7, as this MMSC names it.
    pub(crate) namespace: Option<String>,
}

impl Document {
    pub(crate) fn read(text: &str) -> Result<Document, Unreadable> {
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}').trim());
        let mut document = Document::default();
        let mut open: Vec<usize> = Vec::new();
        loop {
            match reader.read_event().map_err(|_| Unreadable)? {
                Event::Start(start) => {
                    let at = document.begin(&open, start.local_name().as_ref())?;
                    document.note_namespace(start.attributes_raw());
                    open.push(at);
                }
                Event::Empty(empty) => {
                    document.begin(&open, empty.local_name().as_ref())?;
                    document.note_namespace(empty.attributes_raw());
                }
                Event::End(_) => {
                    open.pop();
                }
                Event::Text(text) => document.add(&open, &text.xml10_content()),
                Event::CData(text) => document.add(&open, &text.xml10_content()),
                Event::GeneralRef(named) => {
                    let code = named.resolve_char_ref().map_err(|_| Unreadable)?;
                    let name = named.xml10_content();
                    let known = || resolve_xml_entity(&name).map(str::to_owned);
                    let text = code.map(String::from).or_else(known).ok_or(Unreadable)?;
                    document.add(&open, &text);
                }
                Event::DocType(_) => return Err(Unreadable),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        if !open.is_empty() || document.elements.is_empty() {
            return Err(Unreadable);
        }
        for element in &mut document.elements {
            element.text = element.text.trim().to_owned();
        }
        Ok(document)
    }

    fn begin(&mut self, open: &[usize], name: &str) -> Result<usize, Unreadable> {
        if open.len() >= DEPTH_MAX || self.elements.len() >= ELEMENTS_MAX {
            return Err(Unreadable);
        }
        let above = open
            .last()
            .map_or("", |at| self.elements[*at].path.as_str());
        let path = format!("{above}/{name}");
        let text = String::new();
        self.elements.push(Element { path, text });
        Ok(self.elements.len() - 1)
    }

    fn add(&mut self, open: &[usize], text: &str) {
        if let Some(at) = open.last() {
            self.elements[*at].text.push_str(text);
        }
    }

    fn note_namespace(&mut self, attributes: &str) {
        let values = attributes.split(['"', '\'']).skip(1).step_by(2);
        let own = |value: &&str| value.to_ascii_uppercase().contains("MM7");
        if let Some(value) = values.into_iter().find(own) {
            self.namespace.get_or_insert_with(|| value.to_owned());
        }
    }

    /// Whether there is an element of this local name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The text of the first element of this local name that has some.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.all(name).find(|text| !text.is_empty())
    }

    fn all<'a, 'b>(&'a self, name: &'b str) -> impl Iterator<Item = &'a str> + use<'a, 'b> {
        let named = move |element: &&Element| {
            let own = element.path.rsplit('/').next();
            own.is_some_and(|own| own.eq_ignore_ascii_case(name))
        };
        self.elements
            .iter()
            .filter(named)
            .map(|element| element.text.as_str())
    }

    /// The first text within an element of this local name, at any depth.
    pub(crate) fn within(&self, name: &str) -> Option<&str> {
        let part = |element: &&Element| {
            let mut names = element.path.split('/');
            names.any(|own| own.eq_ignore_ascii_case(name)) && !element.text.is_empty()
        };
        self.elements
            .iter()
            .find(part)
            .map(|element| element.text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn local_names_are_read_whatever_stands_before_them() {
        let texts = [
            "<a:Envelope xmlns:a='s' xmlns:m='urn:MM7'><m:Sender>\n <m:Number>\t+82</m:Number>\n\
             </m:Sender><m:Subject>a &amp; &#xD55C;<![CDATA[<b>]]></m:Subject></a:Envelope>",
            "\u{feff}<?xml version=\"1.0\"?><Envelope><Sender xmlns=\"urn:MM7\"><Number>+82\
             </Number></Sender><subject>a &amp; 한&lt;b></subject></Envelope>",
        ];
        for text in texts {
            let read = Document::read(text).unwrap();
            assert_eq!(read.within("Sender"), Some("+82"));
            assert_eq!(read.text("Subject"), Some("a & 한<b>"));
            assert_eq!(read.namespace.as_deref(), Some("urn:MM7"));
            assert!(read.has("Number") && !read.has("To"));
        }
    }

    #[test]
    fn bombs_and_foreign_entities_are_refused() {
        let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><l>&b;</l>";
        let file = "<!DOCTYPE l [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><l>&x;</l>";
        let deep = "<a>".repeat(40) + &"</a>".repeat(40);
        let wide = format!("<a>{}</a>", "<b/>".repeat(6_000));
        for text in [
            laughs,
            file,
            &deep,
            &wide,
            "<l>&x;</l>",
            "<a><b></a>",
            "<a>",
            "",
            "a",
        ] {
            let start: String = text.chars().take(30).collect();
            assert_eq!(Document::read(text), Err(Unreadable), "{start}");
        }
    }

    proptest! {
        #[test]
        fn no_document_is_too_strange(text in any::<String>(), tags in "[<>a-c/!&;'\"= ]{0,80}") {
            let _ = Document::read(&text);
            let _ = Document::read(&tags);
        }
    }
}
