//! What a lock file says: which process holds it, and which files it has made.
//!
//! It is text, a line for each thing and a last one, behind which something older may stand:
//!
//! ```text
//! calc_ipc lock 1
//! process 4242
//! name 64769:131:1764150000.123456789
//! end
//! ```

/// The first line, less the number of its version.
const TITLE: &str = "calc_ipc lock ";
const VERSION: &str = "1";
const PROCESS: &str = "process";
const END: &str = "end";

/// The files are known by what they are for, and told by their stamps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) process: Option<u32>,
    made: Vec<(String, String)>,
}

impl Record {
    /// `None` where something else stands than such servers write: the file is not theirs. An empty one is, as
    /// they make it, and so is that of another version, whose lines nobody here understands.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut record = Self::default();
        let mut lines = text.lines();
        let Some(first) = lines.next() else {
            return Some(record);
        };
        if first.strip_prefix(TITLE)? != VERSION {
            return Some(record);
        }
        for line in lines.take_while(|line| *line != END) {
            match line.split_once(' ') {
                Some((PROCESS, number)) => record.process = number.parse().ok(),
                Some((what, stamp)) => record.put(what, stamp),
                None => {}
            }
        }
        Some(record)
    }

    /// The one file of this purpose is the one with this stamp.
    pub(super) fn put(&mut self, what: &str, stamp: &str) {
        self.made.retain(|(made, _)| made != what);
        self.made.push((what.to_owned(), stamp.to_owned()));
    }

    /// Whether its holder made the file with this stamp.
    pub(super) fn has(&self, stamp: &str) -> bool {
        self.made.iter().any(|(_, made)| made == stamp)
    }

    /// Of the file with this stamp nothing is said any more; whether there was.
    pub(super) fn forget(&mut self, stamp: &str) -> bool {
        let before = self.made.len();
        self.made.retain(|(_, made)| made != stamp);
        self.made.len() < before
    }

    /// How many files.
    pub(super) fn len(&self) -> usize {
        self.made.len()
    }

    /// As it is written.
    pub(super) fn to_text(&self) -> String {
        let mut text = format!("{TITLE}{VERSION}\n");
        if let Some(process) = self.process {
            text.push_str(&format!("{PROCESS} {process}\n"));
        }
        for (what, stamp) in &self.made {
            text.push_str(&format!("{what} {stamp}\n"));
        }
        text + END + "\n"
    }
}

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_whatever_stands_behind_it() {
        let mut record = Record {
            process: Some(7),
            ..Record::default()
        };
        record.put("name", "1:2:3.000000004");
        record.put("hello", "1:5:-");
        record.put("name", "1:6:3.000000009");
        let text = record.to_text();
        for behind in ["", "name 9:9:9.0\nend\n", "e 9:9"] {
            let read = Record::parse(&(text.clone() + behind)).unwrap();
            assert_eq!(read, record);
        }
        assert!(record.has("1:5:-") && record.has("1:6:3.000000009"));
        assert!(!record.has("1:2:3.000000004") && record.len() == 2);
        assert!(record.forget("1:5:-") && !record.forget("1:5:-"));
        assert!(!record.has("1:5:-") && record.len() == 1);
    }

    #[test]
    fn what_others_write_is_theirs() {
        assert_eq!(Record::parse(""), Some(Record::default()));
        let other_version = "calc_ipc lock 2\nname 1:2:3\nend\n";
        assert_eq!(Record::parse(other_version), Some(Record::default()));
        for foreign in ["4242\n", "\n", "calc_ipc\n", "x calc_ipc lock 1\n"] {
            assert_eq!(Record::parse(foreign), None, "{foreign}");
        }
    }
}
