//! What the fuzz targets in `fuzz/` run, where it takes more than the public interface. It is built
//! for them and for tests only; the tests run it over their corpus.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a panic is how a finding shows"
)]

/// Any stream, in any pieces, gives the frames that it consists of.
pub fn frames(input: &[u8]) {
    super::conversation::inbox::fuzz::check(input);
}

/// Whatever a client writes to its memory, the server answers what is a request and ends what is none.
pub fn slot(input: &[u8]) {
    super::shm::server::fuzz::check(input);
}

/// Numbers taken off the front of an input; zeros when it is used up.
pub(super) struct Steps<'a>(pub(super) &'a [u8]);

impl<'a> Steps<'a> {
    pub(super) fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    pub(super) fn word(&mut self) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// As many bytes as the next one says, as far as there are any.
    pub(super) fn bytes(&mut self) -> &'a [u8] {
        let count = usize::from(self.byte()).min(self.0.len());
        self.0.split_off(..count).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    /// Runs a target over its corpus, and over every start of each input.
    fn run(target: &str, check: fn(&[u8])) {
        let folder = format!("{}/fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
        let mut count = 0;
        for file in fs::read_dir(folder).unwrap() {
            let input = fs::read(file.unwrap().path()).unwrap();
            (0..=input.len()).for_each(|end| check(&input[..end]));
            count += 1;
        }
        assert!(count >= 20, "{count} files");
    }

    #[test]
    fn frames_of_the_corpus() {
        run("frames", super::frames);
    }

    #[test]
    fn slots_of_the_corpus() {
        run("slot", super::slot);
    }
}
