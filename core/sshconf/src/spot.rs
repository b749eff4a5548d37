//! Where in a file a line can go: candidates, the least disturbing first. Whether one takes effect is
//! found out by resolving.

use crate::block::{Block, BlockKind};
use crate::document::{Document, Line, LineKind};
use crate::edit::Scope;
use crate::reader;
use crate::{Dialect, Keyword};

/// A new line on its way into a file.
pub(crate) struct Addition<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) keyword: Keyword,
    pub(crate) value: &'a str,
    pub(crate) scope: &'a Scope,
}

/// A block's header and the line after its last one, counted from 0.
struct Span {
    block: Block,
    start: usize,
    end: usize,
}

/// What a new block's lines are indented with where nothing else is to go by.
const INDENTATION: &[u8] = b"    ";

impl Addition<'_> {
    /// The file's bytes with the new line, at each place where it could stand. `before` is a line
    /// (from 1) of this file that must not win.
    pub(crate) fn candidates(&self, document: &Document, before: Option<usize>) -> Vec<Vec<u8>> {
        match (self.scope, self.dialect) {
            (Scope::All, Dialect::Client) => self.for_all_client(document),
            (Scope::All, Dialect::Server) => self.for_all_server(document),
            (Scope::Host(_) | Scope::Match(_), _) => self.for_block(document, before),
        }
    }

    /// At the end, so that blocks for fewer hosts keep winning; at the very top if that is in vain.
    fn for_all_client(&self, document: &Document) -> Vec<Vec<u8>> {
        let spans = spans(document);
        let universal = spans.iter().rev().find(|span| is_universal(&span.block));
        let end = document.lines.len();
        let mut candidates = Vec::new();
        if spans.is_empty() {
            candidates.push(self.insert(document, end, self.line(b"", document)));
        } else if let Some(span) = universal {
            candidates.push(self.grown_block(document, span));
        } else {
            let header = if self.dialect == Dialect::Client { "Host *" } else { "Match all" };
            candidates.push(self.new_block(document, end, header));
        }
        candidates.push(self.insert(document, 0, self.line(b"", document)));
        candidates
    }

    /// Beside the commented default, at the end of the global part, at the very top.
    fn for_all_server(&self, document: &Document) -> Vec<Vec<u8>> {
        let spans = spans(document);
        let global = spans.first().map_or(document.lines.len(), |span| span.start);
        let end = self.above(document, global);
        let named = |line: &Line| self.commented_out(line) == Some(self.keyword);
        let comment = document.lines[..global].iter().rposition(named);
        let places = comment.map(|at| at + 1).into_iter().chain([end, 0]);
        places.map(|at| self.insert(document, at, self.line(b"", document))).collect()
    }

    /// In the block that is there, in a new one before what must not win, before the defaults for
    /// all, at the end, before all blocks, before everything.
    fn for_block(&self, document: &Document, before: Option<usize>) -> Vec<Vec<u8>> {
        let header = match self.scope {
            Scope::Host(patterns) => format!("Host {patterns}"),
            Scope::Match(criteria) => format!("Match {criteria}"),
            Scope::All => return Vec::new(),
        };
        let spans = spans(document);
        let own = spans.iter().filter(|span| is_scope(&span.block, self.scope));
        let mut candidates: Vec<_> = own.map(|span| self.grown_block(document, span)).collect();
        let holds = |line: usize| move |span: &&Span| (span.start..span.end).contains(&(line - 1));
        let winner = before.and_then(|line| spans.iter().find(holds(line)));
        let universal = spans.iter().find(|span| is_universal(&span.block));
        let end = document.lines.len();
        let places = [winner, universal].into_iter().map(|span| span.map(|span| span.start));
        let places = places.flatten().chain([end]).chain(spans.first().map(|span| span.start));
        for place in places {
            candidates.push(self.new_block(document, self.above(document, place), &header));
        }
        candidates.push(self.block_on_top(document, &header));
        candidates
    }

    /// Above the comments that stand directly over a line: they belong to it, unless they are
    /// settings that are commented out.
    fn above(&self, document: &Document, at: usize) -> usize {
        let own =
            |line: &&Line| *line.kind() == LineKind::Comment && self.commented_out(line).is_none();
        if at == document.lines.len() {
            return at;
        }
        at - document.lines[..at].iter().rev().take_while(own).count()
    }

    /// The keyword of `#Keyword value`, as shipped files show defaults.
    fn commented_out(&self, line: &Line) -> Option<Keyword> {
        if *line.kind() != LineKind::Comment {
            return None;
        }
        let text = String::from_utf8_lossy(line.bytes());
        let text = text.trim_start().strip_prefix('#')?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let close = text.starts_with(|letter: char| letter.is_ascii_alphabetic());
        Keyword::named(self.dialect, words.first()?).filter(|_| close && words.len() > 1)
    }

    fn line(&self, indentation: &[u8], document: &Document) -> Vec<u8> {
        let spelling = self.keyword.spelling(self.dialect);
        let text = format!("{spelling} {}", self.value);
        [indentation, text.as_bytes(), document.ending()].concat()
    }

    fn grown_block(&self, document: &Document, span: &Span) -> Vec<u8> {
        let inside = &document.lines[span.start + 1..span.end];
        let last = inside.iter().rposition(|line| matches!(line.kind(), LineKind::Setting { .. }));
        let indentation = match last {
            Some(last) => inside[last].indentation().to_vec(),
            None => INDENTATION.to_vec(),
        };
        let at = span.start + 1 + last.map_or(0, |last| last + 1);
        self.insert(document, at, self.line(&indentation, document))
    }

    /// A block of its own, set off by blank lines.
    fn new_block(&self, document: &Document, at: usize, header: &str) -> Vec<u8> {
        let ending = document.ending();
        let blank = |line: &Line| *line.kind() == LineKind::Blank;
        let gap_above = at > 0 && !document.lines.get(at - 1).is_some_and(blank);
        let gap_below = document.lines.get(at).is_some_and(|line| !blank(line));
        let text = [
            if gap_above { ending } else { b"" },
            header.as_bytes(),
            ending,
            &self.line(INDENTATION, document),
            if gap_below { ending } else { b"" },
        ];
        self.insert(document, at, text.concat())
    }

    /// A block above the global part, which goes on under `Match all`.
    fn block_on_top(&self, document: &Document, header: &str) -> Vec<u8> {
        let ending = document.ending();
        let line = self.line(INDENTATION, document);
        let text = [header.as_bytes(), ending, &line, ending, b"Match all", ending];
        self.insert(document, 0, text.concat())
    }

    fn insert(&self, document: &Document, at: usize, text: Vec<u8>) -> Vec<u8> {
        let (above, below) = document.lines.split_at(at);
        let mut bytes: Vec<u8> = above.iter().flat_map(|line| line.bytes().to_vec()).collect();
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            bytes.extend(document.ending());
        }
        bytes.extend(text);
        bytes.extend(below.iter().flat_map(|line| line.bytes().to_vec()));
        bytes
    }
}

