use super::*;
use crate::list;
use crate::plant::render;

/// `source` with a mutant of `genre` wherever `at` stands, one for each of `replacements`.
fn planted(source: &str, genre: Genre, at: &str, replacements: &[&str]) -> String {
    let before = source.split(at).next().unwrap();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    let span = list::Span {
        start: Position { line, column },
    };
    let mutant = |replacement: &&str| Mutant {
        name: String::new(),
        file: String::new(),
        genre,
        span,
        replacement: (*replacement).to_owned(),
    };
    let mutants: Vec<Mutant> = replacements.iter().map(mutant).collect();
    let numbered: Vec<_> = (1..).zip(&mutants).collect();
    let kept = HashSet::from(["kept".to_owned()]);
    let planted = render(source, &place(source, &numbered, &kept).unwrap()).0;
    syn::parse_file(&planted).unwrap();
    planted
}

#[test]
fn an_operator_is_another_for_each_mutant() {
    assert_eq!(
        planted(
            "fn f() { a as u8 > b }",
            Genre::BinaryOperator,
            ">",
            &["<", "=="]
        ),
        "fn f() { (if crate::planted::is(1) { (a as u8) < (b) } \
         else if crate::planted::is(2) { (a as u8) == (b) } else { a as u8 > b }) }"
    );
}

#[test]
fn an_operand_keeps_mutants_of_its_own() {
    let source = "fn f() { !(a && b) }";
    let mutant = |genre, column, replacement: &str| Mutant {
        name: String::new(),
        file: String::new(),
        genre,
        span: list::Span {
            start: Position { line: 1, column },
        },
        replacement: replacement.to_owned(),
    };
    let (not, and) = (
        mutant(Genre::UnaryOperator, 10, ""),
        mutant(Genre::BinaryOperator, 14, "||"),
    );
    let sites = place(source, &[(1, &and), (2, &not)], &HashSet::new()).unwrap();
    assert_eq!(
        render(source, &sites).0,
        "fn f() { (if crate::planted::is(2) { (a && b) } \
         else { !((if crate::planted::is(1) { (a) || (b) } else { a && b })) }) }"
    );
}

#[test]
fn a_chain_with_let_has_no_place() {
    let source = "fn f() { if let Some(a) = b && a {} }";
    assert_eq!(
        planted(source, Genre::BinaryOperator, "&&", &["||"]),
        source
    );
}

#[test]
fn a_function_returns_at_once() {
    assert_eq!(
        planted("fn f() -> u8 { a + b }", Genre::FnValue, "a +", &["0", "1"]),
        "fn f() -> u8 { if crate::planted::is(1) { return 0; } if crate::planted::is(2) { return 1; } a + b }"
    );
}

#[test]
fn an_arm_is_deleted_by_a_guard() {
    let source = "fn f() { match é { 1 | 2 => a, _ => b } }";
    let expected = "fn f() { match é { 1 | 2 if !crate::planted::is(1) => a, _ => b } }";
    assert_eq!(planted(source, Genre::MatchArm, "1 |", &[""]), expected);
}

#[test]
fn a_guard_is_replaced() {
    assert_eq!(
        planted(
            "fn f() { match a { b if c => d, _ => e } }",
            Genre::MatchArmGuard,
            "c =",
            &["true"]
        ),
        "fn f() { match a { b if (if crate::planted::is(1) { true } else { c }) => d, _ => e } }"
    );
}

#[test]
fn a_field_is_left_to_the_rest() {
    assert_eq!(
        planted(
            "fn f() { S { a: 1, b: 2, ..c } }",
            Genre::StructField,
            "a: 1",
            &[""]
        ),
        "fn f() { (if crate::planted::is(1) { S {  b: 2, ..c } } else { S { a: 1, b: 2, ..c } }) }"
    );
}

#[test]
fn a_constant_function_is_one_no_longer_unless_it_has_to_be() {
    assert_eq!(
        planted("const fn f() -> u8 { a }", Genre::FnValue, "a }", &["0"]),
        " fn f() -> u8 { if crate::planted::is(1) { return 0; } a }"
    );
    let kept = "const fn kept() -> u8 { a }";
    assert_eq!(planted(kept, Genre::FnValue, "a }", &["0"]), kept);
    let constant = "const A: u8 = 1 + 2;";
    assert_eq!(
        planted(constant, Genre::BinaryOperator, "+", &["-"]),
        constant
    );
}
