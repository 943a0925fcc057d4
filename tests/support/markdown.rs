//! Documents in Markdown, taken apart as far as tests compare them.

/// What a document consists of, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// A heading of this level.
    Heading(usize, String),
    /// A paragraph, or one point of a list.
    Text(String),
    /// The cells of a table, row by row, without the line under its head.
    Table(Vec<Vec<String>>),
    /// A block of code: its language, which is empty for one that is indented, and its text.
    Code(String, String),
}

/// Takes a document apart.
pub(crate) fn elements(document: &str) -> Vec<Element> {
    let mut elements = Vec::new();
    let mut lines = document.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        if let Some(language) = line.strip_prefix("```") {
            let code = lines.by_ref().take_while(|line| *line != "```");
            elements.push(Element::Code(language.to_owned(), text_of(code)));
        } else if level > 0 {
            let heading = line.trim_start_matches('#').trim();
            elements.push(Element::Heading(level, heading.to_owned()));
        } else {
            let kind = Kind::of(line);
            let mut together = vec![line];
            while let Some(line) = lines.next_if(|line| kind.goes_on_with(line)) {
                together.push(line);
            }
            elements.push(kind.element(&together));
        }
    }
    elements
}

/// What lines that belong together are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Table,
    Code,
    Text,
}

impl Kind {
    fn of(line: &str) -> Self {
        match line {
            _ if line.starts_with('|') => Self::Table,
            _ if line.starts_with("    ") => Self::Code,
            _ => Self::Text,
        }
    }

    /// Whether a line belongs to those before it.
    fn goes_on_with(self, line: &str) -> bool {
        let begins_another = ["#", "```", "- "].iter().any(|mark| line.starts_with(mark));
        let is_of_this_kind = match self {
            Self::Text => !line.starts_with('|'),
            Self::Table | Self::Code => Self::of(line) == self,
        };
        is_of_this_kind && !begins_another && !line.trim().is_empty()
    }

    fn element(self, lines: &[&str]) -> Element {
        match self {
            Self::Table => Element::Table(table(lines)),
            Self::Code => Element::Code(String::new(), text_of(lines.iter().copied())),
            Self::Text => Element::Text(text_of(lines.iter().copied())),
        }
    }
}

fn table(lines: &[&str]) -> Vec<Vec<String>> {
    let is_rule = |line: &&str| line.chars().all(|letter| "|-: ".contains(letter));
    let rows = lines.iter().filter(|line| !is_rule(line));
    let cells = |row: &str| -> Vec<String> {
        let inside = row.trim().trim_start_matches('|').trim_end_matches('|');
        inside
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    rows.map(|row| cells(row)).collect()
}

fn text_of<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// What stands between backticks in text.
pub(crate) fn code_in(text: &str) -> Vec<String> {
    let spans = text.split('`').skip(1).step_by(2);
    spans.map(|span| span.replace('\n', " ")).collect()
}

/// The text without what stands between backticks, nor the targets of links.
fn words_of(text: &str) -> String {
    let words: String = text.split('`').step_by(2).collect();
    let mut parts = words.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once(')').map_or("", |(_, rest)| rest));
    std::iter::once(first.as_str())
        .chain(rest)
        .collect::<Vec<_>>()
        .join("]")
}

/// The figures in text, as `10`, `0.18` or `1,734,000`.
pub(crate) fn figures_in(text: &str) -> Vec<String> {
    let words = words_of(text);
    let runs = words.split(|letter: char| !letter.is_ascii_digit() && !".,".contains(letter));
    let figures = runs.map(|run| run.trim_matches(['.', ',']));
    figures
        .filter(|run| !run.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Where the links in text go.
pub(crate) fn links_in(text: &str) -> Vec<String> {
    let parts = text.split("](").skip(1);
    let targets = parts.filter_map(|part| Some(part.split_once(')')?.0));
    targets.map(str::to_owned).collect()
}

/// The name of a heading in links, as GitHub makes it.
pub(crate) fn anchor_of(heading: &str) -> String {
    let letters = heading.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ => letter.is_alphanumeric().then_some(letter),
    });
    letters.collect::<String>().to_lowercase()
}
