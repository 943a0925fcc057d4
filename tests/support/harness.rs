//! Runs the tests of programs without a test harness: they execute themselves, and then speak through their standard output.

/// A test, and what it is called.
pub type Named<'a> = (String, Box<dyn Fn() + 'a>);

/// As the usual harness does it, as far as names go: those that contain the first argument without a dash.
#[expect(clippy::print_stdout, reason = "that is what a harness prints to")]
pub fn run_tests<'a>(tests: impl IntoIterator<Item = Named<'a>>) {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let wanted = words.iter().find(|word| !word.starts_with('-'));
    let has = |option: &str| words.iter().any(|word| word == option);
    if has("--ignored") {
        return;
    }
    for (name, test) in tests {
        if wanted.is_some_and(|wanted| !name.contains(wanted)) {
            continue;
        }
        if has("--list") {
            println!("{name}: test");
            continue;
        }
        test(); // A panic ends the program, with a status of its own.
        println!("test {name} ... ok");
    }
}
