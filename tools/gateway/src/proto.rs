//! What the gateway's own .proto says, as Rust: generated, see `tests/generated.rs`.
#![allow(missing_docs, unreachable_pub, clippy::pedantic, clippy::all)]

use calc_ipc::calculator;

include!("proto/calc_ipc.v1.rs");

/// The descriptors of all that is above, as reflection gives them out.
pub const DESCRIPTORS: &[u8] = include_bytes!("proto/calc_ipc.v1.bin");

/// The .proto itself.
pub const SOURCE: &str = include_str!("../proto/calc_ipc/v1/calc_ipc.proto");

impl Operation {
    /// The library's operation; `None`: it stands for none.
    pub(crate) fn known(self) -> Option<calculator::Operation> {
        let mut all = calculator::Operation::ALL.into_iter();
        all.find(|known| Self::from(*known) == self)
    }
}

impl From<calculator::Operation> for Operation {
    fn from(known: calculator::Operation) -> Self {
        match known {
            calculator::Operation::Add => Self::Add,
            calculator::Operation::Sub => Self::Sub,
            calculator::Operation::Mul => Self::Mul,
            calculator::Operation::Div => Self::Div,
        }
    }
}
