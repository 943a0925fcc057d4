//! Where in a file its mutants go, and what is written there.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use anyhow::{Context, Result};
use proc_macro2::{LineColumn, Span};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::list::{Genre, Mutant, Position};

/// What a place in the source becomes.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Kind {
    /// Before the body of a function: return something else at once.
    Return,
    /// An expression that is another one for each mutant.
    Instead,
    /// After the pattern of a match arm: a guard.
    Guard,
    /// Left out: the `const` of a function, since a switch is read as the program runs.
    Gone,
}

/// A place, in bytes of the source, and the text of each mutant there, by its number.
#[derive(Debug)]
pub struct Site {
    pub range: Range<usize>,
    /// Where an error may be that comes from here: the function of a body, the match of an arm.
    pub scope: Range<usize>,
    pub kind: Kind,
    pub texts: Vec<(usize, String)>,
}

/// Finds the places of `mutants` (with their numbers), outermost first. Functions named in `kept_const` stay `const`,
/// and hold no mutants. What has no place is left out.
pub fn place(
    source: &str,
    mutants: &[(usize, &Mutant)],
    kept_const: &HashSet<String>,
) -> Result<Vec<Site>> {
    let file = syn::parse_file(source).context("syntax")?;
    let mut wanted: HashMap<(Genre, Position), Vec<(usize, String)>> = HashMap::new();
    for (number, mutant) in mutants {
        let text = (*number, mutant.replacement.clone());
        wanted
            .entry((mutant.genre, mutant.span.start))
            .or_default()
            .push(text);
    }
    let mut placer = Placer {
        source,
        wanted,
        kept_const,
        constant: false,
        sites: Vec::new(),
    };
    placer.visit_file(&file);
    let mut sites = placer.sites;
    // Stable: of two with the same range, the one that was visited first is the outer one.
    sites.sort_by_key(|site| {
        let length = site.range.len();
        (site.range.start, length != 0, usize::MAX - length)
    });
    Ok(sites)
}

struct Placer<'a> {
    source: &'a str,
    wanted: HashMap<(Genre, Position), Vec<(usize, String)>>,
    kept_const: &'a HashSet<String>,
    /// Within what the compiler computes.
    constant: bool,
    sites: Vec<Site>,
}

impl Placer<'_> {
    /// The mutants that begin at `span`.
    fn take(&mut self, genre: Genre, span: Span) -> Vec<(usize, String)> {
        if self.constant {
            return Vec::new();
        }
        self.wanted
            .remove(&(genre, position(span.start())))
            .unwrap_or_default()
    }

    fn text(&self, span: Span) -> &str {
        self.source.get(span.byte_range()).unwrap_or_default()
    }

    fn instead(&mut self, expression: Span, texts: Vec<(usize, String)>) {
        self.add(expression.byte_range(), expression, Kind::Instead, texts);
    }

    fn add(&mut self, range: Range<usize>, scope: Span, kind: Kind, texts: Vec<(usize, String)>) {
        if !texts.is_empty() {
            self.sites.push(Site {
                range,
                scope: scope.byte_range(),
                kind,
                texts,
            });
        }
    }

    fn function(
        &mut self,
        signature: &syn::Signature,
        body: &syn::Block,
        inner: impl FnOnce(&mut Self),
    ) {
        let scope = signature.span().join(body.span()).unwrap_or(body.span());
        let kept =
            signature.constness.is_some() && self.kept_const.contains(&signature.ident.to_string());
        let outside = std::mem::replace(&mut self.constant, kept);
        let before = self.sites.len();
        if let Some(first) = body.stmts.first() {
            let start = first.span().byte_range().start;
            let texts = self.take(Genre::FnValue, first.span());
            self.add(start..start, scope, Kind::Return, texts);
        }
        inner(self);
        if let Some(constness) = signature.constness
            && self.sites.len() > before
        {
            let range = constness.span.byte_range();
            self.sites.push(Site {
                scope: range.clone(),
                range,
                kind: Kind::Gone,
                texts: Vec::new(),
            });
        }
        self.constant = outside;
    }

    fn constant(&mut self, inner: impl FnOnce(&mut Self)) {
        let outside = std::mem::replace(&mut self.constant, true);
        inner(self);
        self.constant = outside;
    }

    fn arm(&mut self, whole: Span, arm: &syn::Arm) {
        let end = arm.pat.span().byte_range().end;
        let deleted = self.take(Genre::MatchArm, arm.span());
        self.add(end..end, whole, Kind::Guard, deleted);
        if let Some((_, guard)) = &arm.guard {
            let texts = self.take(Genre::MatchArmGuard, guard.span());
            self.instead(guard.span(), texts);
        }
    }

    /// The literal `whole` without `field`.
    fn without(&self, whole: Span, field: &syn::FieldValue, comma: Option<Span>) -> String {
        let all = whole.byte_range();
        let start = field.span().byte_range().start;
        let end = comma.unwrap_or(field.span()).byte_range().end;
        let part = |range: Range<usize>| self.source.get(range).unwrap_or_default();
        format!("{}{}", part(all.start..start), part(end..all.end))
    }
}

