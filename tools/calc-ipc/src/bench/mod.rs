//! `calc-ipc bench`: every transport on this machine, beside its raw limit.

pub(crate) mod html;
pub(crate) mod report;

// What measures more than round trips and throughput has processes and descriptors as Linux has them.
#[cfg(unix)]
mod asynchronous;
mod compare;
#[cfg(unix)]
mod crowd;
#[cfg(unix)]
mod descriptors;
#[cfg(unix)]
mod found;
#[cfg(unix)]
mod frames;
#[cfg(unix)]
mod goal;
#[cfg(unix)]
mod goals;
mod machine;
mod pair;
mod plan;
mod processors;
mod program;
mod progress;
#[cfg(unix)]
mod promises;
mod rivals;
mod run;
mod session;
mod spec;
#[cfg(unix)]
mod spread;
mod stats;
mod survey;
mod table;
mod trouble;
mod turns;
#[cfg(unix)]
mod wake_ups;
pub(crate) use run::run;
