use super::session::Session;
use super::trouble::Trouble;
use crate::cli::BenchArgs;
pub(super) fn run(_session: &mut Session, _args: &BenchArgs) -> Result<(), Trouble> {
    Ok(())
}
