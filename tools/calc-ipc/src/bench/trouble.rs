//! Why a measurement could not be made.

use crate::exit::Failure;

#[derive(Debug)]
pub(super) enum Trouble {
    /// The user wants it to end.
    Interrupted,
    /// A contestant cannot go on; the others can.
    Broken(String),
    /// A contestant says that it cannot do what was asked, which is no failure.
    Unable(String),
    /// Nothing can.
    Failed(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Interrupted => Self::Transport("interrupted".to_owned()),
            Trouble::Broken(why) | Trouble::Unable(why) => Self::Transport(why),
            Trouble::Failed(failure) => failure,
        }
    }
}
