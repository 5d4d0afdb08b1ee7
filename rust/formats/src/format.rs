//! What a description says, and how it is read.
//!
//! A mistake in a description panics here, with what was expected: that ends the
//! build of whoever made it.

/// The formats that one header of C Tor's declares.
#[derive(Debug)]
pub struct Group {
    /// Their module in crate `wire`.
    pub name: &'static str,
    /// The header, below `src/trunnel`.
    pub header: &'static str,
    /// The formats, in the order in which they are described.
    pub formats: Vec<Format>,
}

/// One format.
#[derive(Debug)]
pub struct Format {
    /// What it is.
    pub doc: String,
    /// Its name in C.
    pub c_name: String,
    /// Its name in Rust.
    pub rust_name: String,
    /// Whether C code touches the fields of its structure, so that their layout
    /// is C's.
    pub c_layout: bool,
    /// Its parts, in the order of the wire.
    pub fields: Vec<Field>,
}

/// A part of a format.
#[derive(Clone, Debug)]
pub struct Field {
    /// What it is, if that is said.
    pub doc: String,
    /// Its name in C.
    pub c_name: String,
    /// Its name in Rust.
    pub rust_name: String,
    /// What is there.
    pub kind: Kind,
}

/// What is in a part.
#[derive(Clone, Debug)]
pub enum Kind {
    /// An integer, most significant byte first.
    Integer {
        /// Its length, in bits.
        bits: u32,
        /// The values that it may have, or none if it may have any.
        allowed: Vec<u64>,
    },
    /// A known number of bytes.
    Bytes(usize),
    /// Elements, one after the other.
    Array {
        /// What they are.
        element: Element,
        /// How many there are.
        count: Count,
    },
    /// Another format, by its name in C.
    Child(String),
    /// Bytes up to a zero.
    Text,
    /// Nothing: remembers where parsing had come to.
    Position,
    /// Bytes up to the end that C does not keep.
    Skipped,
    /// What an earlier integer says.
    Union(Union),
}

/// What an array is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Element {
    /// Bytes.
    Byte,
    /// Bytes that are also seen as a string.
    Char,
    /// Integers of 16 bits.
    U16,
    /// Another format, by its name in C.
    Format(String),
}

/// How long an array is.
#[derive(Clone, Debug)]
pub enum Count {
    /// As long as that field says.
    Field(String),
    /// As long as there is something.
    Rest,
    /// The same, but for so many bytes.
    AllBut(usize),
}

/// One of several layouts.
#[derive(Clone, Debug)]
pub struct Union {
    /// The field that says which.
    pub tag: String,
    /// The field that says how many bytes it has.
    pub within: Option<String>,
    /// Its name in Rust.
    pub rust_name: String,
    /// The layouts.
    pub cases: Vec<Case>,
    /// The layout for all other tags; if there is none, they are invalid.
    pub default: Option<Case>,
}

/// One layout of a union.
#[derive(Clone, Debug)]
pub struct Case {
    /// The first and the last tag that it is for; of the default, none.
    pub tags: Option<(u64, u64)>,
    /// Its name in Rust.
    pub variant: String,
    /// Its parts.
    pub fields: Vec<Field>,
}

impl Case {
    /// Whether the tag is known from the variant alone.
    pub fn implies_tag(&self) -> bool {
        matches!(self.tags, Some((first, last)) if first == last)
    }

    /// A pattern for its tags.
    pub(crate) fn pattern(&self) -> String {
        match self.tags {
            Some((first, last)) if first == last => format!("{first}"),
            Some((first, last)) => format!("{first}..={last}"),
            None => "_".into(),
        }
    }
}

impl Union {
    /// The layouts, that for all other tags last.
    pub fn all_cases(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().chain(&self.default)
    }
}

