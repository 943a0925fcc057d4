//! Who suffers what, when.

use crate::support::processes::Side;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    BeforeConnect,
    Connected,
    /// As much of the request as there was room for; over shared memory, none before the server has
    /// given it a buffer, and all afterwards.
    HalfRequest,
    RequestPublished,
    HandlerRunning,
    /// As much of the answer as there was room for; all of it over shared memory.
    HalfAnswer,
    AnswerPublished,
    /// The victim closes; how far it is, is chance.
    Closing,
}

const POINTS: [Point; 8] = [
    Point::BeforeConnect,
    Point::Connected,
    Point::HalfRequest,
    Point::RequestPublished,
    Point::HandlerRunning,
    Point::HalfAnswer,
    Point::AnswerPublished,
    Point::Closing,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Kill,
    StopAndWake,
    StopAndKill,
}

/// One round of the attack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) point: Point,
    pub(crate) victim: Side,
    pub(crate) fault: Fault,
}

/// Every point, with either side as the victim of every fault.
pub(crate) fn plans() -> Vec<Plan> {
    let mut plans = Vec::new();
    for point in POINTS {
        for victim in [Side::Server, Side::Client] {
            for fault in [Fault::Kill, Fault::StopAndWake, Fault::StopAndKill] {
                plans.push(Plan {
                    point,
                    victim,
                    fault,
                });
            }
        }
    }
    plans
}
