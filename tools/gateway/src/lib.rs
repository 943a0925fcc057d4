//! `calc-ipc-gateway`: gRPC in, any calc_ipc URL out.
//!
//! [`serve`] accepts connections and drains them, [`ingress`] is what is served over them, [`pool`] has the backends and
//! their connections, [`code`] the table of statuses and gRPC codes, [`guard`] who may call.
//! [`egress`] is the other way round.
//! `reclaim` gives the memory of connections back that have gone.
//! [`reflection`], [`metrics`] and [`trace`] tell of all that.
#![deny(unsafe_code)]

mod accept;
pub mod cli;
pub mod code;
mod codec;
pub mod egress;
pub mod guard;
pub mod ingress;
pub mod metrics;
pub mod pool;
pub mod proto;
mod reclaim;
pub mod reflection;
mod reload;
pub mod run;
pub mod serve;
mod sys;
pub mod tls;
pub mod tokens;
pub mod trace;