fn spans(document: &Document) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (at, line) in document.lines.iter().enumerate() {
        if let Some(block) = reader::header(line, at + 1) {
            if let Some(last) = spans.last_mut() {
                last.end = at;
            }
            spans.push(Span { block, start: at, end: document.lines.len() });
        }
    }
    spans
}

/// Whether a block holds for everybody.
pub(crate) fn is_universal(block: &Block) -> bool {
    match block.kind {
        BlockKind::Host => block.condition.trim() == "*",
        BlockKind::Match => block.condition.trim().eq_ignore_ascii_case("all"),
    }
}

/// Whether a line in this block is in this scope.
pub(crate) fn is_in_scope(block: Option<&Block>, scope: &Scope) -> bool {
    match (block, scope) {
        (None, Scope::All) => true,
        (Some(block), Scope::All) => is_universal(block),
        (None, _) => false,
        (Some(block), scope) => is_scope(block, scope),
    }
}

fn is_scope(block: &Block, scope: &Scope) -> bool {
    let (kind, wanted) = match scope {
        Scope::All => return is_universal(block),
        Scope::Host(patterns) => (BlockKind::Host, patterns),
        Scope::Match(criteria) => (BlockKind::Match, criteria),
    };
    let same = block.condition.split_whitespace().eq(wanted.split_whitespace());
    block.kind == kind && same
}
