//! `calc-ipc bench`: who is measured, what is printed, what is left behind. How long anything takes is nobody's business
//! here.

use crate::support::{Alarm, Names, Output, calc_ipc, install, read_on_thread, run};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

pub(crate) const TRANSPORTS: [&str; 6] = ["fifo", "pipe", "seqpacket", "shm", "tcp", "unix"];

/// A folder for rivals, and in it one that does what `script` says.
pub(crate) struct Rivals(Names);

impl Rivals {
    pub(crate) fn none() -> Self {
        Self(Names::new())
    }

    pub(crate) fn one(script: &str) -> Self {
        let rivals = Self::none();
        let path = rivals.0.path("calc-ipc-rival-test");
        let draft = rivals.0.path("draft");
        fs::write(&draft, format!("#!/bin/sh\n{script}\n")).unwrap();
        install(&draft, &path);
        rivals
    }

    /// This library's own contestant over Unix sockets, under another name.
    pub(crate) fn of_ours() -> Self {
        Self::one(&format!(
            r#"case $1 in
            describe) echo '{{"name":"Elsewhere","family":"rival","transport":"unix","waiting":"blocking"}}';;
            *) exec '{}' contestant unix "$@";;
            esac"#,
            env!("CARGO_BIN_EXE_calc-ipc")
        ))
    }

    pub(crate) fn folder(&self) -> &str {
        self.0.folder()
    }

    /// A quick run beside them.
    fn bench(&self, args: &[&str]) -> Output {
        let all = ["bench", "--quick", "--rivals", self.0.folder()];
        run(all.iter().chain(args))
    }

    fn report(&self, args: &[&str]) -> Value {
        let output = self.bench(&[&["--json"], args].concat());
        assert_eq!(output.status, Some(0), "{output:?}");
        assert_eq!(output.stderr, "");
        one(&output)
    }
}

/// The one object that was printed.
pub(crate) fn one(output: &Output) -> Value {
    let mut objects = output.json();
    assert_eq!(objects.len(), 1, "{output:?}");
    objects.remove(0)
}

pub(crate) fn rows<'a>(report: &'a Value, kind: &str) -> &'a [Value] {
    report[kind].as_array().unwrap()
}

/// The values of a field in all rows.
pub(crate) fn all<'a>(rows: &'a [Value], field: &str) -> BTreeSet<&'a str> {
    rows.iter()
        .map(|row| row[field].as_str().unwrap())
        .collect()
}

pub(crate) fn has_two_processors() -> bool {
    std::thread::available_parallelism().unwrap().get() > 1
}

#[test]
fn every_transport_is_measured_beside_its_raw_limit() {
    let report = Rivals::none().report(&[]);
    assert_eq!(report["schema"], "calc-ipc-bench/1");
    assert_eq!(report["settings"]["rounds"], 2);
    let latencies = rows(&report, "latencies");
    for placement in ["one_core", "two_cores", "anywhere"] {
        if placement == "two_cores" && !has_two_processors() {
            continue;
        }
        let here = latencies
            .iter()
            .filter(|row| row["placement"] == placement && row["size"] == 0 && row["batch"] == 1);
        let here: Vec<_> = here.cloned().collect();
        assert_eq!(all(&here, "transport"), TRANSPORTS.into(), "{placement}");
        for (family, waiting) in [
            ("calc_ipc", "adaptive"),
            ("calc_ipc", "blocking"),
            ("raw", "blocking"),
        ] {
            let count = here
                .iter()
                .filter(|row| row["family"] == family && row["waiting"] == waiting);
            assert_eq!(
                count.count(),
                TRANSPORTS.len(),
                "{placement} {family} {waiting}"
            );
        }
    }
    let throughputs = rows(&report, "throughputs");
    assert_eq!(
        all(throughputs, "transport"),
        ["fifo", "seqpacket", "shm", "tcp", "unix"].into()
    );
    for row in latencies {
        assert_latency(row);
    }
    for row in throughputs {
        assert!(row["calls_per_second"].as_f64().unwrap() > 0.0, "{row}");
    }
    if has_two_processors() {
        assert!(latencies.iter().any(|row| row["size"] == 64 << 10));
        assert!(latencies.iter().any(|row| row["batch"] == 512));
    } else {
        assert_eq!(report["skipped"][0]["name"], "two_cores");
    }
}

