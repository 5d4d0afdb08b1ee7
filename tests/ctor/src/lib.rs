//! The pristine C side: C Tor's own code under the names `c_*`.
//!
//! Serves `parity` and `bench`. The build script links an unpatched `libtor.a`
//! whose symbols are renamed wherever Rust has the same name, so that both
//! implementations live in one process. Declared here, one module a component,
//! are the headers of what is replaced.

#![allow(non_camel_case_types)]

/// Declares functions of C by the names that they have without the prefix.
macro_rules! renamed {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)?;)*) => {
        #[allow(missing_docs)] // tor's headers say it
        extern "C" {
            $(
                #[link_name = concat!("c_", stringify!($name))]
                pub fn $name($($argument: $type),*) $(-> $result)?;
            )*
        }
    };
}

pub mod cells;
pub mod cert;
pub mod consensus;
pub mod hs_cell;
pub mod log;
pub mod onion;
pub mod random;
pub mod relaycrypt;
mod startup;
pub mod tls;
pub mod trunnel;

pub use startup::init;
