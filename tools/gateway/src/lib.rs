//! `calc-ipc-gateway`: gRPC in, any calc_ipc URL out.
//!
//! [`serve`] accepts connections and drains them, [`ingress`] is what is served over them, [`pool`] has the backends and
//! their connections, [`code`] the table of statuses and gRPC codes.
//! [`reflection`], [`metrics`] and [`trace`] tell of all that.
#![forbid(unsafe_code)]

pub mod cli;
pub mod code;
pub mod ingress;
pub mod metrics;
pub mod pool;
pub mod proto;
pub mod reflection;
pub mod run;
pub mod serve;
pub mod trace;