/// Figures that are in order, whatever they are.
fn assert_latency(row: &Value) {
    let names = ["min", "p50", "p90", "p99", "p999", "max"];
    let times = names.map(|name| row[name].as_u64().unwrap());
    assert!(times[1] > 0 && times.is_sorted(), "{row}");
    assert!(row["calls_per_second"].as_f64().unwrap() > 0.0, "{row}");
    assert!(row["client_cpu"].as_f64().unwrap() > 0.0, "{row}");
    let buckets = row["histogram"].as_array().unwrap();
    let counts = buckets
        .iter()
        .map(|bucket| bucket["count"].as_u64().unwrap());
    assert_eq!(
        counts.sum::<u64>(),
        row["samples"].as_u64().unwrap(),
        "{row}"
    );
    let is_ours = row["family"] == "calc_ipc";
    let is_small_or_one = row["transport"] != "shm" || row["batch"] == 1;
    assert_eq!(
        row["over_raw"].as_f64().is_some(),
        is_ours && is_small_or_one,
        "{row}"
    );
}

#[test]
fn transports_can_be_chosen() {
    let report = Rivals::none().report(&["--transports", "unix,shm"]);
    for kind in ["latencies", "throughputs"] {
        assert_eq!(
            all(rows(&report, kind), "transport"),
            ["shm", "unix"].into(),
            "{kind}"
        );
    }
}

#[test]
fn people_get_tables_and_a_page() {
    let names = Names::new();
    let page = names.path("page.html");
    let output =
        Rivals::none().bench(&["--transports", "pipe", "--report", page.to_str().unwrap()]);
    assert_eq!(output.status, Some(0), "{output:?}");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("<!") && page.contains("raw pipe"), "{page}");
    let text = &output.stdout;
    assert!(text.contains("\nADD i i+1, one core\n"), "{text}");
    let row = text.lines().find(|line| line.contains("calc_ipc pipe"));
    assert!(row.unwrap().contains(" us "), "{text}");
    assert!(!text.contains("shm"), "{text}");
}

/// Nothing is measured for a page that has no place.
#[test]
fn a_page_that_cannot_be_written_is_told_of_first() {
    let names = Names::new();
    let marker = names.path("measured");
    let rivals = Rivals::one(&format!("touch '{}'; exit 77", marker.display()));
    fs::write(names.path("file"), "").unwrap();
    for (page, why) in [
        ("missing/page.html", "there is no folder"),
        ("file/page.html", "is no folder"),
        ("", "it is a folder"),
    ] {
        let page = names.path(page);
        let page = page.to_str().unwrap();
        let output = rivals.bench(&["--transports", "pipe", "--report", page]);
        assert_eq!(output.status, Some(3), "{output:?}");
        assert_eq!(output.stdout, "", "measured");
        assert!(output.stderr.contains(why), "{output:?}");
        assert!(output.stderr.contains(page), "{output:?}");
        assert!(!marker.exists(), "measured: {output:?}");
    }
}

#[test]
fn a_program_of_another_library_takes_part() {
    let output = Rivals::of_ours().bench(&["--json", "--transports", "unix"]);
    let report = one(&output);
    let is_it = |row: &&Value| row["name"] == "Elsewhere";
    let row = rows(&report, "latencies").iter().find(is_it).unwrap();
    assert_eq!(
        (&row["family"], &row["placement"]),
        (&"rival".into(), &"one_core".into())
    );
    assert!(row["over_raw"].as_f64().unwrap() > 0.0, "{row}");
    assert!(rows(&report, "throughputs").iter().any(|row| is_it(&row)));
    // Its server is the calculator and echoes nothing, which is told, and ends nobody else's measurement.
    if has_two_processors() {
        assert_eq!(output.status, Some(3));
        assert!(
            output
                .stderr
                .contains("Elsewhere, blocking, client: ended with"),
            "{output:?}"
        );
    }
}

#[test]
fn what_cannot_run_here_is_skipped() {
    let report =
        Rivals::one("echo 'no such library' >&2; exit 77").report(&["--transports", "pipe"]);
    let skipped = rows(&report, "skipped");
    let expected = serde_json::json!({"name": "calc-ipc-rival-test", "why": "no such library"});
    assert!(skipped.contains(&expected), "{skipped:?}");
}