/// What an integer is for, if it is not there for itself.
#[derive(Debug)]
pub enum Role<'f> {
    /// It is there for itself.
    Value,
    /// It has one value.
    Constant(u64),
    /// It counts the elements of that array.
    CountOf(&'f Field),
    /// It counts the bytes of that union.
    LengthOf(&'f Field),
    /// It says what is in that union.
    TagOf(&'f Field),
}

impl Format {
    /// The field that C calls `name`.
    pub fn field(&self, name: &str) -> &Field {
        let mut fields = self.fields.iter();
        fields
            .find(|field| field.c_name == name)
            .unwrap_or_else(|| panic!("{} has no field {name}", self.c_name))
    }

    /// What the integer `field` is for. Only the fields of a format itself are
    /// more than values, not those in its unions.
    pub fn role(&self, field: &Field) -> Role<'_> {
        let Kind::Integer { allowed, .. } = &field.kind else {
            return Role::Value;
        };
        let name = &field.c_name;
        for other in &self.fields {
            match &other.kind {
                Kind::Array {
                    count: Count::Field(counter),
                    ..
                } if counter == name => return Role::CountOf(other),
                Kind::Union(union) if union.within.as_ref() == Some(name) => {
                    return Role::LengthOf(other)
                }
                Kind::Union(union) if union.tag == *name => return Role::TagOf(other),
                _ => {}
            }
        }
        match allowed[..] {
            [only] => Role::Constant(only),
            _ => Role::Value,
        }
    }

    /// Every field that C's structure has, those of unions included, in its order.
    pub fn c_fields(&self) -> Vec<&Field> {
        let mut all = Vec::new();
        for field in &self.fields {
            match &field.kind {
                Kind::Union(union) => {
                    let cases = union.all_cases().flat_map(|case| &case.fields);
                    all.extend(cases.filter(|field| !matches!(field.kind, Kind::Skipped)));
                }
                _ => all.push(field),
            }
        }
        all
    }

    /// The length of the integer that C calls `name`, in bits.
    pub fn bits(&self, name: &str) -> u32 {
        match self.field(name).kind {
            Kind::Integer { bits, .. } => bits,
            _ => panic!("{name} of {} is not an integer", self.c_name),
        }
    }

    /// The most elements that `count` can say.
    pub fn most(&self, count: &Count) -> Option<u64> {
        match count {
            Count::Field(name) => Some(u64::MAX >> (64 - self.bits(name))),
            Count::Rest | Count::AllBut(_) => None,
        }
    }
}

impl Group {
    /// Reads the formats that `description` describes.
    ///
    /// # Panics
    /// If it is not written as [`crate::described`] says.
    pub(crate) fn read(name: &'static str, header: &'static str, description: &str) -> Self {
        let mut words = Words::of(description);
        let mut formats = Vec::new();
        while !words.is_empty() {
            formats.push(words.format());
        }
        Group {
            name,
            header,
            formats,
        }
    }
}

/// The words of a description that are still to be read.
struct Words {
    rest: std::iter::Peekable<std::vec::IntoIter<String>>,
}

impl Words {
    fn of(description: &str) -> Self {
        let mut words = Vec::new();
        let mut rest = description.trim_start();
        while let Some(first) = rest.chars().next() {
            let len = if let Some(len) = string_len(rest) {
                len
            } else if first.is_alphanumeric() || first == '_' {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                end.unwrap_or(rest.len())
            } else {
                let symbols = ["..=", "..", "=>"];
                let long = symbols.iter().find(|symbol| rest.starts_with(**symbol));
                long.map_or(first.len_utf8(), |symbol| symbol.len())
            };
            let (word, after) = rest.split_at(len);
            words.push(word.to_owned());
            rest = after.trim_start();
        }
        let rest = words.into_iter().peekable();
        Words { rest }
    }

    fn is_empty(&mut self) -> bool {
        self.rest.peek().is_none()
    }

    fn next(&mut self) -> String {
        self.rest.next().expect("a description ends too early")
    }

    fn take(&mut self, word: &str) -> bool {
        self.rest.next_if(|next| next == word).is_some()
    }

    fn expect(&mut self, word: &str) {
        let next = self.next();
        assert!(next == word, "expected {word}, not {next}");
    }

    fn number(&mut self) -> u64 {
        let word = self.next().replace('_', "");
        let number = match word.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => word.parse(),
        };
        number.unwrap_or_else(|_| panic!("expected a number, not {word}"))
    }

    /// What stands before a format or a field: its documentation, and whether C
    /// touches its fields.
    fn attributes(&mut self) -> (String, bool) {
        let mut lines = Vec::new();
        let mut c_layout = false;
        while self.take("#") {
            self.expect("[");
            match self.next().as_str() {
                "doc" => {
                    self.expect("=");
                    let line = self.next();
                    let line = line.trim_matches(|c| matches!(c, 'r' | '#'));
                    lines.push(line.trim_matches('"').trim().to_owned());
                }
                "c_layout" => c_layout = true,
                other => panic!("a description has no attribute {other}"),
            }
            self.expect("]");
        }
        (lines.join("\n"), c_layout)
    }

    fn format(&mut self) -> Format {
        let (doc, c_layout) = self.attributes();
        self.expect("struct");
        let c_name = self.next();
        self.expect("as");
        let rust_name = self.next();
        Format {
            doc,
            c_name,
            rust_name,
            c_layout,
            fields: self.fields(),
        }
    }

    fn fields(&mut self) -> Vec<Field> {
        self.expect("{");
        let mut fields = Vec::new();
        while !self.take("}") {
            let (doc, _) = self.attributes();
            let c_name = self.next();
            let rust_name = match self.take("as") {
                true => self.next(),
                false => c_name.clone(),
            };
            let kind = match c_name.as_str() {
                "skipped" => Kind::Skipped,
                _ => {
                    self.expect(":");
                    self.kind()
                }
            };
            fields.push(Field {
                doc,
                c_name,
                rust_name,
                kind,
            });
            if !self.take(",") {
                self.expect("}");
                break;
            }
        }
        fields
    }

    fn kind(&mut self) -> Kind {
        match self.next().as_str() {
            "u8" => self.integer(8),
            "u16" => self.integer(16),
            "u32" => self.integer(32),
            "u64" => self.integer(64),
            "[" => self.array(),
            "text" => Kind::Text,
            "position" => Kind::Position,
            "match" => Kind::Union(self.union()),
            format => Kind::Child(format.to_owned()),
        }
    }

    fn integer(&mut self, bits: u32) -> Kind {
        let mut allowed = Vec::new();
        if self.take("in") {
            self.expect("[");
            while !self.take("]") {
                allowed.push(self.number());
                self.take(",");
            }
        }
        Kind::Integer { bits, allowed }
    }

    fn array(&mut self) -> Kind {
        let element = match self.next().as_str() {
            "u8" => Element::Byte,
            "char" => Element::Char,
            "u16" => Element::U16,
            format => Element::Format(format.to_owned()),
        };
        self.expect(";");
        let kind = if self.take("..") {
            let count = match self.take("-") {
                true => Count::AllBut(self.number() as usize),
                false => Count::Rest,
            };
            Kind::Array { element, count }
        } else if self
            .rest
            .peek()
            .is_some_and(|word| word.starts_with(|c: char| c.is_numeric()))
        {
            assert!(element == Element::Byte, "only bytes have a fixed number");
            Kind::Bytes(self.number() as usize)
        } else {
            let count = Count::Field(self.next());
            Kind::Array { element, count }
        };
        self.expect("]");
        kind
    }

    fn union(&mut self) -> Union {
        let tag = self.next();
        let within = self.take("within").then(|| self.next());
        self.expect("as");
        let rust_name = self.next();
        self.expect("{");
        let mut cases = Vec::new();
        let mut default = None;
        while !self.take("}") {
            let tags = match self.take("_") {
                true => None,
                false => {
                    let first = self.number();
                    let last = if self.take("..=") {
                        self.number()
                    } else {
                        first
                    };
                    Some((first, last))
                }
            };
            self.expect("=>");
            let variant = self.next();
            if variant != "fail" {
                let fields = match self.rest.peek().map(String::as_str) {
                    Some("{") => self.fields(),
                    _ => Vec::new(),
                };
                let case = Case {
                    tags,
                    variant,
                    fields,
                };
                match tags {
                    Some(_) => cases.push(case),
                    None => default = Some(case),
                }
            }
            self.take(",");
        }
        Union {
            tag,
            within,
            rust_name,
            cases,
            default,
        }
    }
}

/// The length of the string literal with which `text` begins: so the compiler
/// writes documentation.
fn string_len(text: &str) -> Option<usize> {
    let hashes = match text.strip_prefix('r') {
        Some(raw) => raw.len() - raw.trim_start_matches('#').len(),
        None => 0,
    };
    let begin = usize::from(text.starts_with('r')) + hashes;
    let inside = text.get(begin..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(begin + 1 + inside.find(&end)? + end.len())
}
