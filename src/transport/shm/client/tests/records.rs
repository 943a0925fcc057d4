//! What a server says over its socket: records, rings, and what is neither.

use super::*;

#[test]
fn a_server_that_shares_nothing_is_told_from_what_is_none() {
    let (theirs, ours) = socket::pair();
    let mut silent = channel(ours);
    let error = silent.begin(&soon()).unwrap_err();
    assert_eq!(error.status(), Status::TimedOut);
    drop(theirs);
    let error = silent.begin(&Deadline::never()).unwrap_err();
    assert_eq!(error.status(), Status::Closed);
}

#[test]
fn from_a_pipe_that_is_written_to_no_handles_can_be_received() {
    let pipe = crate::sys::pipe::Pipe::to_child().unwrap();
    pipe.write.set_nonblocking().unwrap();
    let status = channel(pipe.write).begin(&soon()).unwrap_err().status();
    // As the system says it: ENOTSOCK, or that such an end may not be read.
    assert!(
        matches!(status, Status::System | Status::PermissionDenied),
        "{status}"
    );
}

#[test]
fn whatever_a_server_says_over_its_socket_a_call_in_flight_goes_on_or_ends() {
    let buffer = Record::Buffer(Form::Whole).to_bytes();
    let again = [&[RING; 30][..], &buffer].concat();
    for (said, goes_on) in [
        (&[RING][..], true),
        (&[RING; 1000], true),
        (b"J", false),
        (&[0; RECORD], false),
        (&again, false),
        (&buffer[..RECORD - 1], false),
        (&Record::Refused.to_bytes(), false),
    ] {
        let mut shared = Shared::new();
        assert_eq!(shared.channel.send_now(b"\x01\0\0\0a", 1).unwrap(), 5);
        say(&shared.control, said);
        // Rings are taken a record's length at a time.
        let looked = (0..1000).try_for_each(|_| shared.channel.look());
        assert_eq!(looked.is_ok(), goes_on, "{said:?}");
        if let Err(error) = looked {
            assert_eq!(error.status(), Status::Malformed);
        }
    }
}

#[test]
fn a_buffer_behind_rings_is_handed_over_all_the_same() {
    let mut shared = Shared::new();
    shared.channel.session().unwrap().buffer = None;
    let (handle, _) = memory::create(2 * HALF, Access::Write).unwrap();
    say(&shared.control, &[RING; 3]);
    let sent = socket::send_with_handles(
        shared.control.as_source(),
        &Record::Buffer(Form::Whole).to_bytes(),
        &[handle.as_source()],
    );
    assert_eq!(sent.unwrap(), RECORD);
    say(&shared.control, &[RING]);
    shared.channel.look().unwrap();
    assert!(shared.channel.session().unwrap().has_buffer());
    shared.channel.look().unwrap();
}

#[test]
fn one_that_waits_for_a_record_is_not_kept_by_rings() {
    let shared = Shared::new();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let control = shared.control.duplicate().unwrap();
        let is_over = &is_over;
        scope.spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                let _ = socket::send_now(control.as_source(), &[RING; 4096]);
            }
        });
        let error = shared.channel.receive(&soon()).unwrap_err();
        is_over.store(true, Ordering::SeqCst);
        assert_eq!(error.status(), Status::TimedOut);
    });
}