#[test]
fn a_contestant_that_dies_is_told_of_and_the_others_go_on() {
    let description =
        r#"{"name":"Mortal","family":"rival","transport":"pipe","waiting":"blocking"}"#;
    for (death, why) in [
        (
            "echo 'I am dead' >&2; exit 5",
            "ended with exit status: 5: I am dead",
        ),
        (
            "echo ready; read order; kill -KILL $$",
            "ended with signal: 9 (SIGKILL)",
        ),
        ("echo nonsense", "'nonsense' instead of 'ready'"),
    ] {
        let script = format!("case $1 in describe) echo '{description}';; client) {death};; esac");
        let output = Rivals::one(&script).bench(&["--json", "--transports", "pipe"]);
        assert_eq!(output.status, Some(3), "{output:?}");
        assert!(output.stderr.contains(why), "{output:?}");
        let report = one(&output);
        let latencies = rows(&report, "latencies");
        assert_eq!(all(latencies, "name"), ["calc_ipc pipe", "raw pipe"].into());
        let skipped = rows(&report, "skipped");
        assert!(
            skipped.iter().any(|skipped| skipped["name"] == "Mortal"),
            "{skipped:?}"
        );
    }
}

#[test]
fn a_folder_of_rivals_has_to_be_there() {
    let output = run(["bench", "--quick", "--rivals", "/nonexistent"]);
    assert_eq!(output.status, Some(3));
    assert!(
        output.stderr.contains("/nonexistent: No such file"),
        "{output:?}"
    );
}

#[test]
fn flags_that_make_no_sense_together() {
    for args in [
        &["--goals", "--transports", "unix"][..],
        &["--goals", "--report", "page.html"],
        &["--runs", "3"],
        &["--goals", "--runs", "0"],
        &["--transports", "carrier-pigeon"],
    ] {
        let output = run(["bench", "--quick"].iter().chain(args));
        assert_eq!(output.status, Some(2), "{args:?}: {output:?}");
    }
}

#[test]
fn a_signal_ends_it_and_nothing_is_left() {
    let mark = "rival is up";
    let description = r#"{"name":"Slow","family":"rival","transport":"pipe","waiting":"blocking"}"#;
    // It says so, and then nothing more: the benchmark waits when the signal comes.
    let script = format!(
        "case $1 in describe) echo '{description}';; client) echo \"$$ {mark}\" >\"${{0%/*}}/up\"; read line;; esac"
    );
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let rivals = Rivals::one(&script);
        let up = rivals.0.path("up");
        nix::unistd::mkfifo(&up, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let mut bench = calc_ipc(["bench", "--quick", "--rivals", rivals.0.folder()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _hangs = Alarm::set(&bench);
        let mut line = String::new();
        BufReader::new(fs::File::open(&up).unwrap())
            .read_line(&mut line)
            .unwrap();
        let rival: i32 = line.split(' ').next().unwrap().parse().unwrap();
        let number = bench.id();
        assert_ne!(left_in_memory(number), [""; 0]);
        kill(Pid::from_raw(i32::try_from(number).unwrap()), signal).unwrap();
        let errors = read_on_thread(bench.stderr.take().unwrap());
        assert_eq!(bench.wait().unwrap().code(), Some(3), "{signal}");
        assert_eq!(errors.join().unwrap(), "calc-ipc: interrupted\n");
        assert_eq!(left_in_memory(number), [""; 0]);
        // It was this benchmark's child, which has waited for it.
        assert_eq!(
            kill(Pid::from_raw(rival), None),
            Err(nix::errno::Errno::ESRCH)
        );
    }
}

/// What a benchmark has in /dev/shm.
pub(crate) fn left_in_memory(process: u32) -> Vec<String> {
    let prefix = format!("calc_ipc-bench-{process}-");
    let names = fs::read_dir("/dev/shm")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(&prefix)).collect()
}

#[test]
fn what_got_slower_is_told_beside_an_earlier_report() {
    let rivals = Rivals::none();
    let output = rivals.bench(&["--json", "--transports", "unix"]);
    let old = rivals.0.path("old.json");
    let [old, nowhere] =
        [old, rivals.0.path("nowhere")].map(|path| path.to_str().unwrap().to_owned());
    fs::write(&old, &output.stdout).unwrap();
    let output = rivals.bench(&["--transports", "unix", "--compare", &old]);
    assert_eq!(output.status, Some(0), "{output:?}");
    let compared = " measurements compared with those of calc_ipc";
    assert!(output.stdout.contains(compared), "{output:?}");
    assert!(!output.stdout.contains("\n0 measurements"), "{output:?}");

    fs::write(&old, "{}").unwrap();
    let output = rivals.bench(&["--compare", &old]);
    assert_eq!(output.status, Some(2), "{output:?}");
    assert_eq!(
        output.stdout, "",
        "nothing is measured that cannot be compared"
    );
    let output = rivals.bench(&["--compare", &nowhere]);
    assert_eq!(output.status, Some(3), "{output:?}");
}
