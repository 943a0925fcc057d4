//! A report as one page with plots, which needs nothing but a browser: no network, no other file.

use crate::bench::report::Report;

/// All up to the report.
const HEAD: &str = concat!(
    include_str!("../../assets/page.html"),
    "<style>\n",
    include_str!("../../assets/page.css"),
    "</style>\n</head>\n<body>\n<main>\n<noscript>The plots and tables need JavaScript; ",
    "the numbers are at the end of this file, as JSON.</noscript>\n</main>\n<script>\n",
    include_str!("../../assets/vendor/chart.umd.min.js"),
    "</script>\n<script id=\"report\" type=\"application/json\">",
);

/// All after it.
const TAIL: &str = concat!(
    "</script>\n<script>\n",
    include_str!("../../assets/data.js"),
    "</script>\n<script>\n",
    include_str!("../../assets/charts.js"),
    "</script>\n<script>\n",
    include_str!("../../assets/tables.js"),
    "</script>\n<script>\n",
    include_str!("../../assets/main.js"),
    "</script>\n</body>\n</html>\n",
);

/// The whole page.
pub(crate) fn render(report: &Report) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(report)?;
    // No name may end the script that it stands in: without `<` there is neither `</script>` nor
    // `<!--`, and inside of JSON's strings, where alone it occurs, the escape means the same.
    Ok([HEAD, &json.replace('<', "\\u003c"), TAIL].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::Skipped;

    fn report(name: &str) -> Report {
        let fixture = include_str!("../../tests/data/report.json");
        let mut report: Report = serde_json::from_str(fixture).unwrap();
        report.skipped = vec![Skipped {
            name: name.to_owned(),
            why: String::new(),
        }];
        report
    }

    /// What a browser takes for the report.
    fn embedded(page: &str) -> &str {
        let (_, rest) = page.split_once("type=\"application/json\">").unwrap();
        rest.split_once("</script").unwrap().0
    }

    #[test]
    fn no_name_breaks_out_of_the_script() {
        let hostile = "</script><script>alert(1)</script><!--<script>\u{2028}\"\\";
        let page = render(&report(hostile)).unwrap();
        let back: Report = serde_json::from_str(embedded(&page)).unwrap();
        assert_eq!(back.skipped[0].name, hostile);
        assert!(!embedded(&page).contains('<'));
    }

    #[test]
    fn the_page_asks_nobody_for_anything() {
        let page = render(&report("")).unwrap();
        for reference in [
            " src=",
            "<link",
            "@import",
            "url(",
            "fetch(",
            "XMLHttpRequest",
        ] {
            let found = page.find(reference).map(|at| &page[at..(at + 60)]);
            assert_eq!(found, None, "{reference}");
        }
    }
}
