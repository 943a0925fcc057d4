//! Which file a program's name means.

use std::env;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::{self, Path, PathBuf};

/// What the name of a program ends in, unless it says otherwise.
const USUAL: &str = "exe";
/// These are run by a command interpreter, which takes apart what it is given by rules of its own, so that no argument
/// is safe.
const OF_AN_INTERPRETER: [&str; 2] = [".bat", ".cmd"];

/// The file of a program: a path, or a name to be found along the PATH. The current folder is none of those that are looked
/// through, unless the PATH names it.
pub(super) fn find(name: &OsStr) -> io::Result<PathBuf> {
    let path = with_extension(Path::new(name));
    if is_of_an_interpreter(&path) {
        let context = "a batch file is no program that can be given arguments safely";
        return Err(io::Error::new(ErrorKind::InvalidInput, context));
    }
    if path.components().nth(1).is_some() {
        return Ok(path);
    }
    env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .filter(|folder| !folder.as_os_str().is_empty())
        .map(|folder| folder.join(&path))
        .find(|file| file.is_file())
        .ok_or_else(|| ErrorKind::NotFound.into())
}

/// Whether the file is run by a command interpreter, which the system decides by the end of the path as it understands it: without
/// steps back, and without dots and blanks at its end (CVE-2024-43402).
fn is_of_an_interpreter(path: &Path) -> bool {
    let whole = path::absolute(path).unwrap_or_else(|_| path.into());
    let text = whole.to_string_lossy().to_ascii_lowercase();
    let end = text.trim_end_matches(['.', ' ', '\\', '/']);
    OF_AN_INTERPRETER.iter().any(|other| end.ends_with(other))
}

/// The same, with the extension of programs if it has none and is no file without one.
fn with_extension(path: &Path) -> PathBuf {
    match path.extension().is_some() || path.is_file() {
        true => path.into(),
        false => path.with_extension(USUAL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_and_a_name_is_looked_for() {
        for (name, path) in [
            (r"C:\none\x", r"C:\none\x.exe"),
            ("./x", "./x.exe"),
            (r"dir\x.com", r"dir\x.com"),
        ] {
            assert_eq!(find(name.as_ref()).unwrap(), Path::new(path));
        }
        let found = find("cmd.exe".as_ref()).unwrap();
        assert!(found.is_absolute() && found.is_file(), "{found:?}");
        let error = find("no-such-program-anywhere".as_ref()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn batch_files_are_no_programs() {
        for name in [
            "x.bat",
            r"C:\x.CMD",
            "x.bat.",
            "x.cmd ",
            r"C:\x.bat. .",
            r"C:\x.bat\",
            r".\x.cmd\.",
            r"C:\x.bat\y.exe\..",
            r"\\?\C:\x.bat",
        ] {
            let error = find(name.as_ref()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
        }
    }
}
