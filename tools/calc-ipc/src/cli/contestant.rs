//! The command line of what `calc-ipc bench` measures.

use crate::contestant::Name;
use crate::values;
use calc_ipc::transport::ServerOptions;
use clap::{Args, ValueEnum};
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// One side of a measured conversation; `bench` starts it.
#[derive(Args, Clone, Debug)]
pub(crate) struct ContestantArgs {
    pub(crate) name: Name,
    pub(crate) role: Role,
    /// The prefix of a path.
    pub(crate) address: PathBuf,
    /// Connections; for a server, those that there will be.
    #[arg(default_value_t = 1)]
    pub(crate) clients: u32,
    #[command(flatten)]
    pub(crate) settings: ContestantSettings,
}

/// How both sides of a conversation are set up.
#[derive(Args, Clone, Debug)]
pub(crate) struct ContestantSettings {
    /// How long to look for work before sleeping.
    #[arg(long, default_value = "0", value_parser = values::duration)]
    pub(crate) spin: Duration,
    /// Echo bodies of up to so many bytes, instead of calculating.
    #[arg(long)]
    pub(crate) echo: Option<u32>,
    /// Both sides of ours: the longest message, if it is more than what they echo.
    #[arg(long)]
    pub(crate) max_message: Option<u32>,
    /// Raw: be a calculator, instead of moving bytes.
    #[arg(long, conflicts_with = "echo")]
    pub(crate) calculate: bool,
    /// Servers that calculate: MUL takes its left operand in milliseconds.
    #[arg(long = "slow")]
    pub(crate) is_slow: bool,
    /// Servers of ours: threads that serve; 0 lets the library choose.
    #[arg(long, default_value_t = 0)]
    pub(crate) workers: u32,
    /// Servers of ours: how long a message may take to be whole.
    #[arg(long, default_value = "5s", value_parser = values::duration)]
    pub(crate) stall: Duration,
    /// Servers of ours: how many clients there may be at once.
    #[arg(long)]
    pub(crate) max_clients: Option<u32>,
    /// Clients: the number of the first connection.
    #[arg(long, default_value_t = 0)]
    pub(crate) first: u32,
    #[command(flatten)]
    pub(crate) manner: ContestantManner,
}

/// What one of ours does otherwise than usual.
#[derive(Args, Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ContestantManner {
    /// Clients that calculate.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) asking: Asking,
    /// Servers that echo.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) answering: Answering,
    /// Both sides that echo: how messages go.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) passing: Passing,
    /// Both sides that echo: what is written and read of messages.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) touching: Touching,
    /// Servers: serve in an event loop of their own.
    #[arg(long = "driven")]
    pub(crate) is_driven: bool,
    /// Clients: share one that has so many connections; 0: each connection is a client's.
    #[arg(long, default_value_t = 0)]
    pub(crate) connections: u32,
}

/// How a client asks for what is wanted at once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Asking {
    /// By one call, or one call of many.
    #[default]
    Call,
    /// By a call for each.
    CallEach,
    /// Submits all, and takes the completions.
    Submit,
    /// The same, and sleeps in an event loop meanwhile.
    Watch,
}

/// When a server answers, and with what if it is no echo.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Answering {
    /// When its handler returns.
    #[default]
    InHandler,
    /// Inside of a handler that could defer it.
    Deferred,
    /// From another thread.
    Elsewhere,
    /// Never, but to say how many wait.
    Never,
    /// When its handler returns, with the sum of the whole message.
    Sum,
    /// The same, of a message that is read where it lies.
    SumInPlace,
}

/// How messages go; the other names are those of frames, which `describe` has.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, ValueEnum)]
pub(crate) enum Passing {
    /// Copied, both ways.
    #[default]
    #[serde(rename = "copied")]
    ByCall,
    /// In memory that the client is lent.
    #[serde(rename = "lent")]
    ByLoan,
}

impl Passing {
    /// The order for frames that go this way.
    pub(crate) fn frames(self) -> &'static str {
        match self {
            Self::ByCall => "frames-copied",
            Self::ByLoan => "frames-lent",
        }
    }

    /// What has this order.
    pub(crate) fn of_frames(order: &str) -> Option<Self> {
        let all = [Self::ByCall, Self::ByLoan];
        all.into_iter().find(|passing| passing.frames() == order)
    }
}

/// What is written of a request, and read of its answer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Touching {
    /// Both ends; the server copies what comes by call, and touches no more than the ends either of what comes by loan.
    #[default]
    Ends,
    /// All; the server copies it.
    Whole,
}

impl Default for ContestantSettings {
    fn default() -> Self {
        Self {
            spin: Duration::ZERO,
            echo: None,
            max_message: None,
            calculate: false,
            is_slow: false,
            workers: 0,
            stall: ServerOptions::default().stall_timeout,
            max_clients: None,
            first: 0,
            manner: ContestantManner::default(),
        }
    }
}

impl ContestantSettings {
    /// The arguments that say so.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            format!("--spin={}us", self.spin.as_micros()),
            format!("--workers={}", self.workers),
            format!("--stall={}us", self.stall.as_micros()),
            format!("--first={}", self.first),
        ];
        arguments.extend(self.manner.arguments());
        arguments.extend(self.echo.map(|size| format!("--echo={size}")));
        let longest = self.max_message.map(|size| format!("--max-message={size}"));
        arguments.extend(longest);
        let most = self.max_clients.map(|most| format!("--max-clients={most}"));
        arguments.extend(most);
        let flags = [("--calculate", self.calculate), ("--slow", self.is_slow)];
        arguments.extend(
            flags
                .iter()
                .filter(|flag| flag.1)
                .map(|flag| flag.0.to_owned()),
        );
        arguments
    }
}

impl ContestantManner {
    fn arguments(self) -> Vec<String> {
        let mut arguments = vec![
            format!("--asking={}", word(self.asking)),
            format!("--answering={}", word(self.answering)),
            format!("--passing={}", word(self.passing)),
            format!("--touching={}", word(self.touching)),
            format!("--connections={}", self.connections),
        ];
        arguments.extend(self.is_driven.then(|| "--driven".to_owned()));
        arguments
    }
}

/// A value, as it is written on the command line.
fn word(value: impl ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Role {
    Server,
    Client,
    /// A server over its standard input and output.
    Stdio,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    /// What a contestant that is given these arguments makes of them.
    fn parsed(arguments: &[String]) -> ContestantManner {
        let line = ["calc-ipc", "contestant", "shm", "client", "address"].map(str::to_owned);
        let cli = Cli::try_parse_from(line.iter().chain(arguments)).unwrap();
        match cli.command {
            Command::Contestant(args) => args.settings.manner,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn how_messages_go_is_passed_on() {
        let usual = parsed(&[]);
        assert_eq!(
            (usual.passing, usual.touching),
            (Passing::ByCall, Touching::Ends)
        );
        for passing in [Passing::ByCall, Passing::ByLoan] {
            for touching in [Touching::Ends, Touching::Whole] {
                let settings = ContestantSettings {
                    manner: ContestantManner {
                        passing,
                        touching,
                        ..ContestantManner::default()
                    },
                    ..ContestantSettings::default()
                };
                let found = parsed(&settings.arguments());
                assert_eq!((found.passing, found.touching), (passing, touching));
            }
        }
    }
}
