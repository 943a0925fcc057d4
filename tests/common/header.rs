//! The functions that the committed header declares.

/// The committed header.
pub const TEXT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/include/calc_ipc.h"));

/// A declaration.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Everything before its name.
    pub returns: &'static str,
    /// Its parameters' names.
    pub parameters: Vec<&'static str>,
    /// The comment above it, empty if there is none.
    pub comment: &'static str,
}

/// Every function, in the header's order.
pub fn functions() -> Vec<Function> {
    let mut functions = Vec::new();
    let mut rest = TEXT;
    while let Some((before, after)) = rest.split_once("\nCALC_IPC_API") {
        let (declaration, after) = after.split_once(';').expect("a declaration ends");
        functions.push(function(declaration, comment_at_end(before)));
        rest = after;
    }
    assert!(functions.len() > 20, "{} functions", functions.len());
    functions
}

fn function(declaration: &'static str, comment: &'static str) -> Function {
    let (start, parameters) = declaration.split_once('(').expect("parameters");
    let at = start.rfind("calc_ipc_").expect("a name");
    let (returns, name) = start.split_at(at);
    Function {
        name,
        returns: returns.trim(),
        parameters: parameters
            .trim_end_matches(')')
            .split(',')
            .filter(|parameter| *parameter != "void")
            .map(last_word)
            .collect(),
        comment,
    }
}

/// The comment that `text` ends with.
fn comment_at_end(text: &'static str) -> &'static str {
    let starts = text.ends_with("*/").then(|| text.rfind("/**")).flatten();
    starts.and_then(|at| text.get(at..)).unwrap_or_default()
}

fn last_word(text: &'static str) -> &'static str {
    let end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    text.rsplit(end).next().expect("a name")
}
