//! `calc-ipc bench`: every transport on this machine, beside its raw limit.

pub(crate) mod html;
pub(crate) mod report;

// What measures has processes, descriptors and CPUs as Linux has them.
#[cfg(unix)]
mod asynchronous;
#[cfg(unix)]
mod crowd;
#[cfg(unix)]
mod found;
#[cfg(unix)]
mod goal;
#[cfg(unix)]
mod goals;
#[cfg(unix)]
mod machine;
#[cfg(unix)]
mod pair;
#[cfg(unix)]
mod plan;
#[cfg(unix)]
mod processors;
#[cfg(unix)]
mod program;
#[cfg(unix)]
mod progress;
#[cfg(unix)]
mod promises;
#[cfg(unix)]
mod rivals;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod session;
#[cfg(unix)]
mod spec;
#[cfg(unix)]
mod stats;
#[cfg(unix)]
mod survey;
#[cfg(unix)]
mod table;
#[cfg(unix)]
mod trouble;
#[cfg(unix)]
mod turns;
#[cfg(unix)]
mod wake_ups;
#[cfg(unix)]
pub(crate) use run::run;
