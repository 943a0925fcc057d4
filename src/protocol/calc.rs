//! calc
use super::*;
/// x
pub fn execute(_: &Request) -> Response { todo!() }
