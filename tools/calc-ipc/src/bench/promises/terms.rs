//! The promises: README.md and docs/crash-contract.md make them.

use super::super::report::Transport;
use super::report::{Judge, Terms, Unit};

const fn within_millis(what: &'static str, millis: f64) -> Terms {
    Terms {
        what,
        unit: Unit::Nanoseconds,
        limit: millis * 1e6,
        judged_by: Judge::Worst,
    }
}

/// The end of a descriptor is told by the kernel; over shared memory, a client that sleeps looks now and then.
pub(super) const fn noticed(what: &'static str, transport: Transport) -> Terms {
    within_millis(
        what,
        match transport {
            Transport::Shm => 100.0,
            _ => 20.0,
        },
    )
}

pub(super) const KILLED_IN_HANDLER: &str = "server killed inside its handler: the call ends";
pub(super) const KILLED_ANY_TIME: &str =
    "server killed while it is asked without a pause: a call ends";
pub(super) const KILLED_BETWEEN: &str = "server killed between two calls: the next one ends";
pub(super) const HEIR: Terms = within_millis(
    "child killed whose own child keeps the pipes open: the call ends",
    30.0,
);
pub(super) const STOP_IDLE: Terms = within_millis("stop, beside 64 idle clients", 200.0);
pub(super) const STOP_BUSY: Terms = within_millis(
    "stop, beside 16 clients that send batches without a pause",
    200.0,
);
pub(super) const STOP_DEAF: Terms = within_millis(
    "stop, beside 8 clients that never read their answers",
    200.0,
);
pub(super) const STOP_HEARD: Terms = within_millis(
    "server stopped while it is asked: the call ends with CLOSED",
    200.0,
);
pub(super) const STOP_OWING: Terms = within_millis(
    "stop, beside 10,000 clients whose replies are out",
    // And 50 us for each client over 1024.
    200.0 + 0.05 * (super::replies::OUT - 1024) as f64,
);
pub(super) const CANCELLED_CALL: Terms =
    within_millis("client stopped during a call: it ends with CANCELLED", 50.0);
pub(super) const CANCELLED_SUBMITTED: Terms = within_millis(
    "client stopped after it submitted a call: the completion with CANCELLED",
    50.0,
);
pub(super) const CANCELLED_WAITING: Terms = within_millis(
    "client stopped while a call waits for a connection: it ends with CANCELLED",
    50.0,
);
pub(super) const DEADLINE: Terms =
    within_millis("server under SIGSTOP: TIMED_OUT, after the deadline", 50.0);
pub(super) const BUSY: Terms = within_millis("client in use by another thread: BUSY", 20.0);
pub(super) const HUNG_CHILD: Terms = within_millis(
    "child whose handler hangs destroyed: it is gone, after 500 ms",
    50.0,
);
pub(super) const RESTART: Terms = within_millis(
    "server restarted where one was killed: the first answer",
    20.0,
);
pub(super) const STALL_HALF: Terms = within_millis(
    "peer that sent half a message: dropped, after the stall timeout",
    50.0,
);
pub(super) const STALL_DRIP: Terms = within_millis(
    "peer that sends a byte now and then: dropped, after the stall timeout and a second",
    50.0,
);
pub(super) const STALL_DEAF: Terms = within_millis(
    "peer that never reads: dropped, after the stall timeout",
    50.0,
);
pub(super) const TURN: Terms = Terms {
    judged_by: Judge::P50,
    ..within_millis(
        "call of one at a time, beside 16 that send batches: two turns of 45 us, and itself",
        0.12,
    )
};
pub(super) const SLOW_HANDLER: Terms = within_millis(
    "call beside a handler that takes 100 ms, of four workers",
    20.0,
);
pub(super) const WAKE_UPS: Terms = Terms {
    what: "idle server of four workers, in a second: wake-ups of its threads",
    unit: Unit::WakeUps,
    limit: 0.0,
    judged_by: Judge::Worst,
};
pub(super) const KEPT: Terms = Terms {
    what: "100 clients came, asked and went: memory kept",
    unit: Unit::Bytes,
    limit: 65536.0,
    judged_by: Judge::Worst,
};
pub(super) const LENGTH: Terms = Terms {
    what: "16 MiB announced, two bytes sent: memory given to each",
    unit: Unit::Bytes,
    limit: 16384.0,
    judged_by: Judge::Worst,
};