impl<'ast> Visit<'ast> for Placer<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block, |placer| {
            visit::visit_item_fn(placer, item)
        });
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block, |placer| {
            visit::visit_impl_item_fn(placer, item)
        });
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig, body, |placer| {
                visit::visit_trait_item_fn(placer, item)
            });
        }
    }

    fn visit_expr_binary(&mut self, whole: &'ast syn::ExprBinary) {
        if !has_let(&whole.left) && !has_let(&whole.right) {
            let (left, right) = (
                self.text(whole.left.span()).to_owned(),
                self.text(whole.right.span()).to_owned(),
            );
            let texts = self.take(Genre::BinaryOperator, whole.op.span());
            let texts = texts
                .into_iter()
                .map(|(number, op)| (number, format!("({left}) {op} ({right})")))
                .collect();
            self.instead(whole.span(), texts);
        }
        visit::visit_expr_binary(self, whole);
    }

    fn visit_expr_unary(&mut self, whole: &'ast syn::ExprUnary) {
        let operand = self.text(whole.expr.span()).to_owned();
        let texts = self.take(Genre::UnaryOperator, whole.op.span());
        let texts = texts
            .into_iter()
            .map(|(number, _)| (number, operand.clone()))
            .collect();
        self.instead(whole.span(), texts);
        visit::visit_expr_unary(self, whole);
    }

    fn visit_expr_match(&mut self, whole: &'ast syn::ExprMatch) {
        for arm in &whole.arms {
            self.arm(whole.span(), arm);
        }
        visit::visit_expr_match(self, whole);
    }

    fn visit_expr_struct(&mut self, whole: &'ast syn::ExprStruct) {
        let mut texts = Vec::new();
        for pair in whole.fields.pairs() {
            let taken = self.take(Genre::StructField, pair.value().span());
            let text = self.without(
                whole.span(),
                pair.value(),
                pair.punct().map(|comma| comma.span()),
            );
            texts.extend(taken.into_iter().map(|(number, _)| (number, text.clone())));
        }
        self.instead(whole.span(), texts);
        visit::visit_expr_struct(self, whole);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.constant(|placer| visit::visit_item_const(placer, item));
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.constant(|placer| visit::visit_item_static(placer, item));
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.constant(|placer| visit::visit_impl_item_const(placer, item));
    }

    fn visit_trait_item_const(&mut self, item: &'ast syn::TraitItemConst) {
        self.constant(|placer| visit::visit_trait_item_const(placer, item));
    }

    fn visit_expr_const(&mut self, block: &'ast syn::ExprConst) {
        self.constant(|placer| visit::visit_expr_const(placer, block));
    }

    fn visit_expr_repeat(&mut self, array: &'ast syn::ExprRepeat) {
        self.visit_expr(&array.expr);
        self.constant(|placer| placer.visit_expr(&array.len));
    }

    fn visit_type(&mut self, ty: &'ast syn::Type) {
        self.constant(|placer| visit::visit_type(placer, ty));
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.constant(|placer| visit::visit_variant(placer, variant));
    }

    fn visit_pat(&mut self, pattern: &'ast syn::Pat) {
        self.constant(|placer| visit::visit_pat(placer, pattern));
    }

    fn visit_generic_argument(&mut self, argument: &'ast syn::GenericArgument) {
        self.constant(|placer| visit::visit_generic_argument(placer, argument));
    }
}

/// Is this part of a chain with `let`, which cannot be put into parentheses?
fn has_let(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

fn position(at: LineColumn) -> Position {
    Position {
        line: at.line,
        column: at.column + 1,
    }
}

#[cfg(test)]
mod tests;
