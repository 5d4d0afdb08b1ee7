//! Which machine code stands behind a function.
//!
//! Serves the guard without which equal results would prove nothing: that the
//! two sides are different code, each from where its name says. Read from the
//! symbol table of the running program.

use std::collections::HashMap;
use std::fs;

use object::{Object, ObjectSection, ObjectSymbol};

/// Where a function of an implementation begins.
#[derive(Clone, Copy, Debug)]
pub struct EntryPoint {
    /// The name in C's headers.
    pub name: &'static str,
    /// The name of the linker symbol.
    pub symbol: &'static str,
    /// The address in this process.
    pub address: usize,
}

/// Entry points by name: from the module in which the functions have C's names,
/// and what their linker symbols have before those.
#[macro_export]
macro_rules! entry_points {
    ($module:path, $prefix:literal; $($name:ident),* $(,)?) => {{
        use $module as side;
        vec![$($crate::code::EntryPoint {
            name: stringify!($name),
            symbol: concat!($prefix, stringify!($name)),
            address: side::$name as *const () as usize,
        }),*]
    }};
}

/// The functions of the running program.
pub struct Program {
    /// By their names.
    functions: HashMap<String, Vec<Function>>,
    /// What has to be added to an address in the file.
    load_bias: usize,
}

struct Function {
    start: usize,
    code: Vec<u8>,
}

impl Program {
    /// Reads the file that the running program was started from.
    ///
    /// # Errors
    /// One line that says why the symbols cannot be read.
    pub fn current() -> Result<Self, String> {
        let path = std::env::current_exe().map_err(|e| format!("no current_exe: {e}"))?;
        let data = fs::read(path).map_err(|e| format!("cannot read the test program: {e}"))?;
        let file = object::File::parse(&*data)
            .map_err(|e| format!("cannot parse the test program: {e}"))?;
        let mut functions: HashMap<_, Vec<_>> = HashMap::new();
        let mut own_start = None;
        for symbol in file
            .symbols()
            .filter(|s| s.kind() == object::SymbolKind::Text)
        {
            let (Ok(name), Some(section)) = (symbol.name(), symbol.section_index()) else {
                continue;
            };
            let code = file
                .section_by_index(section)
                .ok()
                .and_then(|section| section.data_range(symbol.address(), symbol.size()).ok())
                .flatten()
                .unwrap_or_default();
            let start = symbol.address() as usize;
            if name == ANCHOR_NAME {
                own_start = Some(start);
            }
            functions
                .entry(name.to_owned())
                .or_default()
                .push(Function {
                    start,
                    code: code.to_owned(),
                });
        }
        let own_start = own_start.ok_or("the test program was stripped of its symbols")?;
        let load_bias = (torrs_parity_anchor as *const () as usize).wrapping_sub(own_start);
        Ok(Program {
            functions,
            load_bias,
        })
    }

    /// Shows that each function of `left` and its counterpart in `right` are
    /// two functions with their own names and their own code.
    ///
    /// # Errors
    /// One line about the first function that is not.
    pub fn check_different(&self, left: &[EntryPoint], right: &[EntryPoint]) -> Result<(), String> {
        for (l, r) in left.iter().zip(right) {
            if l.name != r.name {
                return Err(format!("{} is compared with {}", l.name, r.name));
            }
            if l.symbol == r.symbol || l.address == r.address {
                return Err(format!("{}: both sides call {}", l.name, l.symbol));
            }
            if self.code_of(l)? == self.code_of(r)? {
                return Err(format!(
                    "{}: {} and {} have the same code",
                    l.name, l.symbol, r.symbol
                ));
            }
        }
        Ok(())
    }

    /// The machine code at an entry point, if it has the name that it should.
    fn code_of(&self, entry: &EntryPoint) -> Result<&[u8], String> {
        let start = entry.address.wrapping_sub(self.load_bias);
        let function = self
            .functions
            .get(entry.symbol)
            .and_then(|all| all.iter().find(|function| function.start == start))
            .ok_or_else(|| {
                format!(
                    "{}: its address is not that of {}",
                    entry.name, entry.symbol
                )
            })?;
        Ok(&function.code)
    }

    /// How many functions have this name.
    pub fn count(&self, name: &str) -> usize {
        self.functions.get(name).map_or(0, Vec::len)
    }
}

const ANCHOR_NAME: &str = "torrs_parity_anchor";

/// A function whose address is known in memory and whose name is known in the
/// file.
#[no_mangle]
extern "C" fn torrs_parity_anchor() {}
